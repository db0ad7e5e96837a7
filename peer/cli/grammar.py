"""What can be typed behind `python -m peer`: argparse, and help that teaches by examples; loads nothing heavy."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Sequence
from typing import NoReturn

from .durations import parse_duration

__all__ = ["parse"]

_OVERVIEW = """\
Rooms where people and programs talk directly, end-to-end encrypted.

  python -m peer chat --create Deck          open a private room; its invite link is printed
  python -m peer chat INVITE                 enter by that link
  python -m peer tui                         the same as a full screen
  python -m peer send INVITE ahoy            one message, and out again
  python -m peer recv INVITE | tee log.txt   print what is said
  python -m peer doctor                      is everything there that it takes? and if not, what to do
"""

_ACCOUNTS = """\
who you are:
  Your identity and rooms are kept in ~/.local/share/speaktube/NAME (or below $XDG_DATA_HOME): the next time you are
  the same person, and miss nothing. --temporary keeps nothing. Secrets are no arguments, as others could read them:
  SPEAKTUBE_TOKEN or --token-file has the JWT for a server that wants one, and goes only to the server that you name;
  SPEAKTUBE_PASSPHRASE, --passphrase-file or the terminal has what seals the identity.

environment:
  SPEAKTUBE_SERVER, SPEAKTUBE_NAME, SPEAKTUBE_DATA_DIR, SPEAKTUBE_TOKEN(_FILE), SPEAKTUBE_PASSPHRASE(_FILE), NO_COLOR

exit codes:
  0 done   1 not done, and why is said   2 wrong usage   3 not in time   130 Ctrl-C   141 the reader of a pipe has gone
"""

_WHERE = "an invite link, the title of a conversation that is kept, or the name of a public room"

_CHAT = """\
  python -m peer chat --create Deck              open a private room; prints its invite link
  python -m peer chat INVITE                     enter by that link
  python -m peer chat Deck                       enter it again, the next day
  python -m peer chat --create Deck --approve    whoever comes waits until you /admit them
  python -m peer chat --create Lobby --public    a room that anybody on the server may enter, by name
  fortune | python -m peer chat INVITE           send lines to who is there, then leave
  my-program | python -m peer chat INVITE --json | my-program    JSON lines both ways: docs/terminal.md

In the room: /who  /reply  /react  /edit  /delete  /history  /search  /away  /back  /invite  /verify NAME  /kick NAME
and more: /help lists them. Ctrl-C or Ctrl-D leaves; the others are told. A tick before a name: you verified that key;
a cross: somebody else had this name or claim before.
"""

_TUI = """\
  python -m peer tui                             choose a conversation, or make one
  python -m peer tui INVITE
  python -m peer tui --create Deck
"""

_SEND = """\
  python -m peer send Deck the build is green
  make 2>&1 | tail -20 | python -m peer send INVITE              what comes in is one message
  python -m peer send Deck --wait read --timeout 10m lunch?      0 once everybody has read it, else 3

Words on a command line can be read by every user of this machine: pipe what is secret.
"""

_RECV = """\
  python -m peer recv INVITE                     until Ctrl-C
  python -m peer recv Deck --count 1 --text      the words of the next message, and nothing else
  python -m peer recv Deck --json | jq .text
"""

_ROOMS = """\
  python -m peer rooms                           the public rooms of a server
  python -m peer rooms --mine                    the conversations that are kept here; needs no server
"""

_INVITE = """\
  python -m peer invite Deck                     for one guest, good for a day
  python -m peer invite Deck --open --expires 1w
  python -m peer invite Deck --svg invite.svg    the QR code as a picture too

A link is a key: give it to whom you mean, and by a way that others do not read.
"""

_VERIFY = """\
  python -m peer verify Deck bob                 the number to compare with bob, and the code that bob may scan
  python -m peer verify Deck bob --yes           you have compared it: bob's key is verified from now on
  python -m peer verify Deck bob --code CODE     what you scanned from bob's screen
"""

_HISTORY = """\
  python -m peer history Deck                    the last 50 messages; needs no server
  python -m peer history Deck --search anchor
  python -m peer history --search anchor         in all conversations
"""

_EXPORT = """\
  python -m peer export Deck deck.jsonl
  python -m peer export Deck --format markdown > deck.md
"""

_BOT = """\
  python -m peer bot echo_bot:bot INVITE         the object `bot` of ./echo_bot.py
  python -m peer bot my.bots:quiz --room Lobby   a public room of the server, made if it is not there
"""

_DOCTOR = """\
  python -m peer doctor
  python -m peer doctor --server https://chat.example --token-file token

