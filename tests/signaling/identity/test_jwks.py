"""What becomes of a provider's key set, entry by entry."""

import contextlib
import json
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from hypothesis import given
from hypothesis import strategies as st

from signaling.errors import InvalidToken
from signaling.identity.jwks import BadKeySet, KeySet, key_id_of, parse_key_set

from ..keyrings import EC, ED, RSA, by_hand, jwk, key_set, private_jwk, token_of

P384, P521 = ec.generate_private_key(ec.SECP384R1()), ec.generate_private_key(ec.SECP521R1())


def parse(*keys: Any, algorithm: str | None = None, max_keys: int = 64) -> KeySet:
    return parse_key_set(key_set(*keys), algorithm=algorithm, max_keys=max_keys)


def algorithm_of(key: Any, *, wanted: str | None = None) -> str | None:
    """With which the only key of a set is used; None where it is left out."""
    try:
        found = parse(key, algorithm=wanted).find(None)
    except BadKeySet:
        return None
    return found and found.algorithm


@pytest.mark.parametrize(
    ("key", "algorithm"),
    [
        (jwk(RSA), "RS256"),
        (jwk(RSA, alg="PS256"), "PS256"),
        (jwk(RSA, alg="RS512", use="sig", key_ops=["verify"]), "RS512"),
        (jwk(EC), "ES256"),
        (jwk(P384), "ES384"),
        (jwk(P521), "ES512"),
        (jwk(ED), "EdDSA"),
        (jwk(ED, alg="EdDSA", x5t="what we do not know is skipped", x5c=["AAAA"]), "EdDSA"),
    ],
)
def test_key_has_one_algorithm(key: Any, algorithm: str) -> None:
    """That of its `alg`, else the usual one of its type and curve."""
    assert algorithm_of(key) == algorithm


@pytest.mark.parametrize(
    ("key", "wanted", "algorithm"),
    [
        (jwk(RSA), "PS256", "PS256"),
        (jwk(RSA), "RS256", "RS256"),
        (jwk(RSA, alg="RS256"), "PS256", None),
        (jwk(EC), "RS256", None),
        (jwk(ED), "EdDSA", "EdDSA"),
    ],
)
def test_algorithm_of_the_settings_must_be_the_keys(key: Any, wanted: str, algorithm: str | None) -> None:
    """A key that says nothing of it takes the configured one, if it is one of its type."""
    assert algorithm_of(key, wanted=wanted) == algorithm


