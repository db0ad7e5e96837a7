"""A server that attests, by a library of its own: honest by default, and anything else on request."""

from __future__ import annotations

import base64
import json
from typing import Any

import jwt
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from peer.attestation import AttestationKeys, parse_keys
from peer.crypto.identity import Identity
from peer.ids import MemberId

__all__ = ["NOW_S", "Notary"]

NOW_S = 1_700_000_000
ISSUER = "https://chat.example"


class Notary:
    """One server's attestation key."""

    def __init__(self, seed: int = 1, *, issuer: str = ISSUER, now_s: float = NOW_S) -> None:
        self._key = Ed25519PrivateKey.from_private_bytes(bytes([seed]) * 32)
        self.issuer = issuer
        self.now_s = now_s
        self.kid = f"key {seed}"

    @property
    def published(self) -> dict[str, Any]:
        x = base64.urlsafe_b64encode(self._key.public_key().public_bytes_raw()).rstrip(b"=").decode()
        key = {"kty": "OKP", "crv": "Ed25519", "x": x, "kid": self.kid, "alg": "EdDSA", "use": "sig"}
        return {"issuer": self.issuer, "keys": [key]}

    @property
    def keys(self) -> AttestationKeys:
        return parse_keys(json.dumps(self.published).encode())

    def attest(
        self,
        holder: Identity | MemberId,
        subject: str = "alice",
        *,
        header: dict[str, Any] | None = None,
        life_s: float = 43_200,
        **change: Any,
    ) -> str:
        """That this key is this user's; a claim that is None is left out."""
        member = holder.member_id if isinstance(holder, Identity) else holder
        claims = {
            "iss": self.issuer,
            "aud": "speaktube peer",
            "sub": subject,
            "name": subject.title(),
            "iat": self.now_s,
            "exp": self.now_s + life_s,
            "cnf": {"jwk": {"kty": "OKP", "crv": "Ed25519", "x": member}},
            **change,
        }
        headers = {"typ": "speaktube-attestation+jwt", "kid": self.kid, **(header or {})}
        said = {name: value for name, value in claims.items() if value is not None}
        return jwt.encode(said, self._key, algorithm="EdDSA", headers=headers)
