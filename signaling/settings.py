"""What a setting is: a field's parser, what it takes, its default and its reason, and how it is read and shown.

Texts of the operator become typed values here; what cannot be read raises BadSetting with the variable and what is
allowed. Secrets are never shown, neither as a value nor in an error. The settings themselves stand in config.py.
"""

import dataclasses
import re
from collections.abc import Callable
from dataclasses import dataclass
from ipaddress import ip_address
from typing import Any, TypeVar
from urllib.parse import SplitResult, urlsplit

from .bounds.addresses import parse_network
from .bounds.limits import Rate
from .errors import BadSetting

__all__ = [
    "ALGORITHM",
    "KEYS_URL",
    "LONG_TEXT",
    "NETWORKS",
    "ORIGINS",
    "PREFIX",
    "RATE",
    "STORE",
    "STUN_URLS",
    "TEXT",
    "TURN_URLS",
    "WORD",
    "YES_NO",
    "Allowed",
    "Setting",
    "one_of",
    "optional",
    "seconds",
    "setting",
    "whole",
]

PREFIX = "SIGNALING_"
REDIS = re.compile(r"(rediss?|rediss?\+(sentinel|cluster)|unix)://.")
"""The engine itself reads the rest, since only it needs the library that knows such URLs."""

ALGORITHMS = ("HS256", "HS384", "HS512", "RS256", "RS384", "RS512", "PS256", "ES256", "ES384", "ES512", "EdDSA")

PORTS = {"http": ":80", "https": ":443"}

MAX_BURST, MAX_RATE_S = 1_000_000_000, 86_400

MIN_SECRET_LENGTH = 16
"""Drawn by chance it has 64 bits in hexadecimal: beyond guessing over a network."""

T = TypeVar("T")
Parse = Callable[[str], Any]


@dataclass(frozen=True, slots=True)
class Allowed:
    """A parser, and the sentence about what it takes; it raises ValueError for the rest."""

    parse: Parse
    sentence: str


def _text(text: str) -> str | None:
    return text.strip() or None


def _long_text(text: str) -> str | None:
    if 0 < len(text.strip()) < MIN_SECRET_LENGTH:
        raise ValueError
    return text.strip() or None


def _word(text: str) -> str:
    if not text.strip():
        raise ValueError
    return text.strip()


def _yes_no(text: str) -> bool:
    return {"1": True, "true": True, "yes": True, "0": False, "false": False, "no": False, "": False}[text.lower()]


def _store(text: str) -> str:
    if text == "memory:" or text.removeprefix("diskcache:") not in {"", text} or REDIS.match(text):
        return text
    raise ValueError


def _algorithm(text: str) -> str | None:
    if text and text not in ALGORITHMS:
        raise ValueError
    return text or None


def _keys_url(text: str) -> str | None:
    parts = urlsplit(text)
    has_more = parts.username is not None or parts.password is not None or parts.fragment or parts.port == 0
    is_https = parts.scheme == "https" and parts.hostname
    if text and (has_more or re.search(r"[^!-~]", text) or not (is_https or _is_loopback(parts))):
        raise ValueError
    return text or None


def _is_loopback(parts: SplitResult) -> bool:
    return parts.scheme == "http" and (parts.hostname == "localhost" or ip_address(parts.hostname or "").is_loopback)


def _origin(text: str) -> str:
    """As browsers write it (RFC 6454, section 6.2): in ASCII and lower case, without the scheme's own port."""
    if text == "*":
        return text
    parts = urlsplit(text.lower())
    is_bare = not (parts.path.strip("/") or parts.query or parts.fragment or "@" in parts.netloc)
    if parts.scheme not in PORTS or not parts.hostname or not is_bare or not text.isascii():
        raise ValueError
    return f"{parts.scheme}://{parts.netloc.removesuffix(PORTS[parts.scheme])}"


def _ice_url(*schemes: str) -> Parse:
    def parse(text: str) -> str:
        if not text.startswith(schemes) or text.endswith(":"):
            raise ValueError
        return text

    return parse


def _list_of(parse: Parse) -> Parse:
    return lambda text: tuple(parse(each.strip()) for each in text.split(",") if each.strip())


def _rate(text: str) -> Rate:
    if text.strip() == "0":
        return Rate(0, 0.0)
    burst, over_s = text.split("/")
    return Rate(whole(1, MAX_BURST).parse(burst), seconds(0.001, MAX_RATE_S).parse(over_s))


