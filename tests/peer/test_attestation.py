"""The server's word for a key: what is taken for it, and all that is not."""

from __future__ import annotations

import base64
import json
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from hypothesis import given
from hypothesis import strategies as st

from peer.attestation import (
    LEEWAY_S,
    MAX_ATTESTATION_CHARS,
    AttestationKeys,
    Attested,
    parse_keys,
    prove_possession,
    verify_attestation,
)
from peer.crypto.identity import SMALL_ORDER_KEYS, Identity
from peer.errors import BadAttestation
from peer.wire import frames

from ..support.attestations import NOW_S, Notary
from ..support.keys import identity

VECTORS = json.loads((Path(__file__).parents[1] / "vectors" / "signaling" / "attestations.json").read_text("utf-8"))
NOTARY = Notary()
ANN = identity("ann")
SECRET = "0123456789abcdef0123456789abcdef"


def verify(text: str, *, keys: AttestationKeys = NOTARY.keys, holder: Identity = ANN, now_s: float = NOW_S) -> Attested:
    return verify_attestation(text, keys=keys, member=holder.member_id, now_s=now_s)


def refusal(text: str, **options: Any) -> str:
    with pytest.raises(BadAttestation) as caught:
        verify(text, **options)
    return str(caught.value)


def encoded(part: Any) -> str:
    data = part if isinstance(part, bytes) else json.dumps(part).encode()
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def token(**claims: Any) -> str:
    return jwt.encode({"sub": "alice", **claims}, SECRET, algorithm="HS256")


# ---- taken


def test_attestation_says_who_holds_the_key() -> None:
    """By the server that published these keys."""
    assert verify(NOTARY.attest(ANN)) == Attested("alice", "Alice", "https://chat.example", NOW_S + 43_200)
    assert verify(NOTARY.attest(ANN, name=None)).name is None
    assert verify(NOTARY.attest(ANN, what_comes_later=[1])).subject == "alice"


@pytest.mark.parametrize("now_s", [NOW_S - LEEWAY_S, NOW_S + 43_200 + LEEWAY_S - 1])
def test_clocks_may_differ_a_little(now_s: float) -> None:
    """Five minutes, in both directions."""
    verify(NOTARY.attest(ANN), now_s=now_s)


# ---- refused


REFUSED: dict[str, tuple[str, str]] = {
    "for another key": (NOTARY.attest(identity("bob")), "another key"),
    "expired": (NOTARY.attest(ANN, exp=NOW_S - LEEWAY_S), "expired"),
    "from the future": (NOTARY.attest(ANN, iat=NOW_S + LEEWAY_S + 1), "future"),
    "for too long": (NOTARY.attest(ANN, life_s=86_401), "more than a day"),
    "by another server": (Notary(2).attest(ANN), "does not publish"),
    "by another server under the same kid": (Notary(2).attest(ANN, header={"kid": "key 1"}), "does not hold"),
    "by another name": (NOTARY.attest(ANN, iss="https://evil.example"), "somebody else"),
    "of another type": (NOTARY.attest(ANN, header={"typ": "JWT"}), "should"),
    "without a type": (NOTARY.attest(ANN, header={"typ": None}), "should"),
    "without kid": (NOTARY.attest(ANN, header={"kid": ""}), "does not publish"),
    "with crit": (NOTARY.attest(ANN, header={"crit": ["exp"]}), "should"),
    "with a key of its own": (NOTARY.attest(ANN, header={"jwk": NOTARY.published["keys"][0]}), "should"),
    "with an address of keys": (NOTARY.attest(ANN, header={"jku": "https://evil.example"}), "should"),
    "for another audience": (NOTARY.attest(ANN, aud="speaktube nonce"), "should"),
    "for two audiences": (NOTARY.attest(ANN, aud=["speaktube peer", "x"]), "should"),
    "without exp": (NOTARY.attest(ANN, exp=None), "should"),
    "with a text for exp": (NOTARY.attest(ANN, exp="soon"), "should"),
    "without iat": (NOTARY.attest(ANN, iat=None), "should"),
    "without sub": (NOTARY.attest(ANN, sub=None), "should"),
    "with an empty sub": (NOTARY.attest(ANN, ""), "should"),
    "with a huge name": (NOTARY.attest(ANN, name="x" * 256), "should"),
    "without cnf": (NOTARY.attest(ANN, cnf=None), "should"),
    "with another kind of key": (NOTARY.attest(ANN, cnf={"jwk": {"kty": "OKP", "crv": "X25519", "x": "A" * 43}}), "sh"),
    "with a key by name": (NOTARY.attest(ANN, cnf={"kid": ANN.member_id}), "should"),
    "too long": (NOTARY.attest(ANN, pad="x" * MAX_ATTESTATION_CHARS), "too long"),
    "empty": ("", "three parts"),
    "two parts": ("e30.e30", "three parts"),
    "four parts": ("e30.e30.e30.e30", "three parts"),
    "not ASCII": ("é.é.é", "three parts"),
    "padded": ("e30=.e30.AAAA", "three parts"),
    "deep": (encoded(b"[" * 1500) + ".e30.AAAA", "should"),
}


