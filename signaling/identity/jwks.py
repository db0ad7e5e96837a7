"""A provider's key set (RFC 7517): which of its keys may verify users' JWTs, and each of them with which algorithm.

The set comes over the network, so whatever is in it ends as a key that can be used or as none: one odd entry spoils no
other. Left out are secrets (`oct`), private keys, keys for encryption, weak keys, and keys of algorithms other than the
configured one. Nothing here fetches: `provider.py` does.
"""

from typing import Any

import jwt
import msgspec

from ..errors import InvalidToken
from .keys import PinnedKey

__all__ = ["BadKeySet", "KeySet", "key_id_of", "parse_key_set"]

ALGORITHMS = {
    "RSA": ("RS256", "RS384", "RS512", "PS256"),
    "P-256": ("ES256",),
    "P-384": ("ES384",),
    "P-521": ("ES512",),
    "Ed25519": ("EdDSA",),
}
"""By curve, or by type where there is none (RFC 7518, 3.1; RFC 8037, 3.1). The first is that of a key without `alg`."""

MAX_RSA_BITS = 8192
"""Each check of a signature costs the square of it."""


class BadKeySet(Exception):
    """What came is no key set that could be used; the sentence is for the operator."""


class _Entry(msgspec.Struct):
    """What decides about a key, before anything is made of it."""

    kty: str
    crv: str | None = None
    alg: str | None = None
    use: str | None = None
    key_ops: tuple[str, ...] | None = None
    kid: str | None = None
    d: Any = None


class _Document(msgspec.Struct):
    keys: tuple[dict[str, Any], ...]


class KeySet:
    """The keys that may verify; of two with one `kid` the first."""

    def __init__(self, keys: tuple[tuple[str | None, PinnedKey], ...]) -> None:
        self._only = keys[0][1] if len(keys) == 1 else None
        self._by_id = {kid: pinned for kid, pinned in reversed(keys) if kid is not None}

    def find(self, kid: str | None) -> PinnedKey | None:
        """The key of that name; a token that names none is for the only key there is."""
        return self._only if kid is None else self._by_id.get(kid)


def parse_key_set(data: bytes, *, algorithm: str | None, max_keys: int) -> KeySet:
    """Read a key set; with `algorithm` only keys for that one count. Raises BadKeySet."""
    try:
        entries = msgspec.json.decode(data, type=_Document).keys
    except (msgspec.MsgspecError, UnicodeError, RecursionError) as error:
        raise BadKeySet("what came is not a JWK Set") from error
    if len(entries) > max_keys:
        raise BadKeySet(f"it lists {len(entries)} keys, {max_keys} are allowed (SIGNALING_JWKS_MAX_KEYS)")
    keys = tuple(key for key in (_maybe_key(entry, algorithm) for entry in entries) if key is not None)
    if not keys:
        wanted = f" for {algorithm} (SIGNALING_JWT_ALGORITHM)" if algorithm else ""
        raise BadKeySet(f"none of its {len(entries)} keys can verify signatures{wanted}")
    return KeySet(keys)


def _maybe_key(raw: dict[str, Any], wanted: str | None) -> tuple[str | None, PinnedKey] | None:
    try:
        entry = msgspec.convert(raw, _Entry)
    except msgspec.ValidationError:
        return None
    algorithm = _algorithm_of(entry, wanted)
    pinned = _maybe_pinned(raw, algorithm) if algorithm and _may_verify(entry) else None
    return pinned and (entry.kid, pinned)


def _may_verify(entry: _Entry) -> bool:
    is_public = entry.d is None
    return is_public and entry.use in (None, "sig") and (entry.key_ops is None or "verify" in entry.key_ops)


def _algorithm_of(entry: _Entry, wanted: str | None) -> str | None:
    """The one of its `alg`; without it the configured one where that fits its type, else the usual one of its type."""
    fitting = ALGORITHMS.get("RSA" if entry.kty == "RSA" else entry.crv or "", ())
    chosen = entry.alg or (wanted if wanted in fitting else next(iter(fitting), None))
    return chosen if chosen in fitting and wanted in (None, chosen) else None


def _maybe_pinned(raw: dict[str, Any], algorithm: str) -> PinnedKey | None:
    try:
        found = jwt.PyJWK(raw, algorithm)
        prepared = found.Algorithm.prepare_key(found.key)
        is_weak = found.Algorithm.check_key_length(prepared) is not None
    except Exception:  # foreign bytes in the hands of two libraries: anything may be wrong with them
        return None
    is_huge = getattr(prepared, "key_size", 0) > MAX_RSA_BITS
    return None if is_weak or is_huge else PinnedKey(algorithm, prepared)


def key_id_of(token: str) -> str | None:
    """The `kid` of a token that nobody has checked yet; raise InvalidToken for one that cannot be read."""
    try:
        kid: str | None = jwt.get_unverified_header(token).get("kid")
    except (jwt.PyJWTError, ValueError, TypeError, RecursionError) as error:
        raise InvalidToken("its header cannot be read") from error
    return kid
