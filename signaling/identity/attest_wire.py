"""The bytes of docs/protocol.md, part 1, "Attestations": what a user proves with, and what the server answers.

Bounds and alphabets are checked here; what the texts are worth is decided in attestation.py.
"""

from typing import Annotated, Literal

from msgspec import Meta, Struct

from ..fields import SecondsNumber

__all__ = ["Attest", "Attested", "NonceMade", "PublishedKey", "PublishedKeys"]

KeyText = Annotated[
    str,
    Meta(
        pattern=r"\A[A-Za-z0-9_-]{43}\Z",
        description="An Ed25519 public key, 32 bytes in base64url.",
        examples=["11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"],
    ),
]
SignatureText = Annotated[
    str,
    Meta(
        pattern=r"\A[A-Za-z0-9_-]{86}\Z",
        description="An Ed25519 signature, 64 bytes in base64url.",
        examples=["A" * 86],
    ),
]
NonceText = Annotated[
    str,
    Meta(
        min_length=1,
        max_length=8192,
        description="What this server wants signed: for one user, good for a minute.",
        examples=["eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJhbGljZSJ9.c2lnbmF0dXJl"],
    ),
]
AttestationText = Annotated[
    str,
    Meta(
        description="A JWT by this server, for other peers: this identity key is held by this user.",
        examples=["eyJhbGciOiJFZERTQSJ9.eyJzdWIiOiJhbGljZSJ9.c2lnbmF0dXJl"],
    ),
]
IssuerText = Annotated[
    str,
    Meta(description="What this server calls itself in `iss`.", examples=["https://chat.example"]),
]


class Attest(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Body of attest."""

    key: KeyText
    nonce: NonceText
    signature: SignatureText


class NonceMade(Struct, frozen=True, kw_only=True, rename={"expires_in_s": "expiresInS"}):
    """The answer of nonce."""

    nonce: NonceText
    expires_in_s: SecondsNumber


class Attested(Struct, frozen=True, kw_only=True, rename={"expires_in_s": "expiresInS"}):
    """The answer of attest."""

    attestation: AttestationText
    expires_in_s: SecondsNumber


class PublishedKey(Struct, frozen=True, kw_only=True):
    """A public key as RFC 7517 and RFC 8037 write it."""

    kty: Literal["OKP"] = "OKP"
    crv: Literal["Ed25519"] = "Ed25519"
    x: KeyText
    kid: KeyText
    """Its thumbprint (RFC 7638)."""
    alg: Literal["EdDSA"] = "EdDSA"
    use: Literal["sig"] = "sig"


class PublishedKeys(Struct, frozen=True, kw_only=True):
    """A JWK Set (RFC 7517, 5), and whose it is."""

    issuer: IssuerText
    keys: tuple[PublishedKey, ...]
