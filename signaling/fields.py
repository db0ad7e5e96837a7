r"""The texts and numbers of the wire: what each may be, what it means, and an example.

The bounds are checked where foreign bytes are read (wire.py); meanings and examples are for /openapi.json. The
pattern of a name cannot be checked there, since it speaks of what is left after stripping: `rooms.clean_name` does.
Python's `\A` and `\Z` are strict where `^` and `$` are not; the document says it in ECMAScript's way, as it must.
"""

from typing import Annotated

from msgspec import Meta

__all__ = [
    "CodeText",
    "CountNumber",
    "CursorText",
    "IceUrlText",
    "NameText",
    "PeerIdText",
    "ResumeText",
    "RoomIdText",
    "SecondsNumber",
    "ShownNameText",
    "TimeText",
    "TokenText",
    "UserIdText",
]

_CONTROL = r"\u0000-\u001f\u007f-\u009f\u2028\u2029"
NAME_PATTERN = rf"^\s*[^\s{_CONTROL}]([^{_CONTROL}]{{0,62}}[^\s{_CONTROL}])?\s*$"

RoomIdText = Annotated[
    str,
    Meta(
        pattern=r"\A[A-Za-z0-9_-]{1,64}\Z",
        description="The room's name for this server. Private rooms: 22 characters of base64url that say nothing.",
        examples=["q3Zk0bY1c9TgX2LwP8vJdA"],
    ),
]
PeerIdText = Annotated[
    str,
    Meta(
        min_length=22,
        max_length=22,
        description="One running peer: a hash of its resume secret, 22 characters of base64url.",
        examples=["m1pwWd5C2D1w-wSejRx9Jw"],
        extra_json_schema={"pattern": "^[A-Za-z0-9_-]{22}$"},
    ),
]
"""Its characters are checked where no connected peer has it (`ids.is_peer_id`): here, it would double the time."""

ResumeText = Annotated[
    str,
    Meta(
        pattern=r"\A[A-Za-z0-9_-]{43}\Z",
        description="Secret of one peer, 32 bytes in base64url: who presents it comes back as that peer.",
        examples=["A" * 43],
    ),
]
NameText = Annotated[
    str,
    Meta(
        min_length=1,
        max_length=256,
        description="A name: 1 to 64 characters after stripping, without control characters.",
        examples=["Alice"],
        extra_json_schema={"pattern": NAME_PATTERN},
    ),
]
"""Before stripping; what remains is held to 64 characters by `rooms.clean_name`."""

ShownNameText = Annotated[str, Meta(description="A name that people see.", examples=["Alice"])]
UserIdText = Annotated[
    str,
    Meta(description="Who it is: `sub` of a JWT, or `guest-` and chance.", examples=["auth0|5f7c8ec7"]),
]
TokenText = Annotated[
    str,
    Meta(
        description="The room token: one user, one peer, one room. Every later call in the room presents it.",
        examples=["eyJhbGciOiJIUzI1NiJ9.eyJhdWQiOiJzcGVha3R1YmUgcm9vbSJ9.c2lnbmF0dXJl"],
    ),
]
TimeText = Annotated[
    str,
    Meta(
        description="ISO 8601, in UTC with seconds.",
        examples=["2026-01-31T12:00:00Z"],
        extra_json_schema={"format": "date-time"},
    ),
]
CursorText = Annotated[
    str, Meta(description="Where this page ends, for the next call.", examples=["MTgwMDAwMDAwMC4wIGRlY2s"])
]
IceUrlText = Annotated[
    str, Meta(description="A `stun:`, `stuns:`, `turn:` or `turns:` URL.", examples=["stun:stun.example:3478"])
]
CodeText = Annotated[str, Meta(description="Stable: programs decide by it.", examples=["no_such_room"])]
CountNumber = Annotated[int, Meta(ge=0, examples=[2])]
SecondsNumber = Annotated[int, Meta(ge=0, description="Seconds.", examples=[30])]
