"""Keys of a provider in every form that operators and attackers have them in."""

import base64
import hashlib
import hmac
import json
from typing import Any

import jwt
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat

from .support import START

__all__ = ["EC", "ED", "RSA", "by_hand", "jwk", "key_set", "private_jwk", "private_pem", "public_pem", "token_of"]

RSA = rsa.generate_private_key(65537, 2048)
EC = ec.generate_private_key(ec.SECP256R1())
ED = ed25519.Ed25519PrivateKey.generate()


def public_pem(key: Any) -> str:
    return str(key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode())


def private_pem(key: Any) -> str:
    return str(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode())


def jwk(key: Any, **more: Any) -> dict[str, Any]:
    """The public half as a JWK; a member that is None is left out."""
    members = {**_as_jwk(key.public_key()), "key_ops": None, **more}
    return {name: value for name, value in members.items() if value is not None}


def private_jwk(key: Any) -> dict[str, Any]:
    """All of it, as a provider publishes by mistake."""
    return {**_as_jwk(key), "key_ops": ["verify"]}


def _as_jwk(key: Any) -> dict[str, Any]:
    algorithms: tuple[tuple[Any, tuple[type, ...]], ...] = (
        (jwt.algorithms.RSAAlgorithm, (rsa.RSAPrivateKey, rsa.RSAPublicKey)),
        (jwt.algorithms.ECAlgorithm, (ec.EllipticCurvePrivateKey, ec.EllipticCurvePublicKey)),
        (jwt.algorithms.OKPAlgorithm, (ed25519.Ed25519PrivateKey, ed25519.Ed25519PublicKey)),
    )
    [known] = [algorithm for algorithm, kinds in algorithms if isinstance(key, kinds)]
    return dict(known.to_jwk(key, as_dict=True))


def key_set(*keys: Any) -> bytes:
    return json.dumps({"keys": keys}).encode()


def token_of(key: Any, algorithm: str, *, kid: Any = None, header: dict[str, Any] | None = None, **claims: Any) -> str:
    """A user's JWT under a provider's key."""
    headers = {**(header or {}), **({"kid": kid} if kid is not None else {})}
    return jwt.encode({"sub": "alice", "exp": START + 3600, **claims}, key, algorithm=algorithm, headers=headers)


def by_hand(header: dict[str, Any], claims: Any, signature: str = "", *, secret: str | None = None) -> str:
    """A token that no library would make; with a secret it is signed by HMAC with SHA-256."""
    text = ".".join(_encoded(json.dumps(part).encode()) for part in (header, claims))
    if secret is not None:
        signature = _encoded(hmac.new(secret.encode(), text.encode(), hashlib.sha256).digest())
    return f"{text}.{signature}"


def _encoded(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).decode().rstrip("=")