@pytest.mark.parametrize(("text", "reason"), REFUSED.values(), ids=REFUSED.keys())
def test_anything_else_is_refused(text: str, reason: str) -> None:
    """With a reason for our log that quotes nothing."""
    assert reason in refusal(text)


@pytest.mark.parametrize("algorithm", ["none", "None", "HS256", "ES256", "Ed25519"])
def test_algorithm_is_ours_to_choose(algorithm: str) -> None:
    """`alg=none`, HMAC with the public key: the header chooses nothing."""
    claims = NOTARY.attest(ANN).split(".")[1]
    header = encoded({"alg": algorithm, "typ": "speaktube-attestation+jwt", "kid": NOTARY.kid})
    public = NOTARY.keys.by_id[NOTARY.kid]
    mac = jwt.get_algorithm_by_name("HS256").sign(f"{header}.{claims}".encode(), public)
    for signature in ("", encoded(mac), NOTARY.attest(ANN).split(".")[2]):
        assert "should" in refusal(f"{header}.{claims}.{signature}")


@given(st.integers(0, 10_000), st.integers(1, 255))
def test_any_change_is_seen(position: int, flip: int) -> None:
    """Of header, claims or signature."""
    text = bytearray(NOTARY.attest(ANN).encode())
    text[position % len(text)] ^= flip
    refusal(text.decode("latin-1"))


@given(st.binary(max_size=200), st.binary(max_size=200))
def test_odd_bytes_do_no_harm(header: bytes, claims: bytes) -> None:
    """BadAttestation, whatever a member shows."""
    refusal(f"{encoded(header)}.{encoded(claims)}.AAAA")


# ---- the server's keys


def test_keys_are_found_by_their_name() -> None:
    """Fields that a later server adds are passed over."""
    published = NOTARY.published
    published["keys"].append({**Notary(2).published["keys"][0], "since": 7})
    keys = parse_keys(json.dumps({**published, "more": None}).encode())
    assert (keys.issuer, set(keys.by_id)) == ("https://chat.example", {"key 1", "key 2"})


@pytest.mark.parametrize("key", sorted(SMALL_ORDER_KEYS))
def test_key_under_which_anything_holds_is_left_out(key: bytes) -> None:
    """Or whoever runs the way to the server could have us believe all."""
    published = NOTARY.published
    published["keys"][0]["x"] = encoded(key)
    assert parse_keys(json.dumps(published).encode()).by_id == {}


def test_key_in_another_spelling_is_left_out() -> None:
    """One text for one value."""
    published = NOTARY.published
    published["keys"][0]["x"] = "A" * 42 + "B"
    assert parse_keys(json.dumps(published).encode()).by_id == {}


@pytest.mark.parametrize(
    "change",
    [
        {"issuer": ""},
        {"issuer": 7},
        {"keys": {}},
        {"keys": NOTARY.published["keys"] * 17},
        {"keys": [{**NOTARY.published["keys"][0], "kty": "RSA"}]},
        {"keys": [{**NOTARY.published["keys"][0], "alg": "ES256"}]},
        {"keys": [{**NOTARY.published["keys"][0], "use": "enc"}]},
        {"keys": [{**NOTARY.published["keys"][0], "kid": 7}]},
    ],
    ids=str,
)
def test_keys_of_another_shape_are_refused(change: dict[str, Any]) -> None:
    """Bounded, and of one kind."""
    with pytest.raises(BadAttestation):
        parse_keys(json.dumps({**NOTARY.published, **change}).encode())


