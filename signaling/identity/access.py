"""Who may come in: the settings about users' JWTs put together, or the sentence about what contradicts what."""

from collections.abc import Callable
from pathlib import Path

from ..config import Config
from ..errors import BadSetting
from ..settings import PREFIX
from .auth import UserTokens
from .keys import Keys, OneKey
from .provider import Provider

__all__ = ["user_tokens"]

KEY_SETTINGS = ("jwt_secret", "jwt_public_key", "jwks_url")


def user_tokens(config: Config, *, clock: Callable[[], float]) -> UserTokens | None:
    """The judge of users' JWTs, or None where only guests come; raise BadSetting when nobody could."""
    keys = _keys(config, clock)
    if keys is None and not config.guests:
        raise BadSetting(
            "nobody could come in: set SIGNALING_JWT_SECRET, SIGNALING_JWT_PUBLIC_KEY or SIGNALING_JWKS_URL to check "
            "users' tokens, or SIGNALING_GUESTS=1 (--guests) to let everybody in"
        )
    if keys is None:
        return None
    return UserTokens(
        keys,
        issuer=config.jwt_issuer,
        audience=config.jwt_audience,
        max_ttl_s=config.jwt_max_ttl_s,
        ends_stay=config.jwt_ends_stay,
        clock=clock,
    )


def _keys(config: Config, clock: Callable[[], float]) -> Keys | None:
    chosen = [name for name in KEY_SETTINGS if getattr(config, name)]
    if len(chosen) > 1:
        raise BadSetting(f"set only one of {' and '.join(PREFIX + name.upper() for name in chosen)}")
    _check_algorithm(config)
    if config.jwks_url:
        return Provider(config.jwks_url, config, clock=clock)
    if config.jwt_public_key:
        return OneKey(_public_key(config.jwt_public_key), algorithm=config.jwt_algorithm)
    return OneKey(config.jwt_secret, algorithm=config.jwt_algorithm or "HS256") if config.jwt_secret else None


def _check_algorithm(config: Config) -> None:
    algorithm, is_secret = config.jwt_algorithm, bool(config.jwt_secret)
    has_key = is_secret or bool(config.jwt_public_key or config.jwks_url)
    if has_key and algorithm and algorithm.startswith("HS") != is_secret:
        raise BadSetting(
            f"SIGNALING_JWT_ALGORITHM {algorithm} does not fit: HS goes with a secret, the others with public keys"
        )


def _public_key(text: str) -> str:
    if "-----BEGIN" in text:
        return text.replace("\\n", "\n")  # one-line environment files write line ends so
    try:
        return Path(text).expanduser().read_text()
    except (OSError, UnicodeError) as error:
        raise BadSetting(
            f"SIGNALING_JWT_PUBLIC_KEY is neither PEM text nor a file that can be read: {error}"
        ) from error
