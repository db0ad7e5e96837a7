"""A key that verifies tokens, together with the one algorithm it may be used with.

The algorithm comes from the settings or from the key itself, and never from a token: that is what keeps a public key
from being taken for an HMAC secret. `Keys` is what checks of users' JWTs ask for; here is the answer for a key that
stands in the settings, `provider.py` has the one for a URL.
"""

import hashlib
from typing import Any, NamedTuple, Protocol

import jwt
from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePublicKey
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.serialization import load_pem_public_key
from jwt.algorithms import HMACAlgorithm

from ..errors import BadSetting

__all__ = ["CheckedSecret", "Keys", "OneKey", "PinnedKey", "prepare_key"]


class CheckedSecret(bytes):
    """An HMAC secret that has been looked at: it is no public key and no JWK in disguise."""

    def __repr__(self) -> str:
        return "CheckedSecret(...)"


class _CheckedOnce(HMACAlgorithm):
    """PyJWT's own, but that it looks at a secret when it is prepared, and not again at each token: a third of its time.

    It parses the secret as PEM, SSH, DER, certificate and JSON, lest a public key be taken for a secret.
    """

    def prepare_key(self, key: str | bytes) -> bytes:
        return key if isinstance(key, CheckedSecret) else CheckedSecret(super().prepare_key(key))


for _name, _digest in {"HS256": hashlib.sha256, "HS384": hashlib.sha384, "HS512": hashlib.sha512}.items():
    jwt.unregister_algorithm(_name)
    jwt.register_algorithm(_name, _CheckedOnce(_digest))


class PinnedKey(NamedTuple):
    """A key that verifies, and the only algorithm it does so with."""

    algorithm: str
    key: Any


class Keys(Protocol):
    """Where the keys of the operator's provider come from."""

    async def find(self, token: str) -> PinnedKey:
        """The key that a token may be checked with; raise InvalidToken or KeysUnavailable where there is none."""

    async def open(self) -> None:
        """Begin to fetch, where that is needed; returns at once."""

    async def close(self) -> None:
        """Leave no task; may be called twice."""


class OneKey:
    """The key that stands in the settings."""

    def __init__(self, key: str, *, algorithm: str | None = None) -> None:
        """`key` is a secret, or a public key in PEM form. Raises BadSetting for one that is weak or does not fit."""
        self._pinned = prepare_key(key, algorithm)

    async def find(self, token: str) -> PinnedKey:  # noqa: ARG002 - one key, whatever the token says
        return self._pinned

    async def open(self) -> None:
        """It is here."""

    async def close(self) -> None:
        """It stays."""


def prepare_key(key: Any, algorithm: str | None) -> PinnedKey:
    """The pinned algorithm and its key; raise BadSetting for a pair that does not fit or is too weak."""
    chosen = algorithm or _algorithm_of(key)
    try:
        verifier = jwt.get_algorithm_by_name(chosen)
        prepared = verifier.prepare_key(key)
        weakness = verifier.check_key_length(prepared)
    except Exception as error:  # the key is the operator's text: anything may be wrong with it
        raise BadSetting(f"SIGNALING_JWT_SECRET or SIGNALING_JWT_PUBLIC_KEY does not fit {chosen}: {error}") from error
    if weakness:
        raise BadSetting(f"the key for {chosen} is too weak: {weakness}")
    return PinnedKey(chosen, prepared)


def _algorithm_of(key: str) -> str:
    if not key.lstrip().startswith("-----BEGIN"):
        return "HS256"
    try:
        match load_pem_public_key(key.encode()):
            case RSAPublicKey():
                return "RS256"
            case EllipticCurvePublicKey():
                return "ES256"
            case Ed25519PublicKey():
                return "EdDSA"
            case other:
                raise BadSetting(f"SIGNALING_JWT_PUBLIC_KEY is a {type(other).__name__}; RSA, EC or Ed25519 is allowed")
    except ValueError as error:
        raise BadSetting("SIGNALING_JWT_PUBLIC_KEY is not a public key in PEM form") from error