@pytest.mark.parametrize("data", [b"", b"<html>", b"[]", b"\xff", b"[" * 5000])
def test_answer_that_is_none_is_refused(data: bytes) -> None:
    """A captive portal's, say."""
    with pytest.raises(BadAttestation):
        parse_keys(data)


# ---- our own proof


def proven(proof: Any, *, nonce: str, issuer: str, subject: str) -> bool:
    """Worked out again from docs/protocol.md."""
    key, signature = (base64.urlsafe_b64decode(text + "==") for text in (proof.key, proof.signature))
    parts = [nonce.encode(), issuer.encode(), subject.encode(), key]
    data = b"speaktube v1 possession\x00" + b"".join(len(part).to_bytes(2, "big") + part for part in parts)
    try:
        Ed25519PublicKey.from_public_bytes(key).verify(signature, data)
    except Exception:
        return False
    return True


@pytest.mark.parametrize(
    ("claims", "issuer"),
    [({"iss": "https://id.example"}, "https://id.example"), ({}, ""), ({"iss": "x\ny"}, "")],
)
def test_proof_is_for_the_user_of_our_own_token(claims: dict[str, Any], issuer: str) -> None:
    """What a server says of us is not asked for, so it cannot have us sign for another user."""
    proof = prove_possession(ANN, nonce="a.b.c", token=token(**claims))
    assert proof.key == ANN.member_id
    assert proven(proof, nonce="a.b.c", issuer=issuer, subject="alice")
    assert not proven(proof, nonce="a.b.c", issuer=issuer, subject="mallory")
    assert not proven(proof, nonce="a.b.d", issuer=issuer, subject="alice")
    assert proof.signature not in repr(proof)


@pytest.mark.parametrize("claim", [7, None, ["x"]])
def test_issuer_that_is_no_text_counts_as_none(claim: Any) -> None:
    """As the server counts it."""
    text = f"{encoded({'alg': 'HS256'})}.{encoded({'sub': 'alice', 'iss': claim})}.AAAA"
    assert proven(prove_possession(ANN, nonce="n", token=text), nonce="n", issuer="", subject="alice")


@pytest.mark.parametrize(
    "text", ["", "opaque", token(pad="x" * 8192), "a.b", token(sub=None), token(sub="x" * 256), "e30.bm8.AAAA"]
)
def test_token_that_names_nobody_proves_nothing(text: str) -> None:
    """An opaque one is the server's to read, not ours."""
    with pytest.raises(BadAttestation) as caught:
        prove_possession(ANN, nonce="n", token=text)
    assert not text or text not in str(caught.value)


@given(st.text(st.characters(exclude_categories=["Cs"]), max_size=50), st.text(max_size=20))
def test_odd_users_do_no_harm(subject: str, nonce: str) -> None:
    """A proof, or BadAttestation."""
    with suppress(BadAttestation, UnicodeEncodeError):
        prove_possession(ANN, nonce=nonce, token=token(sub=subject))


# ---- sample bytes


@pytest.mark.parametrize("vector", VECTORS, ids=lambda vector: vector["name"])
def test_sample_bytes_are_what_we_make_and_take(vector: dict[str, Any]) -> None:
    """The server is checked against the same file."""
    holder = Identity.from_seed(bytes.fromhex(vector["identitySeed"]))
    user = vector["user"]
    own = token(sub=user["subject"], **({"iss": user["issuer"]} if user["issuer"] else {}))
    proof = prove_possession(holder, nonce=vector["nonce"], token=own)
    assert {"key": proof.key, "nonce": vector["nonce"], "signature": proof.signature} == vector["attest"]
    keys = parse_keys(json.dumps(vector["keys"]).encode())
    said = verify_attestation(vector["attestation"], keys=keys, member=holder.member_id, now_s=vector["now"])
    assert said == Attested(user["subject"], user["name"], keys.issuer, vector["now"] + 43_200)
    with pytest.raises(BadAttestation, match="another key"):
        verify_attestation(vector["attestation"], keys=keys, member=ANN.member_id, now_s=vector["now"])
    with pytest.raises(BadAttestation, match="somebody else"):
        verify(vector["attestation"], keys=replace(keys, issuer="x"), holder=holder, now_s=vector["now"])


def test_longest_attestation_fits_in_its_frame() -> None:
    """Two modules of one layer, one number."""
    assert frames.MAX_ATTESTATION_CHARS == MAX_ATTESTATION_CHARS
