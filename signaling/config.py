"""Every setting of the server, once: environment variable, flag of `serve`, default, reason.

A field of `Config` is one setting: `SIGNALING_<FIELD>` and `--field`. The comment that elsewhere would explain the
number is its `reason`, which `python -m signaling config` prints. Flags win over the environment. What cannot be read
raises BadSetting with the variable and what is allowed.
"""

import dataclasses
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar
from urllib.parse import urlsplit

from .errors import BadSetting
from .store.port import Limits

__all__ = ["PREFIX", "SETTINGS", "Config", "Setting", "read_config", "unknown_variables"]

PREFIX = "SIGNALING_"
ALGORITHMS = ("HS256", "HS384", "HS512", "RS256", "RS384", "RS512", "PS256", "ES256", "ES384", "ES512", "EdDSA")

T = TypeVar("T")
Parse = Callable[[str], Any]


@dataclass(frozen=True, slots=True)
class Allowed:
    """A parser, and the sentence about what it takes; it raises ValueError for the rest."""

    parse: Parse
    sentence: str


def _text(text: str) -> str | None:
    return text.strip() or None


def _word(text: str) -> str:
    if not text.strip():
        raise ValueError
    return text.strip()


def _yes_no(text: str) -> bool:
    return {"1": True, "true": True, "yes": True, "0": False, "false": False, "no": False, "": False}[text.lower()]


def _store(text: str) -> str:
    if text == "memory:" or text.removeprefix("diskcache:") not in {"", text}:
        return text
    raise ValueError


def _algorithm(text: str) -> str | None:
    if text and text not in ALGORITHMS:
        raise ValueError
    return text or None


def _origin(text: str) -> str:
    parts = urlsplit(text)
    if text != "*" and (parts.scheme not in {"http", "https"} or not parts.netloc or parts.path.strip("/")):
        raise ValueError
    return text.rstrip("/").lower()


def _ice_url(*schemes: str) -> Parse:
    def parse(text: str) -> str:
        if not text.startswith(schemes) or text.endswith(":"):
            raise ValueError
        return text

    return parse


def _list_of(parse: Parse) -> Parse:
    return lambda text: tuple(parse(each.strip()) for each in text.split(",") if each.strip())


def _whole(lowest: int, highest: int) -> Allowed:
    return Allowed(_bounded(int, lowest, highest), f"a whole number from {lowest} to {highest}")


def _seconds(lowest: float, highest: float) -> Allowed:
    return Allowed(_bounded(float, lowest, highest), f"seconds from {lowest:g} to {highest:g}")


def _bounded(number: type[int] | type[float], lowest: float, highest: float) -> Parse:
    def parse(text: str) -> float:
        value = number(text)
        if not lowest <= value <= highest:
            raise ValueError
        return value

    return parse


TEXT = Allowed(_text, "any text")
WORD = Allowed(_word, "a name or address")
YES_NO = Allowed(_yes_no, "1 or 0")
STORE = Allowed(_store, "memory: or diskcache:PATH (this version has no other engine yet, so not redis:// either)")
ALGORITHM = Allowed(_algorithm, f"one of {', '.join(ALGORITHMS)}")
ORIGINS = Allowed(_list_of(_origin), "origins such as https://chat.example, separated by commas, or *")
STUN_URLS = Allowed(_list_of(_ice_url("stun:", "stuns:")), "stun: or stuns: URLs, separated by commas")
TURN_URLS = Allowed(_list_of(_ice_url("turn:", "turns:")), "turn: or turns: URLs, separated by commas")


def _setting(default: T, allowed: Allowed, reason: str, *, is_secret: bool = False) -> T:
    """One row of the table; typed as its default, so that the class below reads as a plain dataclass."""
    metadata = {"allowed": allowed, "reason": reason, "is_secret": is_secret}
    return dataclasses.field(default=default, metadata=metadata)


def _optional(allowed: Allowed, reason: str, *, is_secret: bool = False) -> str | None:
    return _setting(None, allowed, reason, is_secret=is_secret)


