"""Checks of identities and handshakes, each taken away."""

from __future__ import annotations

from .mutation import Mutation

__all__ = ["MUTATIONS"]

_CRYPTO = "peer/crypto"
_HANDSHAKE = ("tests/security/test_handshake_attacks.py", "tests/peer/crypto/test_handshake.py")
_NOISE = ("tests/security/test_handshake_attacks.py", "tests/peer/crypto/test_noise.py")
_EXCHANGE = (*_HANDSHAKE, "tests/peer/crypto/test_exchange.py")
_IDENTITY = ("tests/security/test_handshake_attacks.py", "tests/peer/crypto/test_identity.py")

MUTATIONS = (
    # Noise
    Mutation(
        "PSK not mixed in",
        _CRYPTO,
        {"self._symmetric.mix_key_and_hash(self._psk)": "self._symmetric.mix_key_and_hash(bytes(32))"},
        _NOISE,
    ),
    Mutation(
        "Diffie-Hellman secret not mixed in",
        _CRYPTO,
        {"        self._symmetric.mix_key(secret)\n": ""},
        _NOISE,
    ),
    Mutation(
        "ephemeral keys not mixed into the key of a message",
        _CRYPTO,
        {"        self._symmetric.mix_key(public)\n": ""},
        _NOISE,
    ),
    Mutation(
        "Diffie-Hellman key of low order accepted",
        _CRYPTO,
        {
            'raise HandshakeFailed("a Diffie-Hellman key of low order") from None': "secret = bytes(32)",
        },
        _NOISE,
    ),
    Mutation(
        "messages not authenticated together with what was said before",
        _CRYPTO,
        {
            "self._k.encrypt(_NONCE, plaintext, self.h)": 'self._k.encrypt(_NONCE, plaintext, b"")',
            "self._k.decrypt(_NONCE, ciphertext, self.h)": 'self._k.decrypt(_NONCE, ciphertext, b"")',
        },
        _NOISE,
    ),
    # what is bound
    Mutation(
        "fingerprints left out of the prologue",
        _CRYPTO,
        {"*hellos, *fingerprints)": "*hellos)"},
        _HANDSHAKE,
    ),
    Mutation(
        "the offerer's fingerprint left out of the prologue",
        _CRYPTO,
        {"*hellos, *fingerprints)": "*hellos, fingerprints[1])"},
        _HANDSHAKE,
    ),
    Mutation(
        "hellos left out of the prologue",
        _CRYPTO,
        {"*hellos, *fingerprints)": "*fingerprints)"},
        _HANDSHAKE,
    ),
    Mutation(
        "topic left out of the prologue",
        _CRYPTO,
        {"labels.LINK_PROLOGUE, self.topic.encode(), ": "labels.LINK_PROLOGUE, "},
        _HANDSHAKE,
    ),
    Mutation(
        "suite that we do not accept is spoken",
        _CRYPTO,
        {"common = set(ours) & set(": "common = set(SUITES) & set("},
        _HANDSHAKE,
    ),
    Mutation(
        "lowest suite in common chosen instead of the highest",
        _CRYPTO,
        {"return max(common)": "return min(common)"},
        _HANDSHAKE,
    ),
    Mutation(
        "identity may fall back to a lower suite",
        _CRYPTO,
        {"if suite < self.best_suite(remote):": "if False:"},
        _HANDSHAKE,
    ),
    Mutation(
        "best suite of an identity not remembered",
        "peer/core",
        {"        self._credentials.suites.note(established.remote, established.suite)\n": ""},
        ("tests/peer/core/test_channel.py", "tests/peer/core/test_suites.py"),
    ),
    # who it is
    Mutation(
        "signature of an auth not verified",
        _CRYPTO,
        {"if not verify(public_key, labels.AUTH_SIGNATURE, signature, sealed_by.value + h + public_key):": "if False:"},
        _EXCHANGE,
    ),
    Mutation(
        "role left out of the signed bytes",
        _CRYPTO,
        {
            "terms.role.value + h + public_key": "h + public_key",
            "sealed_by.value + h + public_key": "h + public_key",
        },
        _EXCHANGE,
    ),
    Mutation(
        "handshake hash left out of the signed bytes",
        _CRYPTO,
        {
            "terms.role.value + h + public_key": "terms.role.value + public_key",
            "sealed_by.value + h + public_key": "sealed_by.value + public_key",
        },
        _EXCHANGE,
    ),
    Mutation(
        "label left out of what is signed and hashed",
        _CRYPTO,
        {'return label + b"\\0" + data': "return data"},
        ("tests/peer/crypto/test_labels.py", "tests/peer/crypto/test_identity.py"),
    ),
    Mutation(
        "identity key of small order accepted",
        _CRYPTO,
        {"if public_key in SMALL_ORDER_KEYS:": "if False:"},
        _IDENTITY,
    ),
    Mutation(
        "own key accepted",
        _CRYPTO,
        {"if remote == self.identity.member_id:": "if False:"},
        _HANDSHAKE,
    ),
    Mutation(
        "unwanted identity let in",
        _CRYPTO,
        {"if not self.authorise(remote):": "if False:"},
        _HANDSHAKE,
    ),
    Mutation(
        "offerer shows itself to anybody with the gate",
        _CRYPTO,
        {"    terms.admit(remote)\n    established =": "    established ="},
        _HANDSHAKE,
    ),
    Mutation(
        "answerer lets in anybody with the gate",
        _CRYPTO,
        {"    terms.admit(remote)\n    return Established": "    return Established"},
        _HANDSHAKE,
    ),
    Mutation(
        "frames of a handshake not told apart by their type",
        _CRYPTO,
        {"if frame[:1] != frame_type or len(frame)": "if len(frame)"},
        _EXCHANGE,
    ),
    # keys
    Mutation(
        "KEM secret left out of the keys",
        _CRYPTO,
        {'b"".join(noise.split()) + kem_secret': 'b"".join(noise.split())'},
        _HANDSHAKE,
    ),
    Mutation(
        "handshake hash left out of the keys",
        _CRYPTO,
        {"kem_secret, salt=noise.handshake_hash)": 'kem_secret, salt=b"")'},
        (*_EXCHANGE, "tests/peer/crypto/test_link_transcripts.py"),
    ),
    Mutation(
        "one key for both directions",
        _CRYPTO,
        {'return b"i2r" if self is Role.INITIATOR else b"r2i"': 'return b"i2r"'},
        ("tests/security/test_link_attacks.py", *_EXCHANGE),
    ),
    Mutation(
        "one key for all channels",
        _CRYPTO,
        {"labels.CHANNEL % (channel.encode(), role.direction)": 'labels.CHANNEL % (b"events", role.direction)'},
        ("tests/security/test_link_attacks.py", *_EXCHANGE),
    ),
    Mutation(
        "channel may have the name whose keys are those of the proofs",
        _CRYPTO,
        {'if channel == "auth":': "if False:"},
        ("tests/peer/crypto/test_exchange.py",),
    ),
    Mutation(
        "keys of a channel handed out twice",
        _CRYPTO,
        {"if channel in self._taken:": "if False:"},
        ("tests/peer/crypto/test_exchange.py", "tests/peer/crypto/test_handshake.py"),
    ),
)
