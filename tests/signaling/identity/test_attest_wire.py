"""The bytes of proofs and attestations."""

import json
from typing import Any

import pytest

from signaling.errors import InvalidBody
from signaling.identity.attest_wire import Attest, Attested, NonceMade, PublishedKey, PublishedKeys
from signaling.wire import decode_body, encode

GOOD = {"key": "A" * 43, "nonce": "a.b.c", "signature": "A" * 86}


def test_proof_is_read() -> None:
    """Its texts are judged elsewhere."""
    assert decode_body(json.dumps(GOOD).encode(), Attest) == Attest(key="A" * 43, nonce="a.b.c", signature="A" * 86)


@pytest.mark.parametrize(
    "change",
    [
        {"key": "A" * 42},
        {"key": "A" * 43 + "\n"},
        {"key": "+" * 43},
        {"key": None},
        {"nonce": ""},
        {"nonce": "x" * 8193},
        {"signature": "A" * 87},
        {"signature": 7},
        {"token": "x"},
    ],
    ids=str,
)
def test_proof_of_another_shape_is_refused(change: dict[str, Any]) -> None:
    """Before anything is computed."""
    with pytest.raises(InvalidBody):
        decode_body(json.dumps({**GOOD, **change}).encode(), Attest)


def test_answers_are_camel_case() -> None:
    """As all JSON here; the keys are as RFC 7517 writes them."""
    assert encode(NonceMade(nonce="n", expires_in_s=60)) == b'{"nonce":"n","expiresInS":60}'
    assert encode(Attested(attestation="a", expires_in_s=60)) == b'{"attestation":"a","expiresInS":60}'
    keys = PublishedKeys(issuer="i", keys=(PublishedKey(x="x", kid="k"),))
    assert json.loads(encode(keys)) == {
        "issuer": "i",
        "keys": [{"kty": "OKP", "crv": "Ed25519", "x": "x", "kid": "k", "alg": "EdDSA", "use": "sig"}],
    }