def one_of(*words: str) -> Allowed:
    """One of these words, however it is written."""

    def parse(text: str) -> str:
        if text.strip().lower() not in words:
            raise ValueError
        return text.strip().lower()

    return Allowed(parse, f"one of {', '.join(words)}")


def whole(lowest: int, highest: int) -> Allowed:
    """A whole number within bounds, both included."""
    return Allowed(_bounded(int, lowest, highest), f"a whole number from {lowest} to {highest}")


def seconds(lowest: float, highest: float) -> Allowed:
    """Seconds within bounds, both included."""
    return Allowed(_bounded(float, lowest, highest), f"seconds from {lowest:g} to {highest:g}")


def _bounded(number: type[int] | type[float], lowest: float, highest: float) -> Parse:
    def parse(text: str) -> float:
        value = number(text)
        if not lowest <= value <= highest:
            raise ValueError
        return value

    return parse


TEXT = Allowed(_text, "any text")
LONG_TEXT = Allowed(_long_text, f"a text of {MIN_SECRET_LENGTH} characters or more")
WORD = Allowed(_word, "a name or address")
YES_NO = Allowed(_yes_no, "1 or 0")
STORE = Allowed(
    _store,
    "memory:, diskcache:PATH, redis://HOST:PORT/0 (rediss:// with TLS), unix:///SOCKET, "
    "redis+sentinel://HOST:PORT,.../SERVICE or redis+cluster://HOST:PORT,...",
)
ALGORITHM = Allowed(_algorithm, f"one of {', '.join(ALGORITHMS)}")
KEYS_URL = Allowed(
    _keys_url, "a URL without user and password: https:// to any host, http:// to this machine only (localhost)"
)
ORIGINS = Allowed(
    _list_of(_origin), "origins as browsers write them, such as https://chat.example, separated by commas, or *"
)
NETWORKS = Allowed(
    _list_of(parse_network), "addresses or networks such as 127.0.0.1,10.0.0.0/8,fd00::/8, separated by commas"
)
RATE = Allowed(
    _rate, "COUNT/SECONDS such as 60/10, so many at once, and as many again evenly over so many seconds; 0 = no limit"
)
STUN_URLS = Allowed(_list_of(_ice_url("stun:", "stuns:")), "stun: or stuns: URLs, separated by commas")
TURN_URLS = Allowed(_list_of(_ice_url("turn:", "turns:")), "turn: or turns: URLs, separated by commas")


def setting(default: T, allowed: Allowed, reason: str, *, is_secret: bool = False) -> T:
    """One row of the table; typed as its default, so that its class reads as a plain dataclass."""
    metadata = {"allowed": allowed, "reason": reason, "is_secret": is_secret}
    return dataclasses.field(default=default, metadata=metadata)


def optional(allowed: Allowed, reason: str, *, is_secret: bool = False) -> str | None:
    """A row that is unset unless the operator says otherwise."""
    return setting(None, allowed, reason, is_secret=is_secret)


@dataclass(frozen=True, slots=True)
class Setting:
    """One row, as `config` prints it and `serve` takes it."""

    field: str
    default: Any
    allowed: Allowed
    reason: str
    is_secret: bool

    @property
    def variable(self) -> str:
        """Its environment variable."""
        return PREFIX + self.field.upper()

    @property
    def flag(self) -> str:
        """Its flag."""
        return "--" + self.field.replace("_", "-")

    def parse(self, text: str) -> Any:
        """The value of a text; raise BadSetting."""
        try:
            return self.allowed.parse(text)
        except (ValueError, KeyError, OverflowError) as error:
            shown = "set" if self.is_secret else repr(_without_userinfo(text))
            raise BadSetting(f"{self.variable} is {shown}; allowed is {self.allowed.sentence}") from error

    def show(self, value: Any) -> str:
        """A value as text, without giving a secret away."""
        match value:
            case None | ():
                return "-"
            case bool():
                return "1" if value else "0"
            case tuple():
                return ",".join(map(str, value))
            case _:
                return "(hidden)" if self.is_secret else _plain(value)


def _plain(value: Any) -> str:
    return f"{value:g}" if isinstance(value, float) else _without_userinfo(str(value))


def _without_userinfo(text: str) -> str:
    """A URL may hold a password (RFC 3986, 3.2.1), and whether it should or not, it is shown to nobody."""
    return re.sub(r"(password=)[^&]*", r"\1(hidden)", re.sub(r"//.*@", "//(hidden)@", text))
