"""Checks of room keys, signals, disks, claims and people, each taken away."""

from __future__ import annotations

from .mutation import Mutation

__all__ = ["MUTATIONS"]

_KEYS, _STORE = "peer/keys", "peer/store"
_ROOM = ("tests/peer/keys/test_room_keys.py", "tests/peer/crypto/test_link_vectors.py")
_SIGNAL = ("tests/peer/keys/test_sealing.py",)
_DISK = ("tests/security/test_disk_attacks.py", "tests/peer/keys/test_at_rest.py")
_CLAIM = ("tests/security/test_claim_attacks.py", "tests/peer/test_attestation.py")
_POSSESSION = ("tests/security/test_identity_attacks.py", "tests/signaling/identity/test_attestation.py")
_PERSON = ("tests/security/test_person_attacks.py", "tests/peer/core/test_safety.py")
_DIRECT = (
    "tests/security/test_direct_attacks.py",
    "tests/peer/core/test_directs.py",
    "tests/peer/core/test_membership.py",
    "tests/peer/log/test_genesis.py",
)

MUTATIONS = (
    Mutation(
        "gate and topic derived by one label",
        _KEYS,
        {'GATE_KEY = b"speaktube v1 gate"': 'GATE_KEY = b"speaktube v1 topic"'},
        _ROOM,
    ),
    Mutation(
        "gate and signal key derived by one label",
        _KEYS,
        {'SIGNAL_KEY = b"speaktube v1 signal"': 'SIGNAL_KEY = b"speaktube v1 gate"'},
        _ROOM,
    ),
    Mutation(
        "room id left out of the gate",
        _KEYS,
        {"(GATE_KEY, material=secret, salt=room_id)": '(GATE_KEY, material=secret, salt=b"")'},
        _ROOM,
    ),
    Mutation(
        "room id left out of an invite's key",
        _KEYS,
        {"derive_key(INVITE_SEED, material=seed, salt=room_id)": 'derive_key(INVITE_SEED, material=seed, salt=b"")'},
        _ROOM,
    ),
    Mutation(
        "signal not bound to its kind, sender and recipient",
        _KEYS,
        {"texts = (context.topic, context.kind, context.sender, context.recipient)": "texts = (context.topic,)"},
        _SIGNAL,
    ),
    Mutation(
        "nonce of a signal is constant",
        _KEYS,
        {"nonce = random_bytes(_NONCE_BYTES)\n    ciphertext": "nonce = bytes(_NONCE_BYTES)\n    ciphertext"},
        _SIGNAL,
    ),
    # disks
    Mutation(
        "row not bound to its name",
        _KEYS,
        {
            "self._aead.encrypt(nonce, plaintext, name)": 'self._aead.encrypt(nonce, plaintext, b"")',
            "sealed[_NONCE_BYTES:], name)": 'sealed[_NONCE_BYTES:], b"")',
        },
        _DISK,
    ),
    Mutation(
        "nonce of a row is constant",
        _KEYS,
        {"random_bytes(_NONCE_BYTES)\n        return nonce": "bytes(_NONCE_BYTES)\n        return nonce"},
        _DISK,
    ),
    Mutation(
        "passphrase without salt", _KEYS, {"        salt=salt, length=": "        salt=bytes(16), length="}, _DISK[1:]
    ),
    Mutation(
        "passphrase stretched once, in little memory",
        _KEYS,
        {"_ITERATIONS, _LANES, _MEMORY_KIB = 3, 4, 64 * 1024": "_ITERATIONS, _LANES, _MEMORY_KIB = 1, 1, 8"},
        _DISK[1:],
    ),
    Mutation(
        "identity file not bound to its head",
        _STORE,
        {
            "key.seal(plaintext, name=head, ": 'key.seal(plaintext, name=b"", ',
            ".open(sealed, name=head)": '.open(sealed, name=b"")',
        },
        ("tests/security/test_disk_attacks.py", "tests/peer/store/test_identity_file.py"),
        excuse="its salt gives the key, and all else in it is compared: nothing is left for the tag to notice",
    ),
    Mutation(
        "identity that others can read is used",
        _STORE,
        {"if path.stat().st_mode & _PRIVATE_BITS:": "if False:"},
        ("tests/peer/store/test_identity_file.py",),
    ),
    # claims
    Mutation("attestation for another key believed", "peer", {"if said.cnf.jwk.x != member:": "if False:"}, _CLAIM),
    Mutation("expired attestation believed", "peer", {"if said.exp <= now_s - LEEWAY_S:": "if False:"}, _CLAIM),
    Mutation("attestation of another server believed", "peer", {"if said.iss != keys.issuer:": "if False:"}, _CLAIM),
    Mutation(
        "signature of an attestation not verified",
        "peer",
        {"    _check_signature(text, signature, keys.by_id.get(_decode(header, _Header).kid))\n": ""},
        _CLAIM,
    ),
    Mutation(
        "another kind of token taken for an attestation",
        "peer",
        {'typ: Literal["speaktube-attestation+jwt"]': "typ: str"},
        _CLAIM,
    ),
    Mutation(
        "possession of a key not proven to the server",
        "signaling/identity",
        {"        _check_signature(identity, signature, proof_bytes(nonce=nonce, user=user, key=identity))\n": ""},
        _POSSESSION,
    ),
    Mutation(
        "nonce of another user accepted",
        "signaling/identity",
        {'if (claims["iss"], claims["sub"]) != (user.issuer, user.user_id):': "if False:"},
        _POSSESSION,
    ),
    # people
    Mutation(
        "code of another key verifies a member",
        "peer/core",
        {"if read_code(text, ours=ours) != member.id:": "if False:"},
        _PERSON,
    ),
    Mutation(
        "code made for another key than ours verifies",
        "peer/core",
        {"if shown_as_ours != ours:": "if False:"},
        _PERSON,
    ),
    Mutation(
        "safety number of one key alone",
        "peer/core",
        {"material=smaller + larger, ": "material=smaller, "},
        _PERSON,
    ),
    # two alone
    Mutation(
        "anybody knocks at a direct room",
        "peer/core",
        {"return member == self.other": "pass"},
        _DIRECT,
    ),
    Mutation(
        "owner lets a third into a direct room",
        "peer/core",
        {"if self.other is not None and list(events):": "if False:"},
        _DIRECT,
    ),
    Mutation(
        "link leads into a direct room",
        "peer/core",
        {"if self.invite is not None or self._identity.public_key not in": "if self._identity.public_key not in"},
        _DIRECT,
    ),
    Mutation(
        "any room of two is taken for a direct room",
        "peer/log",
        {
            "== 2 and encode_genesis(genesis) == found_direct(*genesis.owners)[1]": "== 2",
        },
        _DIRECT,
    ),
    Mutation(
        "last secret of a direct room counts, not the smallest",
        "peer/core",
        {"min(frame.secret, direct.secret), True": "frame.secret, True"},
        _DIRECT,
    ),
    Mutation(
        "strangers open any number of direct rooms",
        "peer/core",
        {"unanswered >= self._config.max_unanswered_directs or not": "not"},
        _DIRECT,
    ),
    Mutation(
        "one other moves us without end between direct rooms",
        "peer/core",
        {"if (is_move or is_call) and not": "if False and not"},
        _DIRECT,
    ),
    Mutation(
        "answer to nothing opens a direct room",
        "peer/core",
        {"not frame.is_answer and self._open(": "self._open("},
        _DIRECT,
    ),
)
