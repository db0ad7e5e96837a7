"""Talk from a terminal, or from a pipe.

    python examples/chat.py --create Deck                  open a private room; prints its invite link
    python examples/chat.py INVITE                         enter by that link
    python examples/chat.py --create Deck --approve        the same; whoever comes waits until you /admit them
    python examples/chat.py --create Lobby --public        open a room that anybody on the server may enter
    python examples/chat.py --server URL Lobby             enter it by name
    fortune | python examples/chat.py INVITE               send lines, then leave

A server that wants to know who you are gets the JWT in SPEAKTUBE_TOKEN, if you name it by --server: an invite link
alone could name anybody's.

In the room: /who  /away  /back  /invite  /lobby  /admit NAME  /kick NAME  /verify NAME  /qr NAME  /help  /quit. Ctrl-C
or Ctrl-D leaves; the others are told. A tick before a name: you verified that key; a cross: somebody else had this
name or claim before.
"""

from __future__ import annotations

import argparse
import asyncio
import getpass
import os
import signal
import sys
import threading
from collections.abc import AsyncIterator, Iterable
from functools import partial
from pathlib import Path

import peer

DEFAULT_SERVER = "http://127.0.0.1:8080"
VERIFIED, DOUBTED = "✓", "✗"
MARKS = "✓✔✅☑✗✘❌"  # and what looks like them
HELP = """\
/who                 who is here, with the beginning of each key
/away  /back         be away, be back
/invite [one]        the link that lets others in, and its QR code; one: a new link, for one guest, good for a day
/lobby               who waits to be let in; then /admit NAME
/kick NAME           remove a member for good
/verify NAME         the number to compare with them; then /verify NAME yes, or /verify NAME CODE; /unverify NAME
/qr NAME             the code that their device may scan to verify you
/quit                leave
A line that begins with // is sent with one slash. NAME may be the beginning of a key."""
NICK_COLOURS = (31, 32, 33, 34, 35, 36, 91, 92, 93, 94, 95, 96)
HAS_COLOURS = sys.stdout.isatty() and "NO_COLOR" not in os.environ


def main() -> None:
    options = parse_options()
    try:
        asyncio.run(chat(options))
    except peer.PeerError as error:
        sys.exit(f"chat: {error}")
    except KeyboardInterrupt:
        sys.exit(130)


def parse_options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="chat.py", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("room", nargs="?", help="an invite link, or the name of a public room")
    parser.add_argument("--create", metavar="TITLE", help="open a new room instead")
    parser.add_argument("--public", action="store_true", help="with --create: anybody may enter, by name")
    parser.add_argument("--approve", action="store_true", help="with --create: whoever comes waits for your /admit")
    parser.add_argument("--server", help=f"the signaling server, where no invite names it ({DEFAULT_SERVER})")
    parser.add_argument("--name", default=getpass.getuser(), help="what the others call you (your login name)")
    parser.add_argument("--data-dir", metavar="DIR", help="keep your identity here; without it you are new each time")
    parser.add_argument("--passphrase", action="store_true", help="with --data-dir: ask for what seals it")
    parser.add_argument("--keyring", action="store_true", help="with --data-dir: the system's keyring seals it")
    options = parser.parse_args()
    if bool(options.room) == bool(options.create):
        parser.error("give either an invite link (or a public room's name), or --create TITLE")
    return options


async def chat(options: argparse.Namespace) -> None:
    """Enter, then do two things side by side: print what happens, send what is typed."""
    server = options.server or (peer.server_of(options.room) if "#" in (options.room or "") else DEFAULT_SERVER)
    token = os.environ.get("SPEAKTUBE_TOKEN") if options.server else None
    async with peer.Peer(
        server,
        name=options.name,
        token=token,
        data_dir=options.data_dir,
        passphrase=partial(ask_passphrase, options.data_dir) if options.passphrase else None,
        keyring=options.keyring,
    ) as me:
        room = await enter(me, options)
        for line in greeting(room, options):
            print(line, flush=True)
        await talk(me, room)