@dataclass(frozen=True, slots=True, kw_only=True)
class Config:
    """The settings; every default is safe on the open internet."""

    host: str = _setting("127.0.0.1", WORD, "reachable from this machine only, until you decide otherwise")
    port: int = _setting(8080, _whole(0, 65535), "where peers and proxies expect it; 0 takes any free one")
    store: str = _setting(
        "diskcache:~/.local/share/speaktube/signaling",
        STORE,
        "rooms survive a restart without any other program; memory: forgets",
    )
    jwt_secret: str | None = _optional(
        TEXT, "the secret your OAuth provider signs HS256 tokens with; 32 bytes or more", is_secret=True
    )
    jwt_public_key: str | None = _optional(
        TEXT, "your provider's public key instead: PEM text, or the path of a PEM file"
    )
    jwt_issuer: str | None = _optional(TEXT, "when set, a token must name it as iss")
    jwt_audience: str | None = _optional(TEXT, "when set, a token must be made for it (aud)")
    jwt_algorithm: str | None = _optional(
        ALGORITHM, "the only algorithm accepted; without it HS256 for a secret, and what fits the public key's type"
    )
    jwt_max_ttl_s: float = _setting(
        2_678_400.0, _seconds(60, 1e9), "31 days: a token that outlives this was minted by mistake"
    )
    jwt_ends_stay: bool = _setting(
        False, YES_NO, "a bot with a short-lived JWT stays while it is connected; 1: it goes when its JWT expires"
    )
    guests: bool = _setting(False, YES_NO, "letting people in without a JWT is the operator's decision")
    cors_origins: tuple[str, ...] = _setting((), ORIGINS, "pages of other origins stay out until named")
    stun_urls: tuple[str, ...] = _setting((), STUN_URLS, "none: a silent STUN server costs each connection seconds")
    turn_urls: tuple[str, ...] = _setting((), TURN_URLS, "relays for peers behind strict NATs, with turn_secret")
    turn_secret: str | None = _optional(
        TEXT, "coturn's static-auth-secret; credentials made from it live as long as a room token", is_secret=True
    )
    max_body_bytes: int = _setting(65_536, _whole(1024, 16_777_216), "64 KiB holds any SDP with room to spare")
    max_rooms: int = _setting(100_000, _whole(1, 10_000_000), "ten times our aim; each room costs about 1 KiB")
    room_peers: int = _setting(256, _whole(2, 100_000), "each join is told to all the others")
    mailbox_entries: int = _setting(256, _whole(1, 100_000), "a peer that is away is back, or gone, long before")
    mailbox_bytes: int = _setting(1_048_576, _whole(1024, 1 << 30), "sixteen of the largest envelopes")
    out_buffer_bytes: int = _setting(
        1_048_576, _whole(65_536, 1 << 30), "unsent bytes of one WebSocket; a slower reader is cut with 4408"
    )
    waiting_polls: int = _setting(8, _whole(1, 1000), "of one peer; one more sends the oldest home empty")
    hello_timeout_s: float = _setting(10.0, _seconds(0.01, 300), "a WebSocket that says nothing holds memory")
    read_timeout_s: float = _setting(10.0, _seconds(0.01, 3600), "for the body of a request; 64 KiB come sooner")
    idle_timeout_s: float = _setting(
        75.0, _seconds(0.01, 3600), "for a connection's next request, headers included; proxies drop theirs after 60 s"
    )
    heartbeat_s: int = _setting(30, _whole(1, 3600), "browsers throttle timers to one a minute, servers do not")
    peer_ttl_s: float = _setting(75.0, _seconds(1, 86_400), "two heartbeats may be lost, three may not")
    grace_s: float = _setting(10.0, _seconds(0, 3600), "time to come back unseen after a WebSocket ended")
    envelope_ttl_s: float = _setting(30.0, _seconds(1, 3600), "an offer older than this has been given up")
    room_idle_s: float = _setting(3600.0, _seconds(1, 1e9), "one hour without any sign of life ends a room")
    room_token_ttl_s: float = _setting(
        3600.0, _seconds(120, 86_400), "short, for it cannot be withdrawn; renewed on the way when half spent"
    )
    poll_max_s: float = _setting(25.0, _seconds(0, 300), "proxies cut idle requests from 30 s on")

    @property
    def limits(self) -> Limits:
        """The part that a store holds to."""
        names = [each.name for each in dataclasses.fields(Limits)]
        return Limits(**{name: getattr(self, name) for name in names})

    @property
    def max_frame_bytes(self) -> int:
        """A body and what stands around it."""
        return self.max_body_bytes + 1024


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
            shown = "set" if self.is_secret else repr(text)
            raise BadSetting(f"{self.variable} is {shown}; allowed is {self.allowed.sentence}") from error

    def show(self, value: Any) -> str:
        """A value as text, without giving a secret away."""
        match value:
            case None | ():
                return "-"
            case bool():
                return "1" if value else "0"
            case tuple():
                return ",".join(value)
            case _:
                return "(hidden)" if self.is_secret else f"{value:g}" if isinstance(value, float) else str(value)


SETTINGS: tuple[Setting, ...] = tuple(
    Setting(each.name, each.default, each.metadata["allowed"], each.metadata["reason"], each.metadata["is_secret"])
    for each in dataclasses.fields(Config)
)


def read_config(environment: Mapping[str, str], flags: Mapping[str, str]) -> Config:
    """Settings from flags (by field name) over the environment over the defaults."""
    values: dict[str, Any] = {}
    for setting in SETTINGS:
        text = flags.get(setting.field, environment.get(setting.variable))
        if text is not None:
            values[setting.field] = setting.parse(text)
    return Config(**values)


def unknown_variables(environment: Mapping[str, str]) -> list[str]:
    """Variables that look like ours and are not: most likely misspelt."""
    known = {setting.variable for setting in SETTINGS}
    return sorted(name for name in environment if name.startswith(PREFIX) and name not in known)
