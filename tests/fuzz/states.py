"""Every state of a handshake and of a rekey, each with a genuine next frame, as targets that take any bytes.

A finding is any error but HandshakeFailed, a frame that is taken though it is not the genuine one, and anything that
has grown. States are made anew for each input from frames that were recorded once, so many inputs take little time.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from peer.crypto.exchange import SUITES, Established, OneTry
from peer.crypto.handshake import Handshake
from peer.crypto.rekey import EVENTS, LinkKeys
from peer.errors import HandshakeFailed

from ..peer.crypto.key_pair import KeyPair
from ..peer.crypto.link_pair import ANNA, BODO, Chance, Pair, initiator, responder
from .decoders import Target

__all__ = ["STATES"]

_Make = Callable[[], OneTry]


def _handshakes(suite: int) -> dict[str, Target]:
    """The five states of both sides."""
    pair = Pair.of_suite(suite).run()
    hello_i, hello_r, message_1, message_2, message_3 = pair.frames

    def left(*heard: bytes) -> _Make:
        return lambda: _after(initiator(suites=(suite,)), heard)

    def right(*heard: bytes) -> _Make:
        return lambda: _after(responder(suites=(suite,)), heard)

    return {
        f"suite {suite}: initiator awaits hello": _hello_target(left(), hello_r, suite),
        f"suite {suite}: initiator awaits message 2": _target(left(hello_r), message_2),
        f"suite {suite}: responder awaits hello": _hello_target(right(), hello_i, suite),
        f"suite {suite}: responder awaits message 1": _target(right(hello_i), message_1),
        f"suite {suite}: responder awaits message 3": _target(right(hello_i, message_1), message_3),
    }


def _after(handshake: Handshake, heard: tuple[bytes, ...]) -> Handshake:
    handshake.start()
    for frame in heard:
        handshake.receive(frame)
    return handshake


def _target(make: _Make, genuine: bytes) -> Target:
    def run(data: bytes) -> None:
        if data != genuine:
            _refuses(make(), data)

    return Target(run, (genuine, genuine[:1]))


def _hello_target(make: _Make, genuine: bytes, suite: int) -> Target:
    """A hello may name any suites; one that names ours is taken, and makes another prologue."""

    def run(data: bytes) -> None:
        names_ours = data.startswith(genuine[:-1]) and len(data) <= 64 and suite in data[len(genuine) - 1 :]
        if names_ours:
            make().receive(data)
        else:
            _refuses(make(), data)

    return Target(run, (genuine,))


def _refuses(side: OneTry, data: bytes) -> None:
    before = len(vars(side))
    for frame in (data, data):
        try:
            side.receive(frame)
        except HandshakeFailed:
            continue
        raise AssertionError(f"taken: {data.hex()}")
    assert side.established is None
    assert len(vars(side)) == before


# ---- rekeys


def _fresh(established: Established, *, left: bool) -> LinkKeys:
    identity, chance = (ANNA, Chance(b"left keys")) if left else (BODO, Chance(b"right keys"))
    return LinkKeys(replace(established, _taken=set()), identity=identity, random_bytes=chance)


def _rekeys(suite: int) -> dict[str, Target]:
    """At rest, and awaiting each message; what is fed is the plaintext of a frame."""
    pair = KeyPair(suite)
    ends = vars(pair.left)["_current"], vars(pair.right)["_current"]
    plain = [pair.right.cipher(EVENTS).open(frame := pair.left.start()[0])]
    (message_2,) = pair.right.receive(plain[0])
    plain.append(pair.left.cipher(EVENTS).open(message_2))
    (message_3,) = pair.left.receive(plain[1])
    plain.append(pair.right.cipher(EVENTS).open(message_3))
    assert frame

    def left(*heard: bytes) -> Callable[[], LinkKeys]:
        def make() -> LinkKeys:
            keys = _fresh(ends[0], left=True)
            keys.start()
            for message in heard:
                keys.receive(message)
            return keys

        return make

    def awaits_3() -> LinkKeys:
        keys = _fresh(ends[1], left=False)
        keys.receive(plain[0])
        return keys

    return {
        f"rekey of suite {suite}: offerer at rest": _rekey_target(lambda: _fresh(ends[0], left=True), b"\x04"),
        f"rekey of suite {suite}: answerer at rest": _rekey_target(lambda: _fresh(ends[1], left=False), plain[0]),
        f"rekey of suite {suite}: offerer awaits message 2": _rekey_target(left(), plain[1]),
        f"rekey of suite {suite}: answerer awaits message 3": _rekey_target(awaits_3, plain[2]),
        f"rekey of suite {suite}: offerer awaits the confirmation": _rekey_target(left(plain[1]), b"\x04"),
    }


def _rekey_target(make: Callable[[], LinkKeys], genuine: bytes) -> Target:
    def run(data: bytes) -> None:
        if data == genuine and len(genuine) > 1:
            return
        keys = make()
        held = len(vars(keys)), len(vars(keys)["_ciphers"])
        for message in (data, data):
            try:
                keys.receive(message)
            except HandshakeFailed:
                continue
            raise AssertionError(f"taken: {data.hex()}")
        assert keys.epoch == 0
        assert (len(vars(keys)), len(vars(keys)["_ciphers"])) <= (held[0], max(held[1], 1))

    return Target(run, (genuine, genuine[:1]))


STATES: dict[str, Target] = {}
for _suite in SUITES:
    STATES |= _handshakes(_suite) | _rekeys(_suite)