def ask_passphrase(data_dir: str) -> str:
    """Twice where it will seal something from now on: a mistyped one would lock you out."""
    passphrase = getpass.getpass(f"passphrase of {data_dir}: ")
    identity = Path(data_dir, "identity.key")
    is_sealed = identity.is_file() and identity.read_bytes().startswith(b"SPTK")
    if not is_sealed and getpass.getpass("once more, since it is new: ") != passphrase:
        raise peer.BadSetting("the two passphrases are not the same: start again")
    return passphrase


async def enter(me: peer.Peer, options: argparse.Namespace) -> peer.Room:
    if options.create:
        return await me.create_room(options.create, public=options.public, approve=options.approve)
    return await me.join_room(options.room)


def greeting(room: peer.Room, options: argparse.Namespace) -> list[str]:
    if room.state is peer.RoomState.LOBBY:
        return [
            grey("you wait to be let in: an admin of the room has to be here and say yes; /help lists the commands")
        ]
    if not options.create:
        return [grey("entered; /help lists the commands")]
    secrecy = "whoever has this link can enter" if not options.public else "a public room, open to everybody"
    if options.approve:
        secrecy = "whoever has this link can ask to enter; /admit lets them in"
    return [f"{room.invite}", grey(f"{room.name} is open: {secrecy}. /help lists the commands")]


async def talk(me: peer.Peer, room: peer.Room) -> None:
    """Until the room is left, from here or from there."""
    here = asyncio.Event()
    typists: dict[str, str] = {}
    printing = asyncio.create_task(print_events(room, here, typists))
    typing = asyncio.create_task(send_lines(me, room, here, typists))
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, typing.cancel)
    await asyncio.wait({printing, typing}, return_when=asyncio.FIRST_COMPLETED)
    await room.leave()
    typing.cancel()
    await asyncio.gather(printing, typing, return_exceptions=True)
    for task in (printing, typing):
        if not task.cancelled() and (error := task.exception()):
            raise error


async def print_events(room: peer.Room, here: asyncio.Event, typists: dict[str, str]) -> None:
    stood = room.state
    async for event in room.events():
        match event:
            case peer.MemberJoined():
                here.set()
            case peer.TypingChanged(member, typing=True):
                typists[member.id] = plain_name(member.name)
            case peer.TypingChanged(member) | peer.MemberLeft(member):
                typists.pop(member.id, None)
        if line := describe_state(event, stood) if isinstance(event, peer.StateChanged) else describe(event):
            print(line, flush=True)
        if isinstance(event, peer.StateChanged):
            stood = event.state


def describe_state(event: peer.StateChanged, stood: peer.RoomState) -> str:
    """How we stand in the room now, as against before."""
    match event.state:
        case peer.RoomState.LOBBY:
            return grey("you wait to be let in")
        case peer.RoomState.SIGNALING_LOST:
            return grey("the signaling server is gone: the talk goes on, newcomers must wait; trying to reach it")
        case peer.RoomState.JOINED:
            return grey("you are in" if stood is peer.RoomState.LOBBY else "the signaling server is back")
        case peer.RoomState.LEFT if event.reason == "removed":
            return warning("you were removed from this room")
        case peer.RoomState.LEFT:
            return grey(f"you left{': ' + event.reason if event.reason else ''}")


def describe(event: peer.Event) -> str | None:
    """One line for people, or None for what a terminal need not show."""
    match event:
        case peer.Message(text=text, sender=sender, sent_at=sent_at):
            lines = peer.clean_text(text).replace("\n", "\n      ")  # none of them may pass for another message
            return f"{sent_at.astimezone():%H:%M} {nick(sender)} {lines}"
        case peer.MemberJoined(member):
            return grey(f"{marked(member)} is here ({member.role}, {peer.short(member.id)})")
        case peer.MemberLeft(member, reason):
            return grey(f"{marked(member)} {'left' if reason == 'left' else f'was {reason}'}")
        case peer.MemberWaiting(member):
            return warning(f"{marked(member)} waits to be let in: /admit {peer.short(member.id)}")
        case peer.RoomFull(members):
            return warning(f"the room is full ({members} members): nobody comes in by a link any more")
        case peer.RoleChanged(member):
            return grey(f"{'you are' if member.is_me else f'{marked(member)} is'} {member.role} now")
        case peer.PresenceChanged(member):
            return grey(f"{marked(member)} is {member.presence}")
        case peer.KeyChanged(member, known):
            how = "whom you verified" if known.verified else f"you met as {plain_name(known.name)}"
            return warning(
                f"{plain_name(member.name)} ({peer.short(member.id)}) has another key than the person {how} "
                f"({peer.short(known.id)}): a new device, or somebody else. /verify {peer.short(member.id)}"
            )
        case _:
            return None


