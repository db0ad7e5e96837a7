"""Tokens: the users' JWTs on their way in, our room tokens on their way out and back.

PyJWT checks signature, issuer, audience and required claims, with one algorithm for each key, fixed by the settings
and never by the token. What a token says about its own key (jwk, jku, x5u, x5c) is not looked at. Times are checked
here against the clock we are given, so that tests need not wait. Whatever is wrong with a token ends as
Unauthenticated, InvalidToken or TokenExpired.
"""

from collections.abc import Callable
from dataclasses import dataclass
from math import inf, isfinite
from typing import Any

import jwt
from jwt.types import Options

from ..errors import InvalidToken, TokenExpired, Unauthenticated
from ..ids import PeerId, PeerKey, RoomId, User, UserId, has_control, is_control
from ..store.port import PeerRecord
from .keys import CheckedSecret, Keys, PinnedKey, prepare_key

__all__ = [
    "LEEWAY_S",
    "Membership",
    "RoomTokens",
    "UserTokens",
    "bearer",
    "check_times",
    "decode",
    "explain",
    "mint_user_token",
]

LEEWAY_S = 5
"""Clocks of providers are not ours."""

MAX_HEADER_LENGTH = 8192
"""Also of a token that comes in a frame or a body: reading one costs time in proportion."""

MAX_SUBJECT_LENGTH = 255
"""OpenID Connect Core 1.0, section 2."""

FRESH_TOKENS = 1024
"""Tokens of this server's own making that it knows again without looking at their signature."""

ROOM_AUDIENCE = "speaktube room"
"""No user JWT can pass for a room token, nor the other way round, even under one key."""

PLAIN_TYPES = frozenset({"", "jwt", "at+jwt"})
"""Header typ of a token that says who somebody is (RFC 9068, 2.1). Any other names a purpose that is not ours: a logout
token, an attestation (RFC 8725, 3.11)."""


def bearer(header: str | None) -> str | None:
    """The token of an Authorization header; None when there is no header."""
    if header is None:
        return None
    if len(header) > MAX_HEADER_LENGTH:
        raise InvalidToken(f"the header is over {MAX_HEADER_LENGTH} characters")
    scheme, _, token = header.partition(" ")
    if scheme.lower() != "bearer" or not token.strip():
        raise InvalidToken("the header is not of the form Bearer <token>")
    return token.strip()


class UserTokens:
    """Checks the JWTs of the operator's provider."""

    def __init__(
        self,
        keys: Keys,
        *,
        issuer: str | None = None,
        audience: str | None = None,
        max_ttl_s: float,
        ends_stay: bool = False,
        clock: Callable[[], float],
    ) -> None:
        """`ends_stay`: who came by a JWT goes when it expires."""
        self.keys = keys
        self._issuer = issuer
        self._audience = audience
        self._max_ttl_s = max_ttl_s
        self._ends_stay = ends_stay
        self._clock = clock

    async def read(self, token: str) -> User:
        """The user a JWT speaks for."""
        pinned = await self.keys.find(token)
        claims = decode(token, pinned, issuer=self._issuer, audience=self._audience)
        check_times(claims, now=self._clock(), max_ttl_s=self._max_ttl_s)
        return User(
            UserId(claims["sub"]),
            _text(claims.get("name") or claims.get("preferred_username")),
            is_guest=False,
            until=float(claims["exp"]) if self._ends_stay else None,
            issuer=_issuer_of(claims),
        )


def _issuer_of(claims: dict[str, Any]) -> str:
    """Where none is configured it may be anything: what is no plain text counts as none."""
    issuer = _text(claims.get("iss")) or ""
    return "" if has_control(issuer) else issuer


def _text(claim: Any) -> str | None:
    return claim if isinstance(claim, str) else None


def decode(
    token: str, pinned: PinnedKey, *, issuer: str | None, audience: str | None, types: frozenset[str] = PLAIN_TYPES
) -> dict[str, Any]:
    """The claims of a token whose signature, issuer, audience, typ and subject are right; its times are not checked."""
    if len(token) > MAX_HEADER_LENGTH:
        raise InvalidToken(f"it is over {MAX_HEADER_LENGTH} characters")
    required = ["exp", "sub", *(["iss"] if issuer else []), *(["aud"] if audience else [])]
    options: Options = {
        "require": required,
        "verify_exp": False,
        "verify_nbf": False,
        "verify_iat": False,
        "verify_aud": audience is not None,
    }
    try:
        decoded = jwt.decode_complete(
            token,
            pinned.key,
            algorithms=[pinned.algorithm],
            issuer=issuer,
            audience=audience,
            options=options,
        )
    except jwt.PyJWTError as error:
        raise InvalidToken(explain(error)) from error
    except (ValueError, TypeError, RecursionError) as error:
        raise InvalidToken("it cannot be read") from error
    _check_type(decoded["header"], types)
    claims: dict[str, Any] = decoded["payload"]
    _check_subject(claims["sub"])
    return claims


def _check_type(header: dict[str, Any], types: frozenset[str]) -> None:
    named = header.get("typ", "")
    if not isinstance(named, str) or named.lower().removeprefix("application/") not in types:
        raise InvalidToken("its typ says that it is meant for something else")


