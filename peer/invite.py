"""Invite links: all that a guest needs to enter a room, in one line to copy.

docs/protocol.md, "Names and keys of a room". The secrets stand behind the `#`, which browsers never send. Promised:
a damaged link is refused with the kind of damage, and neither that sentence nor `str` nor `repr` shows what a link
holds; only `link` does. Not promised: that a link was not copied by others; whoever holds it can knock.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from urllib.parse import quote, unquote, urlsplit

from .encoding import BASE64URL_ALPHABET, decode_base64url, encode_base64url
from .errors import BadInvite, BadSetting
from .ids import RoomId
from .keys.room_keys import SECRET_BYTES, check_public_name

__all__ = ["LINK_CHARS", "Invite", "PublicInvite", "looks_like_invite", "parse_invite"]

LINK_CHARS = 88
"""Characters after the `#`: 66 bytes, so that base64url has no spare bits."""

SEED_BYTES = 16
_ROOM_ID_BYTES = 32
_VERSION = 1
_FLAG_OPEN = 0b0000_0001
_PUBLIC_PREFIX = "pub."
_INVITE_SHAPE = re.compile(r"https?://.*/j/?(#.*)?", re.IGNORECASE | re.DOTALL)


@dataclass(frozen=True, slots=True, repr=False)
class Invite:
    """The way into a private room."""

    server: str
    room_id: RoomId
    secret: bytes
    """16 bytes, from which the room's keys derive."""
    seed: bytes
    """16 bytes, from which the invite's own key derives."""
    is_open: bool = True
    """Any number of guests may use it."""

    def __post_init__(self) -> None:
        """Raise BadSetting for parts of the wrong length: the link would not be one."""
        if (len(self.room_id), len(self.secret), len(self.seed)) != (_ROOM_ID_BYTES, SECRET_BYTES, SEED_BYTES):
            raise BadSetting("an invite has a room id of 32 bytes, a secret of 16 and a seed of 16")

    @property
    def link(self) -> str:
        """The secret itself, to hand to a guest.

        base64url of    0         1       2         34       50     66
                        | 01      | flags | room id | secret | seed |
        """
        head = bytes([_VERSION, _FLAG_OPEN if self.is_open else 0])
        return _join(self.server, encode_base64url(head + self.room_id + self.secret + self.seed))

    def __repr__(self) -> str:
        return f"Invite({self.server}, room {self.room_id[:4].hex()})"


@dataclass(frozen=True, slots=True)
class PublicInvite:
    """The way into a public room; holds no secret."""

    server: str
    name: str

    @property
    def link(self) -> str:
        return _join(self.server, _PUBLIC_PREFIX + quote(self.name, safe=""))


def looks_like_invite(text: str) -> bool:
    """Whether `text` means to be an invite link, be it damaged or not; a server's address alone does not."""
    return _INVITE_SHAPE.fullmatch(_unwrap(text)) is not None


def parse_invite(link: str) -> Invite | PublicInvite:
    """Read a link as it was pasted, with blanks or <> around it; raise BadInvite, and nothing else."""
    address, hash_sign, fragment = _unwrap(link).partition("#")
    if not hash_sign:
        raise BadInvite("there is no # in it, and what follows the # is the way in")
    server = _parse_server(address)
    if fragment.startswith(_PUBLIC_PREFIX):
        return PublicInvite(server, _parse_name(fragment.removeprefix(_PUBLIC_PREFIX)))
    return _parse_private(server, fragment)


def _join(server: str, fragment: str) -> str:
    return f"{server.rstrip('/')}/j#{fragment}"


def _unwrap(text: str) -> str:
    """Without the blanks and <> that mail programs put around links."""
    return text.strip().removeprefix("<").removesuffix(">").strip()


def _parse_server(address: str) -> str:
    """What stands before /j."""
    try:
        parts = urlsplit(address)
        is_server = bool(parts.hostname) and parts.port != 0 and "@" not in parts.netloc
    except ValueError:
        raise BadInvite("the server's address cannot be read") from None
    if parts.scheme not in {"http", "https"}:
        raise BadInvite("it does not begin with https:// or http://")
    path = parts.path.removesuffix("/")
    if not is_server or parts.query or not path.endswith("/j") or not address.isprintable() or " " in address:
        raise BadInvite("before the # belong the server's address and /j, and nothing more")
    return f"{parts.scheme}://{parts.netloc}{path.removesuffix('/j')}".rstrip("/")


def _parse_name(quoted: str) -> str:
    try:
        name = unquote(quoted, errors="strict")
        check_public_name(name)
    except UnicodeDecodeError:
        raise BadInvite("the room's name is not UTF-8") from None
    except BadSetting as error:
        raise BadInvite(str(error)) from None
    return name


def _parse_private(server: str, fragment: str) -> Invite:
    data = _decode_fragment(fragment)
    flags, room_id, secret, seed = data[1], data[2:34], data[34:50], data[50:66]
    if flags & ~_FLAG_OPEN:
        raise BadInvite("it asks for something unknown here: it was made by a newer version")
    return Invite(server, RoomId(room_id), secret, seed, is_open=bool(flags & _FLAG_OPEN))


def _decode_fragment(fragment: str) -> bytes:
    """66 bytes of version 1. A longer link may be one of a version to come; a shorter one was cut."""
    for position, character in enumerate(fragment, start=1):
        if character not in BASE64URL_ALPHABET:
            raise BadInvite(f"character {position} after the # is none that a link can hold")
    count = f"{len(fragment)} characters stand after the #, {LINK_CHARS} are needed"
    if len(fragment) < LINK_CHARS:
        raise BadInvite(f"it is too short: {count}")
    if decode_base64url(fragment[:LINK_CHARS])[0] != _VERSION:
        raise BadInvite("it was made by a newer version: update to read it")
    if len(fragment) > LINK_CHARS:
        raise BadInvite(f"it is too long: {count}")
    return decode_base64url(fragment)