Exit code 1 where something has to be mended.
"""


_LATE = {"export": "file", "bot": "where"}
"""The last thing that stands behind a command, and may be missing."""


class _Parser(argparse.ArgumentParser):
    """Says where help is, on top of what is wrong."""

    def error(self, message: str) -> NoReturn:
        self.print_usage(sys.stderr)
        self.exit(2, f"{self.prog}: {message}; {self.prog} --help shows how\n")


def parse(arguments: Sequence[str] | None = None) -> argparse.Namespace:
    """`command`, `module` (that which has its `run`) and the command's options; exits with 2 where they are wrong."""
    parser = _Parser(
        prog="python -m peer",
        description=_OVERVIEW,
        epilog=_ACCOUNTS,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    commands = parser.add_subparsers(dest="command", metavar="COMMAND", required=True)
    for name, (help_line, examples, add) in _COMMANDS.items():
        command = commands.add_parser(
            name,
            help=help_line,
            description=f"{help_line[0].upper()}{help_line[1:]}.\n\n{examples}",
            epilog=_ACCOUNTS,
            formatter_class=argparse.RawDescriptionHelpFormatter,
            allow_abbrev=False,
        )
        add(command)
        _add_account(command)
    options, rest = parser.parse_known_args(arguments)
    command = commands.choices[options.command]
    _take_rest(command, options, rest)
    _check_place(command, options)
    return options


def _take_rest(parser: argparse.ArgumentParser, options: argparse.Namespace, rest: list[str]) -> None:
    """What may be left out may also stand behind options, and there argparse does not see it."""
    late = _LATE.get(options.command)
    is_free = late is not None and not getattr(options, late)
    if options.command == "send" and not any(word.startswith("-") for word in rest):
        options.text += rest
    elif late and is_free and len(rest) == 1 and not rest[0].startswith("-"):
        setattr(options, late, rest[0])
    elif rest:
        parser.error(f"what is {' '.join(rest)}?")


def _check_place(parser: argparse.ArgumentParser, options: argparse.Namespace) -> None:
    """What argparse cannot say: one of two ways into a room."""
    if getattr(options, "where", None) == "":
        parser.error("the room is empty: give an invite link, or a name")
    if options.command == "chat" and bool(options.where) == bool(options.create):
        parser.error("give either an invite link (or a room's name), or --create TITLE")
    if options.command == "tui" and options.where and options.create:
        parser.error("give an invite link (or a room's name), or --create TITLE, not both")
    if options.command in ("chat", "tui") and not options.create and (options.public or options.approve):
        parser.error("--public and --approve go with --create TITLE")
    if options.command == "history" and not options.where and not options.search:
        parser.error("give a conversation, or --search TEXT for all of them")


def _add_account(parser: argparse.ArgumentParser) -> None:
    group = parser.add_argument_group("who you are, and where")
    group.add_argument(
        "--server", metavar="URL", help="the signaling server, where no invite names it (one on this machine)"
    )
    group.add_argument("--name", help="what the others call you (your login name)")
    group.add_argument("--data-dir", metavar="DIR", help="keep your identity and rooms in this folder")
    group.add_argument("--temporary", action="store_true", help="keep nothing: you are somebody new")
    group.add_argument(
        "--passphrase", action="store_true", help="ask for what seals the folder, from now on or already"
    )
    group.add_argument("--passphrase-file", metavar="FILE", help="its first line is that passphrase")
    group.add_argument("--keyring", action="store_true", help="the system's keyring seals the folder")
    group.add_argument(
        "--token-file", metavar="FILE", help="its first line is your JWT for the server named by --server"
    )


def _add_chat(parser: argparse.ArgumentParser) -> None:
    _add_entrance(parser)
    parser.add_argument("--json", action="store_true", help="JSON lines: requests in, events out")


def _add_tui(parser: argparse.ArgumentParser) -> None:
    _add_entrance(parser)
    parser.add_argument("--theme", default="", help="dark, light, or the name of one of textual's (dark)")


def _add_entrance(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("where", metavar="ROOM", nargs="?", help=_WHERE)
    parser.add_argument("--create", metavar="TITLE", help="open a new room instead")
    parser.add_argument("--public", action="store_true", help="with --create: anybody may enter, by name")
    parser.add_argument("--approve", action="store_true", help="with --create: whoever comes waits for your /admit")


def _add_send(parser: argparse.ArgumentParser) -> None:
    _add_where(parser)
    parser.add_argument(
        "text", metavar="TEXT", nargs="*", help="the message; without it, what comes from standard input"
    )
    parser.add_argument(
        "--wait", choices=("sent", "delivered", "read"), default="sent", help="by somebody, by all; then leave (sent)"
    )
    _add_timeout(parser, default="30s", what="give up after this long; the message is kept, and goes out the next time")
    parser.add_argument("--json", action="store_true", help="print the message as JSON")


def _add_recv(parser: argparse.ArgumentParser) -> None:
    _add_where(parser)
    parser.add_argument("--count", type=_positive, metavar="N", help="end after so many messages")
    _add_timeout(parser, default=None, what="end after this long, with 3 where --count had not come")
    form = parser.add_mutually_exclusive_group()
    form.add_argument("--json", action="store_true", help="one JSON object a message")
    form.add_argument("--text", action="store_true", help="the words alone")
    parser.add_argument("--earlier", action="store_true", help="also what was said before you came into the room")


def _add_rooms(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--mine", action="store_true", help="the conversations that are kept here instead")
    parser.add_argument("--json", action="store_true", help="one JSON object a room")


def _add_invite(parser: argparse.ArgumentParser) -> None:
    _add_where(parser)
    parser.add_argument("--open", action="store_true", help="for any number of guests, not for one")
    parser.add_argument(
        "--expires", type=_duration_or_never, metavar="TIME", default="1d", help="30m, 12h, 7d, never (1d)"
    )
    parser.add_argument("--svg", metavar="FILE", help="write the QR code there, as a picture")
    parser.add_argument("--no-qr", action="store_true", help="print the link alone")


def _add_verify(parser: argparse.ArgumentParser) -> None:
    _add_where(parser)
    parser.add_argument("member", metavar="NAME", help="who, by name or by the beginning of the key")
    how = parser.add_mutually_exclusive_group()
    how.add_argument("--yes", action="store_true", help="you have compared the numbers, and they are the same")
    how.add_argument("--code", help="what you scanned or were given from their screen")
    how.add_argument("--undo", action="store_true", help="this key is no longer verified")
    parser.add_argument("--svg", metavar="FILE", help="write the code that they may scan there, as a picture")
    _add_timeout(parser, default="10s", what="wait so long for them to be there")


def _add_history(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("where", metavar="ROOM", nargs="?", help="the title of a conversation that is kept")
    parser.add_argument("--limit", type=_positive, metavar="N", default=50, help="so many messages at most (50)")
    parser.add_argument("--search", metavar="TEXT", help="those that hold all of these words")
    parser.add_argument("--json", action="store_true", help="one JSON object a message")


def _add_export(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("where", metavar="ROOM", help="the title of a conversation that is kept")
    parser.add_argument("file", metavar="FILE", nargs="?", help="where to; standard output without it, or with -")
    parser.add_argument(
        "--format", choices=("jsonl", "markdown"), default="jsonl", help="for programs, or for eyes (jsonl)"
    )


def _add_bot(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "bot", metavar="MODULE:NAME", help="the peer.Bot object NAME of a module, found from this folder"
    )
    parser.add_argument("where", metavar="INVITE", nargs="?", help="where it serves")
    parser.add_argument("--room", metavar="NAME", help="a public room instead; made if it is not there")


def _add_doctor(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--json", action="store_true", help="one JSON object a check")


def _add_where(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("where", metavar="ROOM", help=_WHERE)


def _add_timeout(parser: argparse.ArgumentParser, *, default: str | None, what: str) -> None:
    usual = f" ({default})" if default else ""
    parser.add_argument("--timeout", type=_duration, metavar="TIME", default=default, help=what + usual)


def _duration(text: str) -> float:
    try:
        return parse_duration(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from None


def _duration_or_never(text: str) -> float | None:
    return None if text == "never" else _duration(text)


def _positive(text: str) -> int:
    if not (text.isascii() and text.isdigit() and 0 < int(text) < 10**9):
        raise argparse.ArgumentTypeError(f"{text!r} is not a number from 1 on")
    return int(text)


_COMMANDS: dict[str, tuple[str, str, Callable[[argparse.ArgumentParser], None]]] = {
    "chat": ("talk, line by line, at a terminal or in a pipe", _CHAT, _add_chat),
    "tui": ("talk, on a full screen", _TUI, _add_tui),
    "send": ("send one message, and leave", _SEND, _add_send),
    "recv": ("print the messages of a room as they come", _RECV, _add_recv),
    "rooms": ("list public rooms, or your conversations", _ROOMS, _add_rooms),
    "invite": ("make a link that lets somebody in", _INVITE, _add_invite),
    "verify": ("make sure that a key is the person's whom you mean", _VERIFY, _add_verify),
    "history": ("print what was said in a conversation", _HISTORY, _add_history),
    "export": ("write a conversation to a file", _EXPORT, _add_export),
    "bot": ("run a bot", _BOT, _add_bot),
    "doctor": ("check what it takes, and say what to do", _DOCTOR, _add_doctor),
}
"""In the order of the help; the module that runs one bears its name."""
