"""The server's word for whose identity key is whose: our proof of possession, and how another's attestation is checked.

docs/protocol.md, part 1, "Attestations". An attestation is a JWT of one kind: EdDSA by a key that the server publishes,
its typ and audience our own, the identity key in `cnf` (RFC 7800). There is nothing to negotiate, so nothing in it is
obeyed: a header with any other member, such as `crit`, `jwk` or `jku`, is refused.

Promised: this server said, a day ago at most, that the holder of just this key is that user. Not promised: that it told
the truth. It is a claim to show to people; who somebody is, is the key.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Annotated, Any, Literal, TypeVar

import msgspec
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from msgspec import Meta, Struct

from .crypto.identity import Identity, check_identity_key
from .encoding import decode_base64url, encode_base64url, length_prefixed
from .errors import BadAttestation, BadIdentity
from .ids import MemberId

__all__ = [
    "LEEWAY_S",
    "MAX_ATTESTATION_CHARS",
    "MAX_TOKEN_CHARS",
    "AttestationKeys",
    "Attested",
    "Proof",
    "parse_keys",
    "prove_possession",
    "verify_attestation",
]

MAX_ATTESTATION_CHARS = 4096
"""Four times that of a user with long names."""

MAX_TOKEN_CHARS = 8192
"""Of our own JWT: what a header may hold (docs/protocol.md, "Who is asking")."""

LEEWAY_S = 300.0
"""Clocks of peers are set by hand or not at all; an attestation lives for hours."""

_POSSESSION_SIGNATURE = b"speaktube v1 possession"
_MAX_LIFE_S = 86_400.0
_MAX_KEYS = 16

_Key = Annotated[str, Meta(pattern=r"\A[A-Za-z0-9_-]{43}\Z")]
_Name = Annotated[str, Meta(min_length=1, max_length=255)]
_Seconds = Annotated[float, Meta(ge=0, lt=1e15)]
_Issuer = Annotated[str, Meta(min_length=1, max_length=1024)]


class _Jwk(Struct, frozen=True):
    """RFC 8037, 2; a private one has `d` as well, which is not looked at."""

    kty: Literal["OKP"]
    crv: Literal["Ed25519"]
    x: _Key


class _PublishedKey(_Jwk, frozen=True, kw_only=True):
    kid: Annotated[str, Meta(min_length=1, max_length=255)]
    alg: Literal["EdDSA"] | None = None
    use: Literal["sig"] | None = None


class _Published(Struct, frozen=True):
    issuer: _Issuer
    keys: Annotated[tuple[_PublishedKey, ...], Meta(max_length=_MAX_KEYS)]


class _Header(Struct, frozen=True, forbid_unknown_fields=True):
    alg: Literal["EdDSA"]
    typ: Literal["speaktube-attestation+jwt"]
    kid: str


class _Confirmation(Struct, frozen=True):
    """RFC 7800, 3.2."""

    jwk: _Jwk


class _Claims(Struct, frozen=True, kw_only=True):
    iss: str
    aud: Literal["speaktube peer"]
    sub: _Name
    iat: _Seconds
    exp: _Seconds
    cnf: _Confirmation
    name: _Name | None = None


class _OwnClaims(Struct, frozen=True):
    """Those of a user's JWT that its proof names; the server looks at the rest."""

    sub: _Name
    iss: Any = None


@dataclass(frozen=True, slots=True)
class AttestationKeys:
    """What one server publishes: its name for itself, and its keys by `kid`."""

    issuer: str
    by_id: Mapping[str, bytes]


@dataclass(frozen=True, slots=True)
class Attested:
    """What an attestation says of the holder of a key."""

    subject: str
    name: str | None
    issuer: str
    expires_at: float
    """Wall-clock seconds since 1970, UTC."""


@dataclass(frozen=True, slots=True)
class Proof:
    """What is presented to the server, as base64url."""

    key: str
    signature: str = field(repr=False)


T = TypeVar("T")


def prove_possession(identity: Identity, *, nonce: str, token: str) -> Proof:
    """Sign the nonce for the user of this JWT, and for no other that a server might name; raise BadAttestation.

    label ‖ 00 ‖ LP(nonce, issuer, subject, key)
    """
    if len(token) > MAX_TOKEN_CHARS:
        raise BadAttestation("the token is longer than a server takes")
    own = _decode(_split(token)[1], _OwnClaims)
    issuer = own.iss if isinstance(own.iss, str) and not any(map(_is_control, own.iss)) else ""
    parts = (nonce.encode(), issuer.encode(), own.sub.encode(), identity.public_key)
    signature = identity.sign(_POSSESSION_SIGNATURE, length_prefixed(*parts))
    return Proof(identity.member_id, encode_base64url(signature))


def parse_keys(data: bytes) -> AttestationKeys:
    """Read what a server answers to `keys`; raise BadAttestation."""
    published = _decode(data, _Published)
    keys = {key.kid: decode_base64url(key.x) for key in published.keys if _is_acceptable(key.x)}
    return AttestationKeys(published.issuer, keys)


def verify_attestation(text: str, *, keys: AttestationKeys, member: MemberId, now_s: float) -> Attested:
    """What the server says of the holder of `member`'s key, which a handshake has proven; raise BadAttestation.

    `now_s` is wall-clock seconds since 1970.
    """
    if len(text) > MAX_ATTESTATION_CHARS:
        raise BadAttestation("it is too long")
    header, claims, signature = _split(text)
    _check_signature(text, signature, keys.by_id.get(_decode(header, _Header).kid))
    said = _decode(claims, _Claims)
    if said.iss != keys.issuer:
        raise BadAttestation("it is by somebody else than this server")
    if said.cnf.jwk.x != member:
        raise BadAttestation("it is for another key")
    _check_times(said, now_s)
    return Attested(said.sub, said.name, said.iss, said.exp)


def _check_signature(text: str, signature: bytes, key: bytes | None) -> None:
    if key is None:
        raise BadAttestation("it is signed by a key that this server does not publish")
    try:
        Ed25519PublicKey.from_public_bytes(key).verify(signature, text.rpartition(".")[0].encode())
    except (InvalidSignature, ValueError):
        raise BadAttestation("its signature does not hold") from None


def _check_times(said: _Claims, now_s: float) -> None:
    if said.exp <= now_s - LEEWAY_S:
        raise BadAttestation("it has expired")
    if said.iat > now_s + LEEWAY_S:
        raise BadAttestation("it is from the future")
    if said.exp > said.iat + _MAX_LIFE_S:
        raise BadAttestation("it claims to be good for more than a day")


def _split(text: str) -> tuple[bytes, bytes, bytes]:
    """The three parts of a JWT (RFC 7515, 7.1), decoded."""
    try:
        header, claims, signature = (decode_base64url(part) for part in text.split("."))
    except ValueError:
        raise BadAttestation("it is not three parts of base64url, joined by dots") from None
    return header, claims, signature


def _is_acceptable(key: str) -> bool:
    try:
        check_identity_key(decode_base64url(key))
    except (BadIdentity, ValueError):
        return False
    return True


def _is_control(character: str) -> bool:
    """As the server counts them (docs/protocol.md, Attestations)."""
    return unicodedata.category(character) in {"Cc", "Cs", "Zl", "Zp"}


def _decode(data: bytes, into: type[T]) -> T:
    """The one place where foreign bytes become values; the error never quotes them."""
    try:
        return msgspec.json.decode(data, type=into)
    except (msgspec.MsgspecError, ValueError, RecursionError) as error:
        raise BadAttestation(f"it does not say what it should ({type(error).__name__})") from error