async def send_lines(me: peer.Peer, room: peer.Room, here: asyncio.Event, typists: dict[str, str]) -> None:
    async for line in typed_lines(room, typists) if sys.stdin.isatty() else piped_lines(here):
        if line in ("/quit", "/leave", "/part"):
            return
        if line.startswith("/") and not line.startswith("//"):
            await command(me, room, line)
        elif line.strip():
            await send(room, line.removeprefix("/") if line.startswith("//") else line)


async def send(room: peer.Room, text: str) -> None:
    """Send, or say why not and go on."""
    try:
        message = await room.send(text)
    except peer.UsageError as error:
        print(grey(str(error)))
        return
    if message.status == "draft":
        print(grey("nobody is here yet: it will be sent to whoever comes first"))


async def command(me: peer.Peer, room: peer.Room, line: str) -> None:
    """Do what a line asks for, or say why not and go on."""
    try:
        if answer := await obey(me, room, line.split()):
            print(answer)
    except (peer.UsageError, peer.CryptoError, peer.StoreError) as error:
        print(warning(str(error)))


async def obey(me: peer.Peer, room: peer.Room, words: list[str]) -> str:
    """The answer for people, or nothing where the events will tell."""
    match words:
        case ["/who"]:
            return "\n".join(grey(describe_member(member)) for member in room.members)
        case ["/away" | "/back" as verb]:
            await room.set_presence("away" if verb == "/away" else "online")
            return ""
        case ["/invite" | "/lobby" | "/admit" | "/kick", *_]:
            return await about_entrance(room, words)
        case ["/verify" | "/unverify" | "/qr" as verb, *who] if who:
            return about_person(me, room, verb, who)
    return grey(HELP)


async def about_entrance(room: peer.Room, words: list[str]) -> str:
    """Who comes in, and who goes."""
    match words:
        case ["/invite"]:
            return with_qr(room.invite) if room.invite else grey("there is no link for all: /invite one makes one")
        case ["/invite", "one"]:
            return with_qr(await room.create_invite())
        case ["/lobby"]:
            return "\n".join(grey(describe_member(member)) for member in room.lobby) or grey("nobody waits")
        case ["/admit", *who] if who:
            await room.admit(find(room.lobby, " ".join(who)))
            return ""
        case ["/kick", *who] if who:
            await room.kick(find(room.members, " ".join(who)))
            return grey("removed; open links of this room have ended: /invite shows the new one")
    return grey(HELP)


def about_person(me: peer.Peer, room: peer.Room, verb: str, words: list[str]) -> str:
    """What concerns one person's key; the answer is for people. Names may hold blanks."""
    if verb == "/verify" and len(words) > 1 and (words[-1] == "yes" or ":" in words[-1]):
        member = find(room.members, " ".join(words[:-1]))
        me.verify(member, code=None if words[-1] == "yes" else words[-1])
        return grey(f"{plain_name(member.name)}'s key is verified: it has a {VERIFIED} before it in every room")
    member = find(room.members, " ".join(words))
    if verb == "/unverify":
        me.unverify(member)
        return grey(f"{plain_name(member.name)}'s key is no longer verified")
    if verb == "/qr":
        code = me.verification_code(member)
        return f"{peer.qr_terminal(code)}\n{grey(f'for {plain_name(member.name)} alone: {code}')}"
    number = room.safety_number(member)
    return "\n".join(
        (
            grey(
                f"read this to {plain_name(member.name)}, face to face or by a voice you know; they type /verify too:"
            ),
            *(f"      {number[at : at + 24].rstrip()}" for at in range(0, len(number), 24)),
            grey(f"the same on both sides? then /verify {peer.short(member.id)} yes"),
        )
    )


