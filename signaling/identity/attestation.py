"""The server's word for whose identity key is whose: nonces out, proofs of possession in, attestations out.

docs/protocol.md, part 1, "Attestations". Pure: time and chance are arguments. Both keys here come from the 32 bytes
that the store keeps, each by a label of its own (RFC 5869), so that all servers of one store speak with one voice and
none of them remembers a nonce: it is a JWT, bound to one user and 60 s.

Promised: an attestation names a key whose holder signed for just this user, at this server, within the last minute. It
is EdDSA under a key that signs nothing else, with typ and aud of its own: no user's JWT, room token or nonce passes
for one, nor it for them. Not promised: that the provider told the truth, or that nobody else has the user's JWT.
"""

import base64
import hashlib
import json
from collections.abc import Callable
from math import inf
from typing import Any

import jwt
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from ..errors import InvalidToken, ProofFailed, TokenExpired
from ..ids import RandomBytes, User, encode_base64url
from .auth import check_times, decode
from .keys import CheckedSecret, PinnedKey

__all__ = ["ATTESTATION_TYPE", "NONCE_TTL_S", "Attestor", "proof_bytes"]

NONCE_TTL_S = 60
"""Fetched and signed at once; a slow line may take seconds."""

ATTESTATION_LABEL = b"speaktube v1 attestation key"
NONCE_LABEL = b"speaktube v1 nonce key"
PROOF_LABEL = b"speaktube v1 possession"

ATTESTATION_TYPE = "speaktube-attestation+jwt"
NONCE_TYPE = "speaktube-nonce+jwt"
ATTESTATION_AUDIENCE = "speaktube peer"
NONCE_AUDIENCE = "speaktube nonce"

THUMBPRINT_URN = "urn:ietf:params:oauth:jwk-thumbprint:sha-256:"
"""RFC 9278: the name of a server that the operator has given none, the same under every address that leads to it."""

P = 2**255 - 19
ORDER_8_Y = 0x05FC536D880238B13933C6D305ACDFD5F098EFF289F4C345B027B2C28F95E826
SMALL_ORDER_Y = frozenset({0, 1, ORDER_8_Y, P - ORDER_8_Y, P - 1, P, P + 1})
"""y of the points of order 1, 2, 4 and 8, also not reduced; x and -x make 14 encodings of them (Chalkias and others,
"Taming the many EdDSAs", 2020). Under such a key almost any signature holds, so it proves nothing."""


class Attestor:
    """One server's voice."""

    def __init__(
        self,
        signing_key: bytes,
        *,
        issuer: str | None,
        ttl_s: float,
        clock: Callable[[], float],
        random_bytes: RandomBytes,
    ) -> None:
        """`signing_key` is the store's; `issuer` the name that the operator gave this server, if any."""
        self._key = Ed25519PrivateKey.from_private_bytes(_derive(ATTESTATION_LABEL, signing_key))
        self._nonce_key = PinnedKey("HS256", CheckedSecret(_derive(NONCE_LABEL, signing_key)))
        self._ttl_s = ttl_s
        self._clock = clock
        self._random_bytes = random_bytes
        self.jwk = _as_jwk(self._key.public_key().public_bytes_raw())
        """The public half, RFC 8037."""
        self.kid = _thumbprint(self.jwk)
        self.issuer = issuer or THUMBPRINT_URN + self.kid

    def make_nonce(self, user: User) -> str:
        """For this user alone, to be signed within NONCE_TTL_S."""
        now = int(self._clock())
        claims = {"aud": NONCE_AUDIENCE, "iss": user.issuer, "sub": user.user_id, "iat": now, "exp": now + NONCE_TTL_S}
        claims["jti"] = encode_base64url(self._random_bytes(16))
        return jwt.encode(claims, self._nonce_key.key, algorithm=self._nonce_key.algorithm, headers={"typ": NONCE_TYPE})

    def attest(self, user: User, name: str | None, *, key: str, nonce: str, signature: str) -> str:
        """An attestation that `key` is this user's; raise ProofFailed. The texts are base64url, but for the nonce."""
        identity = _identity_key(key)
        self._check_nonce(nonce, user)
        _check_signature(identity, signature, proof_bytes(nonce=nonce, user=user, key=identity))
        return self._sign(user, name, identity)

    def lifetime_s(self, user: User) -> int:
        """How long an attestation that is made now is good: not beyond the JWT of a user who has to go with it."""
        left_s = inf if user.until is None else max(0.0, user.until - self._clock())
        return int(min(self._ttl_s, left_s))

    def _check_nonce(self, nonce: str, user: User) -> None:
        try:
            claims = decode(nonce, self._nonce_key, issuer=None, audience=NONCE_AUDIENCE, types=frozenset({NONCE_TYPE}))
            check_times(claims, now=self._clock(), max_ttl_s=NONCE_TTL_S)
        except (InvalidToken, TokenExpired) as error:
            raise ProofFailed(f"the nonce is none of this server's, or over {NONCE_TTL_S} s old") from error
        if (claims["iss"], claims["sub"]) != (user.issuer, user.user_id):
            raise ProofFailed("the nonce was made for another user")

    def _sign(self, user: User, name: str | None, identity: bytes) -> str:
        now = int(self._clock())
        claims: dict[str, Any] = {
            "iss": self.issuer,
            "aud": ATTESTATION_AUDIENCE,
            "sub": user.user_id,
            **({"name": name} if name else {}),
            "cnf": {"jwk": _as_jwk(identity)},  # RFC 7800, 3.2
            "iat": now,
            "exp": now + self.lifetime_s(user),
        }
        return jwt.encode(claims, self._key, algorithm="EdDSA", headers={"typ": ATTESTATION_TYPE, "kid": self.kid})


def proof_bytes(*, nonce: str, user: User, key: bytes) -> bytes:
    """What the holder of `key` signs: label ‖ 00 ‖ LP(nonce, issuer, subject, key)."""
    parts = (nonce.encode(), user.issuer.encode(), user.user_id.encode(), key)
    return PROOF_LABEL + b"\0" + b"".join(len(part).to_bytes(2, "big") + part for part in parts)


def _check_signature(identity: bytes, signature: str, proof: bytes) -> None:
    try:
        Ed25519PublicKey.from_public_bytes(identity).verify(_bytes_of(signature), proof)
    except (InvalidSignature, ValueError) as error:
        raise ProofFailed("the signature is not that of this key over this nonce, issuer and subject") from error


def _identity_key(text: str) -> bytes:
    try:
        key = _bytes_of(text)
    except ValueError as error:
        raise ProofFailed("the key is not base64url") from error
    if len(key) != 32 or int.from_bytes(key, "little") & (2**255 - 1) in SMALL_ORDER_Y:
        raise ProofFailed("the key is no Ed25519 key that could prove anything")
    return key


def _bytes_of(text: str) -> bytes:
    """Canonical base64url: one text for one value (RFC 4648, 3.5)."""
    data = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
    if encode_base64url(data) != text:
        raise ValueError
    return data


def _derive(label: bytes, material: bytes) -> bytes:
    return HKDF(SHA256(), 32, salt=None, info=label).derive(material)


def _as_jwk(public_key: bytes) -> dict[str, str]:
    """RFC 8037, 2."""
    return {"kty": "OKP", "crv": "Ed25519", "x": encode_base64url(public_key)}


def _thumbprint(jwk: dict[str, str]) -> str:
    """RFC 7638, 3: SHA-256 over the members in the order of their names, without spaces."""
    return encode_base64url(hashlib.sha256(json.dumps(jwk, sort_keys=True, separators=(",", ":")).encode()).digest())