LEFT_OUT: dict[str, Any] = {
    "secret": {"kty": "oct", "k": "A" * 43},
    "secret that says it is a curve": {"kty": "oct", "k": "A" * 43, "crv": "P-256", "alg": "ES256"},
    "secret with alg": {"kty": "oct", "k": "A" * 43, "alg": "HS256"},
    "HMAC with a public key": jwk(RSA, alg="HS256"),
    "none": jwk(RSA, alg="none"),
    "alg of another type": jwk(EC, alg="RS256"),
    "alg of another curve": jwk(P384, alg="ES256"),
    "curve that is nobody's": jwk(EC, crv="secp256k1"),
    "Ed448": {"kty": "OKP", "crv": "Ed448", "alg": "EdDSA", "x": "A" * 76},
    "X25519": {"kty": "OKP", "crv": "X25519", "x": "A" * 43},
    "for encryption": jwk(RSA, use="enc"),
    "for signing only": jwk(RSA, key_ops=["sign"]),
    "private": private_jwk(RSA),
    "private EC": private_jwk(EC),
    "private Ed25519": private_jwk(ED),
    "weak": jwk(rsa.generate_private_key(65537, 1024)),  # noqa: S505
    "huge": jwk(RSA, n="_" * (2 * 8192 // 6)),
    "no modulus": jwk(RSA, n=None),
    "number for modulus": jwk(RSA, n=7),
    "point off the curve": jwk(EC, x="A" * 43),
    "short point": jwk(EC, x="AAAA"),
    "list for alg": jwk(RSA, alg=["RS256"]),
    "number for kid": jwk(RSA, kid=7),
    "no kty": jwk(RSA, kty=None),
    "text for key_ops": jwk(RSA, key_ops="verify"),
    "curve for type": jwk(EC, crv="Ed25519"),
}


@pytest.mark.parametrize("key", LEFT_OUT.values(), ids=LEFT_OUT.keys())
def test_unusable_key_is_left_out(key: Any) -> None:
    """And spoils no other."""
    assert algorithm_of(key) is None
    assert parse(key, jwk(EC, kid="good")).find("good") is not None


def test_key_is_found_by_its_name() -> None:
    """A token without a name is for the only key, and for none where there are two."""
    two = parse(jwk(RSA, kid="a"), jwk(EC, kid="b"))
    assert [found and found.algorithm for found in map(two.find, ("a", "b", "c", None))] == [
        "RS256",
        "ES256",
        None,
        None,
    ]
    one = parse(jwk(RSA, kid="a"), jwk(EC, use="enc"))
    assert one.find(None) is one.find("a") is not None
    assert parse(jwk(RSA)).find("a") is None


def test_first_of_two_keys_with_one_name_counts() -> None:
    """No token can choose between them."""
    found = parse(jwk(EC, kid="a"), jwk(RSA, kid="a")).find("a")
    assert found is not None
    assert found.algorithm == "ES256"


@pytest.mark.parametrize(
    ("data", "sentence"),
    [
        (b"", "not a JWK Set"),
        (b"<html>", "not a JWK Set"),
        (b"\xff", "not a JWK Set"),
        (b"[" * 5000, "not a JWK Set"),
        (b'{"keys": {}}', "not a JWK Set"),
        (b'{"keys": [7]}', "not a JWK Set"),
        (b"{}", "not a JWK Set"),
        (b'{"keys": []}', "none of its 0 keys"),
        (key_set(jwk(RSA)), "none of its 1 keys can verify signatures for ES256"),
        (key_set(*[jwk(RSA)] * 5), "5 keys, 4 are allowed"),
    ],
    ids=["empty", "page", "no text", "deep", "object", "number", "no keys", "none", "other kind", "too many"],
)
def test_bad_set_is_refused_with_a_sentence(data: bytes, sentence: str) -> None:
    """For the operator's log."""
    with pytest.raises(BadKeySet, match=sentence):
        parse_key_set(data, algorithm="ES256", max_keys=4)


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=5,
)


@given(st.sampled_from([RSA, EC, ED]), st.sampled_from(["kty", "crv", "alg", "use", "n", "e", "x", "y"]), json_values)
def test_odd_values_do_no_harm(key: Any, member: str, value: Any) -> None:
    """BadKeySet, or a set; nothing else."""
    data = json.dumps({"keys": [{**jwk(key), member: value}]}).encode()
    with contextlib.suppress(BadKeySet):
        parse_key_set(data, algorithm=None, max_keys=4)


def test_name_of_a_tokens_key_is_read() -> None:
    """Before anything is checked; what else the header says of keys is not looked at."""
    assert key_id_of(token_of(RSA, "RS256", kid="a", header={"jku": "https://evil.example"})) == "a"
    assert key_id_of(token_of(RSA, "RS256")) is None


@pytest.mark.parametrize("kid", [7, None, ["a"], {"a": 1}, True])
def test_name_that_is_no_text_is_refused(kid: Any) -> None:
    """RFC 7515, 4.1.4."""
    with pytest.raises(InvalidToken):
        key_id_of(by_hand({"alg": "RS256", "kid": kid}, {}, "AAAA"))


@pytest.mark.parametrize("token", ["", "ahoy", "..", "é.é.é", "W10.e30.AAAA"])
def test_token_without_a_header_is_refused(token: str) -> None:
    """Never a 500."""
    with pytest.raises(InvalidToken):
        key_id_of(token)