def with_qr(link: str) -> str:
    return f"{peer.qr_terminal(link)}\n{link}"


def find(members: Iterable[peer.Member], text: str) -> peer.Member:
    """By name, or by the beginning of a key; raise UsageError unless that is one person."""
    others = [member for member in members if not member.is_me]
    named = [member for member in others if plain_name(member.name).casefold() == plain_name(text).casefold()]
    found = {member.id: member for member in (*named, *(each for each in others if each.id.startswith(text)))}
    if not found:
        raise peer.UsageError(f"nobody here is called {text}: /who and /lobby list names and keys")
    if len(found) > 1:
        keys = ", ".join(map(peer.short, found))
        raise peer.UsageError(f"{len(found)} here are called {text}: say which by the beginning of the key: {keys}")
    return next(iter(found.values()))


def describe_member(member: peer.Member) -> str:
    claim = f", {member.claim.name or member.claim.subject} says {member.claim.issuer}" if member.claim else ""
    me = " (you)" if member.is_me else ""
    return f"{marked(member)}: {member.presence}, {member.role}{me}, {peer.short(member.id)}{claim}"


async def typed_lines(room: peer.Room, typists: dict[str, str]) -> AsyncIterator[str]:
    """Lines of a person at a terminal; the line being typed stays where it is while others print."""
    from prompt_toolkit import PromptSession
    from prompt_toolkit.buffer import Buffer
    from prompt_toolkit.patch_stdout import patch_stdout

    session: PromptSession[str] = PromptSession()

    def tell_typing(buffer: Buffer) -> None:
        if room.state is not peer.RoomState.LEFT:
            session.app.create_background_task(room.set_typing(bool(buffer.text)))

    def who_is_typing() -> str:
        return f"{', '.join(typists.values())} typing ..." if typists else room.name

    session.default_buffer.on_text_changed += tell_typing
    with patch_stdout(raw=True):
        while True:
            try:
                yield await session.prompt_async("> ", bottom_toolbar=who_is_typing, refresh_interval=0.5)
            except (EOFError, KeyboardInterrupt):
                return


async def piped_lines(here: asyncio.Event) -> AsyncIterator[str]:
    """Lines of a file or program, once somebody is there to read them; undecodable bytes become question marks."""
    await here.wait()
    lines: asyncio.Queue[str | None] = asyncio.Queue()
    loop = asyncio.get_running_loop()
    threading.Thread(target=read_lines, args=(loop, lines), daemon=True).start()
    while (line := await lines.get()) is not None:
        yield line


def read_lines(loop: asyncio.AbstractEventLoop, lines: asyncio.Queue[str | None]) -> None:
    """In a thread of its own, since reading a pipe or file blocks."""
    for line in sys.stdin.buffer:
        loop.call_soon_threadsafe(lines.put_nowait, line.decode(errors="replace").rstrip("\r\n"))
    loop.call_soon_threadsafe(lines.put_nowait, None)


def nick(member: peer.Member) -> str:
    colour = NICK_COLOURS[sum(member.id.encode()) % len(NICK_COLOURS)]
    name = plain_name(member.name)
    return mark(member) + (f"\033[{colour}m{name}\033[0m" if HAS_COLOURS else f"<{name}>")


def marked(member: peer.Member) -> str:
    return mark(member) + plain_name(member.name)


def mark(member: peer.Member) -> str:
    if member.verified:
        return VERIFIED
    return DOUBTED if member.changed_from else ""


def plain_name(name: str) -> str:
    """Without the marks, which nobody may give himself."""
    return name.translate(dict.fromkeys(map(ord, MARKS))).strip() or "nameless"


def warning(text: str) -> str:
    return f"\033[1;31m!! {text}\033[0m" if HAS_COLOURS else f"!! {text}"


def grey(text: str) -> str:
    return f"\033[2m-- {text}\033[0m" if HAS_COLOURS else f"-- {text}"


if __name__ == "__main__":
    main()