def explain(error: jwt.PyJWTError) -> str:
    """What PyJWT says, which may quote the token."""
    return "".join(each for each in str(error)[:200].lower() if not is_control(each))


def _check_subject(subject: Any) -> None:
    if not isinstance(subject, str) or not subject.strip() or len(subject) > MAX_SUBJECT_LENGTH:
        raise InvalidToken(f"sub is not a string of 1 to {MAX_SUBJECT_LENGTH} characters")
    if has_control(subject):
        raise InvalidToken("sub holds a control character")


def check_times(claims: dict[str, Any], *, now: float, max_ttl_s: float) -> None:
    """Raise TokenExpired, or InvalidToken for times that no honest token has."""
    expires_at = _time_of(claims, "exp")
    if expires_at <= now - LEEWAY_S:
        raise TokenExpired
    if expires_at > now + max_ttl_s + LEEWAY_S:
        raise InvalidToken("its exp is too far in the future")
    for name in ("nbf", "iat"):
        if name in claims and _time_of(claims, name) > now + LEEWAY_S:
            raise InvalidToken(f"its {name} is in the future")


def _time_of(claims: dict[str, Any], name: str) -> float:
    match claims[name]:
        case bool():
            pass
        case int() | float() as number if abs(number) < 1e15 and isfinite(number):
            return float(number)
    raise InvalidToken(f"its {name} is not a time")


def mint_user_token(
    secret: str, *, sub: str, name: str | None, issuer: str | None, audience: str | None, now: float, ttl_s: float
) -> str:
    """A user's JWT for development, signed with the server's own secret."""
    claims = {"sub": sub, "name": name, "iss": issuer, "aud": audience, "iat": int(now), "exp": int(now + ttl_s)}
    pinned = prepare_key(secret, "HS256")
    return jwt.encode({k: v for k, v in claims.items() if v is not None}, pinned.key, algorithm=pinned.algorithm)


@dataclass(frozen=True, slots=True)
class Membership:
    """What a room token says: this user, as this peer, in this room."""

    key: PeerKey
    user_id: UserId
    name: str
    issued_at: float
    expires_at: float
    until: float | None
    """When the user's JWT expires: no token goes beyond."""

    def is_due(self, now: float) -> bool:
        """Time for a fresh one: half is spent, and another one would live longer."""
        is_last = self.until is not None and self.expires_at >= self.until
        return not is_last and now - self.issued_at > (self.expires_at - self.issued_at) / 2

    def has_ended(self, now: float) -> bool:
        """The user's JWT has expired."""
        return self.until is not None and self.until <= now - LEEWAY_S


class RoomTokens:
    """Makes and checks room tokens with the key that the store keeps."""

    def __init__(self, key: bytes, *, ttl_s: float, clock: Callable[[], float]) -> None:
        self._pinned = PinnedKey("HS256", CheckedSecret(key))
        self._fresh: dict[str, Membership] = {}
        """What the newest tokens say, until they are read: most come back at once, with the WebSocket."""
        self._ttl_s = ttl_s
        self._clock = clock

    def mint(self, room_id: RoomId, peer: PeerRecord, *, until: float | None = None) -> str:
        """A token for a peer that has entered; `until` is when its user's JWT expires."""
        return self._sign(PeerKey(room_id, peer.peer_id), peer.user_id, peer.display_name, until=until)

    def renew(self, membership: Membership) -> str:
        """A fresh token that says the same."""
        return self._sign(membership.key, membership.user_id, membership.name, until=membership.until)

    def expiry(self, until: float | None) -> int:
        """When a token that is made now expires."""
        return int(min(self._clock() + self._ttl_s, inf if until is None else until))

    def read(self, token: str | None) -> Membership:
        """What a token says, if it is one of ours and still good."""
        if token is None:
            raise Unauthenticated
        fresh = self._fresh.pop(token, None)
        if fresh is not None and fresh.expires_at > self._clock():
            return fresh
        claims = decode(token, self._pinned, issuer=None, audience=ROOM_AUDIENCE)
        check_times(claims, now=self._clock(), max_ttl_s=self._ttl_s)
        key = PeerKey(RoomId(claims["room"]), PeerId(claims["peer"]))
        return Membership(key, claims["sub"], claims["name"], claims["iat"], claims["exp"], claims.get("until"))

    def _sign(self, key: PeerKey, user_id: UserId, name: str, *, until: float | None) -> str:
        claims = {"aud": ROOM_AUDIENCE, "sub": user_id, "name": name, "room": key.room_id, "peer": key.peer_id}
        times = {"iat": int(self._clock()), "exp": self.expiry(until)}
        if until is not None:
            times["until"] = int(until)
        token = jwt.encode({**claims, **times}, self._pinned.key, algorithm=self._pinned.algorithm)
        membership = Membership(key, user_id, name, times["iat"], times["exp"], times.get("until"))
        self._remember(token, membership)
        return token

    def _remember(self, token: str, membership: Membership) -> None:
        if len(token) > MAX_HEADER_LENGTH:
            return
        while len(self._fresh) >= FRESH_TOKENS:
            del self._fresh[next(iter(self._fresh))]
        self._fresh[token] = membership
