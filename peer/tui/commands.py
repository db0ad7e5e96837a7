"""What a typed line asks for: words to be sent, or a command of the list that /help shows."""

from __future__ import annotations

from dataclasses import dataclass
from difflib import get_close_matches
from typing import TypeAlias

from .plain import LINE_BREAK

__all__ = ["VERBS", "Command", "Say", "Typed", "Unknown", "Verb", "parse", "usage_of"]


@dataclass(frozen=True, slots=True)
class Verb:
    """A command, as the help shows it."""

    name: str
    usage: str
    help: str
    aliases: tuple[str, ...] = ()


VERBS = (
    Verb("join", "/join INVITE or NAME", "enter a room: by invite link, or a public one by its name", ("j",)),
    Verb("create", "/create TITLE", "open a private room; /invite shows the link that lets others in"),
    Verb("public", "/public NAME", "open a public room, which anybody on the server may enter"),
    Verb("rooms", "/rooms", "the public rooms of the server", ("list",)),
    Verb("part", "/part", "leave this room", ("leave", "close")),
    Verb("msg", "/msg NICK [TEXT]", "talk with one member alone", ("query", "m")),
    Verb("me", "/me ACTION", "say what you do: * alice waves"),
    Verb("nick", "/nick NAME", "be called otherwise"),
    Verb("win", "/win NUMBER or NAME", "go to another room; also Alt+digit, Alt+Left, Alt+Right", ("w", "buffer")),
    Verb("names", "/names", "who is here, with the beginning of each key", ("who",)),
    Verb("whois", "/whois NICK", "what is known of a member"),
    Verb("topic", "/topic [TITLE]", "what the room is called; with words: call it so"),
    Verb("reply", "/reply TEXT", "answer the chosen message, or the last one of somebody else", ("r",)),
    Verb("react", "/react EMOJI", "put an emoji at the chosen message, or the last one; :heart: works too", ("+",)),
    Verb("unreact", "/unreact EMOJI", "take yours away again"),
    Verb("edit", "/edit TEXT", "other words for your chosen or last message; also arrow up in an empty line", ("s",)),
    Verb("delete", "/delete", "take back the chosen message, or your last one, for ever", ("del",)),
    Verb("pin", "/pin", "keep the chosen message, or the last one, beyond the newest thousand"),
    Verb("unpin", "/unpin", "no longer"),
    Verb("search", "/search WORDS", "messages of this room with all these words"),
    Verb("lastlog", "/lastlog [WORDS]", "the same in what is loaded; without words, what was said to you"),
    Verb("ignore", "/ignore [NICK]", "show nothing more of a member; without a nick: whom you ignore"),
    Verb("unignore", "/unignore NICK", "show them again"),
    Verb("mute", "/mute", "no bell and no marks for this room; what waits is still counted"),
    Verb("unmute", "/unmute", "as before"),
    Verb("away", "/away", "be away"),
    Verb("back", "/back", "be back"),
    Verb("invite", "/invite [one]", "the link that lets others in, with its QR code; one: for one guest, for a day"),
    Verb("add", "/add NICK", "bring somebody whom you share another room with into this one"),
    Verb("accept", "/accept", "enter the room that you were invited to last"),
    Verb("lobby", "/lobby", "who waits to be let in"),
    Verb("admit", "/admit NICK", "let in somebody who waits"),
    Verb("kick", "/kick NICK", "remove a member for good"),
    Verb("promote", "/promote NICK ROLE", "make somebody admin, moderator, or member again"),
    Verb("slow", "/slow SECONDS", "let plain members speak once in so many seconds; 0 ends it"),
    Verb("verify", "/verify NICK [yes or CODE]", "compare numbers with a member, then say yes"),
    Verb("unverify", "/unverify NICK", "take that back"),
    Verb("theme", "/theme [dark or light or NAME]", "change the colours", ("set",)),
    Verb("clear", "/clear", "empty the screen; PgUp brings messages back"),
    Verb("help", "/help [COMMAND]", "the commands and keys; also F1", ("h", "?")),
    Verb("quit", "/quit", "leave all rooms and end; also Ctrl+Q", ("q", "exit")),
)
_BY_NAME = {name: verb for verb in VERBS for name in (verb.name, *verb.aliases)}


@dataclass(frozen=True, slots=True)
class Say:
    """Words for the room."""

    text: str


@dataclass(frozen=True, slots=True)
class Command:
    """One of `VERBS`, by its full name, and what stood behind it."""

    name: str
    rest: str

    @property
    def words(self) -> list[str]:
        return self.rest.split()


@dataclass(frozen=True, slots=True)
class Unknown:
    """A slash, and no command of ours; nothing of it is sent."""

    sentence: str


Typed: TypeAlias = Say | Command | Unknown


def parse(line: str) -> Typed | None:
    """None for a line of blanks. `//` begins words that begin with a slash; a beginning that is no other's will do."""
    line = line.replace(LINE_BREAK, "\n").strip()
    if not line:
        return None
    if line.startswith("//"):
        return Say(line[1:])
    if not line.startswith("/"):
        return Say(line)
    name, _, rest = line[1:].partition(" ")
    found = _find(name.casefold())
    if isinstance(found, str):
        return Unknown(found)
    if found.name == "me":
        return Say(f"/me {rest.strip()}") if rest.strip() else Unknown(usage_of("me"))
    return Command(found.name, rest.strip())


def _find(name: str) -> Verb | str:
    """The verb, or the sentence that says why there is none."""
    if name in _BY_NAME:
        return _BY_NAME[name]
    begun = [verb for verb in VERBS if name and verb.name.startswith(name)]
    if len(begun) == 1:
        return begun[0]
    if begun:
        return f"/{name} could be {' or '.join(f'/{verb.name}' for verb in begun)}: type more of it"
    guess = get_close_matches(name, [verb.name for verb in VERBS], n=1)
    meant = f" Did you mean /{guess[0]}?" if guess else ""
    return f"there is no /{name}.{meant} /help lists all; to send a line that begins with a slash, type //"


def usage_of(name: str) -> str:
    """How a command is typed, for somebody who typed it otherwise."""
    verb = _BY_NAME[name]
    return f"usage: {verb.usage} - {verb.help}"
