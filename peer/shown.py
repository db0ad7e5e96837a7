"""What happens in a room and who is there, as text for people: the words of the line chat and of the full screen.

No colour, no input or output. Every name in it was chosen by somebody else, and comes cleaned of what could steer a
terminal; here the marks are taken out of it as well, since nobody may give himself one. Pure.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from .core.names import clean_text
from .errors import UsageError
from .events import (
    AuthorForked,
    ClaimChanged,
    Event,
    KeyChanged,
    Member,
    MemberJoined,
    MemberLeft,
    MemberRemoved,
    MemberWaiting,
    Message,
    MessageDeleted,
    MessageEdited,
    MessagePinned,
    PresenceChanged,
    ReactionChanged,
    RoleChanged,
    RoomFull,
    RoomState,
    SlowModeChanged,
    StateChanged,
    TitleChanged,
    VerificationChanged,
)
from .ids import short

__all__ = [
    "DOUBTED",
    "VERIFIED",
    "Told",
    "describe",
    "describe_member",
    "describe_state",
    "excerpt",
    "find",
    "mark",
    "marked",
    "plain_name",
]

VERIFIED, DOUBTED = "✓", "✗"
_MARKS = dict.fromkeys(map(ord, "✓✔✅☑✗✘❌"))
"""And what looks like them."""

_EXCERPT_CHARS = 40


@dataclass(frozen=True, slots=True)
class Told:
    """One line for people."""

    kind: Literal["notice", "warning"]
    text: str


def plain_name(name: str) -> str:
    """Without the marks, which nobody may give himself."""
    return name.translate(_MARKS).strip() or "nameless"


def mark(member: Member) -> str:
    """Before the name of somebody verified, of somebody under another key than before, and of all others."""
    if member.verified:
        return VERIFIED
    return DOUBTED if member.changed_from else ""


def marked(member: Member) -> str:
    return mark(member) + plain_name(member.name)


def describe_member(member: Member) -> str:
    """How one is here, what one may do, and by which key."""
    claim = f", {member.claim.name or member.claim.subject} says {member.claim.issuer}" if member.claim else ""
    me = " (you)" if member.is_me else ""
    return f"{marked(member)}: {member.presence}, {member.role}{me}, {short(member.id)}{claim}"


def find(members: Iterable[Member], text: str) -> Member:
    """By name, or by the beginning of a key; raise UsageError unless that is one person, and not ourselves."""
    others = [member for member in members if not member.is_me]
    named = [member for member in others if plain_name(member.name).casefold() == plain_name(text).casefold()]
    found = {member.id: member for member in (*named, *(each for each in others if each.id.startswith(text)))}
    if not found:
        raise UsageError(f"nobody here is called {text}: /who and /lobby list names and keys")
    if len(found) > 1:
        keys = ", ".join(map(short, found))
        raise UsageError(f"{len(found)} here are called {text}: say which by the beginning of the key: {keys}")
    return next(iter(found.values()))


def describe(event: Event) -> Told | None:
    """What happened; None for messages, and for what is shown in other ways or not at all."""
    return _of_members(event) or _of_room(event) or _of_keys(event) or _of_messages(event)


def _of_members(event: Event) -> Told | None:
    match event:
        case MemberJoined(member):
            return _notice(f"{marked(member)} is here ({member.role}, {short(member.id)})")
        case MemberLeft(member, reason):
            return _notice(f"{marked(member)} {'left' if reason == 'left' else f'was {reason}'}")
        case MemberRemoved(member) if member.presence == "offline":
            return _notice(f"{marked(member)} belongs to the room no more")
        case RoleChanged(member):
            return _notice(f"{_is(member)} {member.role} now")
        case PresenceChanged(member):
            return _notice(f"{marked(member)} is {member.presence}")
        case _:
            return None


def _of_room(event: Event) -> Told | None:
    match event:
        case MemberWaiting(member):
            return _warning(f"{marked(member)} waits to be let in: /admit {short(member.id)}")
        case RoomFull(members):
            return _warning(f"the room is full ({members} members): nobody comes in by a link any more")
        case TitleChanged(title):
            return _notice(f"the room is called {_in_one_line(title, None)} now")
        case SlowModeChanged(seconds):
            pace = f"once in {seconds} s" if seconds else "as often as they like"
            return _notice(f"members speak {pace} now")
        case _:
            return None


def _of_keys(event: Event) -> Told | None:
    match event:
        case KeyChanged(member, known):
            how = "whom you verified" if known.verified else f"you met as {plain_name(known.name)}"
            return _warning(
                f"{plain_name(member.name)} ({short(member.id)}) has another key than the person {how} "
                f"({short(known.id)}): a new device, or somebody else. /verify {short(member.id)}"
            )
        case ClaimChanged(member) if member.claim is not None and member.claim.is_contested:
            return _warning(f"{marked(member)} ({short(member.id)}): another key here bears the same claim")
        case AuthorForked(member):
            return _warning(
                f"{marked(member)} ({short(member.id)}) said two things at once: what it says counts no more"
            )
        case VerificationChanged(member):
            return _notice(
                f"{plain_name(member.name)}'s key is {'verified' if member.verified else 'not verified now'}"
            )
        case _:
            return None


def _of_messages(event: Event) -> Told | None:
    match event:
        case MessageEdited(message):
            return _notice(f"{marked(message.sender)} edited: {_in_one_line(message.text, None)}")
        case MessageDeleted(message):
            return _notice(f"a message of {marked(message.sender)} was taken back")
        case MessagePinned(message):
            done = "pinned" if message.is_pinned else "pinned no more"
            return _notice(f"{done}: {marked(message.sender)}: {excerpt(message)}")
        case ReactionChanged(message, member, emoji, is_on, custom):
            what = _in_one_line(f":{emoji}:" if custom else emoji, None)
            done = "put" if is_on else "took back"
            return _notice(f"{marked(member)} {done} {what} at {marked(message.sender)}: {excerpt(message)}")
        case _:
            return None


def describe_state(event: StateChanged, stood: RoomState) -> Told:
    """How we stand in the room now, as against before."""
    match event.state:
        case RoomState.LEFT:
            return _ended(event.reason)
        case RoomState.LOBBY:
            return _notice("you wait to be let in")
        case RoomState.SIGNALING_LOST:
            return _notice("the signaling server is gone: the talk goes on, newcomers must wait; trying to reach it")
        case _:
            return _notice("you are in" if stood is RoomState.LOBBY else "the signaling server is back")


def _ended(reason: str) -> Told:
    if reason == "removed":
        return _warning("you were removed from this room")
    return _notice(f"you left{': ' + reason if reason else ''}")


def excerpt(message: Message) -> str:
    """The beginning of what it says, in one line."""
    return _in_one_line(message.text, _EXCERPT_CHARS)


def _in_one_line(text: str, chars: int | None) -> str:
    line = " ".join(clean_text(text).split())
    return line if chars is None or len(line) <= chars else line[: chars - 1] + "…"


def _is(member: Member) -> str:
    return "you are" if member.is_me else f"{marked(member)} is"


def _notice(text: str) -> Told:
    return Told("notice", text)


def _warning(text: str) -> Told:
    return Told("warning", text)
