"""Checks of frames, rekeys and channels, each taken away."""

from __future__ import annotations

from .mutation import Mutation

__all__ = ["MUTATIONS"]

_CRYPTO, _CORE = "peer/crypto", "peer/core"
_FRAMES = ("tests/security/test_link_attacks.py", "tests/peer/crypto/test_link_cipher.py")
_REKEY = ("tests/security/test_rekey_attacks.py", "tests/peer/crypto/test_rekey.py")
_EPOCHS = ("tests/security/test_rekey_attacks.py", "tests/peer/core/test_epochs.py")
_FLOODS = ("tests/security/test_log_attacks.py",)
_LOBBY = ("tests/security/test_lobby_attacks.py", "tests/peer/core/test_lobby.py")
_CHANNEL = ("tests/peer/core/test_channel.py",)

MUTATIONS = (
    # frames
    Mutation("replay window not marked", _CRYPTO, {"        self._mark_seen(counter)\n": ""}, _FRAMES),
    Mutation(
        "replay window marked before the tag is checked",
        _CRYPTO,
        {
            "        self._check_counter(counter)\n": "        self._check_counter(counter)\n"
            "        self._mark_seen(counter)\n",
            '            raise BadCiphertext("the tag of a frame does not fit") from None\n'
            "        self._mark_seen(counter)\n": '            raise BadCiphertext("") from None\n',
        },
        _FRAMES,
    ),
    Mutation("frame older than the window accepted", _CRYPTO, {"(age >= WINDOW or ": "("}, _FRAMES),
    Mutation(
        "counter beyond the last one accepted", _CRYPTO, {"if counter >= self._max_frames:": "if False:"}, _FRAMES
    ),
    Mutation(
        "key seals on after its last counter",
        _CRYPTO,
        {"if self._next_counter >= self._max_frames:": "if False:"},
        (*_FRAMES, *_EPOCHS),
    ),
    Mutation("counter stands still", _CRYPTO, {"        self._next_counter += 1\n": ""}, _FRAMES),
    Mutation(
        "nonce is constant",
        _CRYPTO,
        {
            "nonce = _NONCE_HEAD + frame[2:_HEADER_BYTES]": "nonce = bytes(12)",
            "self._send.encrypt(_NONCE_HEAD + counter, ": "self._send.encrypt(bytes(12), ",
        },
        _FRAMES,
    ),
    Mutation(
        "header of a frame left out of the associated data",
        _CRYPTO,
        {
            "counter, plaintext, header)": 'counter, plaintext, b"")',
            "frame[_HEADER_BYTES:], frame[:_HEADER_BYTES])": 'frame[_HEADER_BYTES:], b"")',
        },
        (*_FRAMES, "tests/peer/crypto/test_link_vectors.py"),
    ),
    # rekeys
    Mutation(
        "rekey by another identity accepted", _CRYPTO, {"if remote != self._current.remote:": "if False:"}, _REKEY
    ),
    Mutation("rekey without PSK", _CRYPTO, {"psk=before.key(labels.REKEY_EXPORT)": "psk=bytes(32)"}, _REKEY),
    Mutation(
        "rekey not bound to the session before",
        _CRYPTO,
        {"labels.REKEY_PROLOGUE, before.handshake_hash, number": "labels.REKEY_PROLOGUE, number"},
        _REKEY,
    ),
    Mutation(
        "rekey starts from the first session for ever",
        _CRYPTO,
        {"        self._current = established\n        self.epoch": "        self.epoch"},
        _REKEY,
    ),
    Mutation(
        "rekey begun by who answered the link", _CRYPTO, {"        if self.leads:\n": "        if False:\n"}, _REKEY
    ),
    Mutation(
        "new keys confirmed under the old ones",
        _CRYPTO,
        {"if message != _CONFIRMATION or self.cipher(EVENTS).hears_old_epoch:": "if message != _CONFIRMATION:"},
        _REKEY,
    ),
    Mutation("confirmation not read", _CRYPTO, {"if message != _CONFIRMATION or self": "if self"}, _REKEY),
    Mutation(
        "old receive key kept after the first new frame",
        _CRYPTO,
        {"            self._old = None\n            return plaintext": "            return plaintext"},
        (*_REKEY, *_FRAMES),
    ),
    Mutation(
        "old receive key of the ordered channel kept after message 3",
        _CRYPTO,
        {"        self.cipher(EVENTS).forget_old_epoch()\n": ""},
        _REKEY,
    ),
    Mutation(
        "old receive key never forgotten by time",
        _CORE,
        {"            self._keys.forget_old_epoch()\n": ""},
        _EPOCHS,
    ),
    Mutation("epoch age not checked", _CORE, {"if now >= self._too_old_at:": "if False:"}, _EPOCHS),
    Mutation(
        "keys never renewed by time",
        _CORE,
        {"self._renew_at = now + max(": "self._renew_at = 1e9 + max("},
        _EPOCHS,
    ),
    Mutation(
        "keys never renewed by frames",
        _CORE,
        {"self._frames >= self._config.rekey_after_frames or ": ""},
        _EPOCHS,
    ),
    Mutation(
        "keys never renewed by bytes",
        _CORE,
        {" or self._bytes >= self._config.rekey_after_bytes": ""},
        _EPOCHS,
    ),
    # channels
    Mutation(
        "refused frame does not end the link",
        _CORE,
        {"if channel is not Channel.EPHEMERAL:\n                self.close(": "if False:\n                self.close("},
        _CHANNEL,
    ),
    Mutation(
        "another fingerprint believed later",
        _CORE,
        {"self._fingerprints = self._fingerprints or fingerprints": "self._fingerprints = fingerprints"},
        _CHANNEL,
    ),
    Mutation(
        "link handed over to another identity",
        _CORE,
        {"contact.identity in (None, member) and ": ""},
        ("tests/network/test_hostile.py", "tests/peer/core/test_links.py"),
    ),
    Mutation(
        "words before the introduction delivered",
        _CORE,
        {"elif not self._is_heard_early(frame):": "elif False:"},
        ("tests/network/test_hostile.py", *_CHANNEL),
    ),
    Mutation(
        "introduction in the lobby delivered",
        _CORE,
        {"not (self.remote and self._door.admits(self.remote))": "False"},
        (*_LOBBY, *_CHANNEL),
    ),
    Mutation(
        "frame of one channel heard on another",
        _CORE,
        {"if channel is not _channel_of(frame):": "if False:"},
        ("tests/network/test_hostile.py", *_CHANNEL),
    ),
    # the lobby
    Mutation(
        "strangers let out of the lobby",
        _CORE,
        {"entry.exchange.is_settled and membership.admits(entry.remote)": "entry.exchange.is_settled"},
        _LOBBY,
    ),
    Mutation(
        "member greeted before the control logs are level",
        _CORE,
        {"entry.exchange.is_settled and membership.admits(entry.remote)": "membership.admits(entry.remote)"},
        _LOBBY,
    ),
    Mutation(
        "link of a removed member lives on",
        _CORE,
        {"if membership.is_barred(entry.remote) or (entry.is_greeted and": "if False and (entry.is_greeted and"},
        _LOBBY,
    ),
    Mutation(
        "removed identity let into the lobby",
        _CORE,
        {"return member != self.me and not self.is_barred(member)": "return member != self.me"},
        (*_LOBBY, "tests/peer/core/test_membership.py"),
    ),
    Mutation(
        "invite presented to strangers",
        _CORE,
        {"entry.exchange.is_settled and self._membership.is_member(entry.remote)": "entry.exchange.is_settled"},
        _LOBBY,
    ),
    Mutation(
        "stranger vouches for the time of a join",
        _CORE,
        {"now_ms=now_ms, is_vouched=is_vouched": "now_ms=now_ms"},
        (*_LOBBY, "tests/peer/core/test_membership.py"),
    ),
    Mutation(
        "ghost waits in the lobby for ever",
        _CORE,
        {"entry.since + self._config.lobby_timeout_s": "entry.since + 1e9"},
        _LOBBY,
    ),
    Mutation("lobby without bound", _CORE, {"if len(waiting) > self._config.max_lobby_peers:": "if False:"}, _LOBBY),
    Mutation(
        "control frames without bound",
        _CORE,
        {"if not entry.frames.spend(": "if False and not entry.frames.spend("},
        _LOBBY,
    ),
    Mutation(
        "control events without bound",
        _CORE,
        {"if not entry.events.spend(": "if False and not entry.events.spend("},
        _LOBBY,
    ),
    Mutation(
        "stranger brings identities that it made up",
        _CORE,
        {"if self.are_we_in and not is_vouched:": "if False:"},
        _FLOODS,
    ),
    Mutation("newcomers let in without an end", _CORE, {"if due and left == 0:": "if False:"}, _FLOODS),
    Mutation(
        "proof of two faces kept for oneself",
        _CORE,
        {"list(intake.news),": "[event.encoded for event in intake.accepted],"},
        _FLOODS,
    ),
    Mutation("logs never compared again", _CORE, {"return present[self._draw(len(present))]": "return None"}, _FLOODS),
    Mutation("link that the removed knows is left open", _CORE, {"told += self._rotate()": "pass"}, _FLOODS),
    Mutation(
        "expired link is left to the clocks",
        _CORE,
        {"told += self._write(self._ends())": "pass"},
        (*_FLOODS, "tests/peer/core/test_chores.py"),
    ),
    Mutation(
        "answer of any length at once",
        _CORE,
        {"while self._rest and (self._credit or self._rest[0].is_last):": "while self._rest:"},
        ("tests/peer/core/test_exchange.py",),
    ),
    Mutation(
        "whole log as often as a stranger asks",
        _CORE,
        {"if not is_full or entry.full_answers.spend(now=now):": "if True:"},
        _LOBBY,
    ),
    Mutation(
        "rekeys without a pause",
        _CORE,
        {"if not self._keys.is_busy and now < self._not_before:": "if False:"},
        ("tests/security/test_rekey_attacks.py",),
    ),
    Mutation(
        "two fingerprints in one description accepted",
        "peer/rtc",
        {'digest = digests.pop() if len(digests) == 1 else ""': "digest = digests.pop()"},
        ("tests/peer/rtc/test_sdp.py",),
    ),
)
