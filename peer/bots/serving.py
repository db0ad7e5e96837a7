"""How a bot runs as a program: it enters its rooms, on one server or several, serves them, and stops when told to.

On Ctrl-C or SIGTERM nothing more is taken in, handlers finish within `Config.handler_grace_s`, and then all rooms are
left. Whatever keeps it from a room is one sentence on standard error and exit code 1.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import re
import signal
import sys
from collections.abc import Awaitable, Iterable, Sequence
from contextlib import AsyncExitStack, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from ..config import Config
from ..errors import BadSetting, JoinRefused, PeerError
from ..events import RoomState
from ..invite import looks_like_invite
from ..peer import Peer, server_of
from ..ports import TokenSource
from ..room import Room
from ..runtime import Runtime
from ..store.identity_file import IDENTITY_FILE
from ..store.protection import PassphraseSource

__all__ = ["INVITE_SETTING", "Place", "Servant", "main", "run"]

INVITE_SETTING = "SPEAKTUBE_INVITE"


class Servant(Protocol):
    """What is run: a bot."""

    @property
    def name(self) -> str: ...

    @property
    def config(self) -> Config: ...

    def serve(self, room: Room) -> Awaitable[None]: ...

    def finish(self) -> Awaitable[None]: ...


@dataclass(frozen=True, slots=True)
class Place:
    """One room to serve: an invite link, or a server's address and the name of a public room there."""

    where: str = field(repr=False)
    room: str | None = None
    token: TokenSource = field(default=None, repr=False)
    """The user's JWT at that server, or a function that supplies one."""

    @property
    def server(self) -> str:
        return server_of(self.where)


def run(
    bot: Servant,
    where: Sequence[str | Place],
    *,
    room: str | None = None,
    token: TokenSource = None,
    data_dir: str | Path | None = None,
    passphrase: PassphraseSource = None,
    keyring: bool = False,
) -> None:
    """Until told to stop; ends the program with a sentence where it cannot."""
    try:
        places = _places_of(where, room=room, token=token)
        asyncio.run(_run(bot, places, data_dir=data_dir, passphrase=passphrase, keyring=keyring))
    except PeerError as error:
        sys.exit(f"{bot.name}: {error}")


async def _run(
    bot: Servant,
    places: Sequence[Place],
    *,
    data_dir: str | Path | None,
    passphrase: PassphraseSource,
    keyring: bool,
) -> None:
    stop = _stop_event()
    servers = _by_server(places)
    async with AsyncExitStack() as stack:
        rooms: list[Room] = []
        for server, there in servers.items():
            me = Peer(
                server,
                name=bot.name,
                token=there[0].token,
                data_dir=_folder(data_dir, server, is_alone=len(servers) == 1),
                passphrase=passphrase,
                keyring=keyring,
                config=bot.config,
            )
            await stack.enter_async_context(me)
            rooms += [await _enter(me, place) for place in there]
        await _serve(bot, list(dict.fromkeys(rooms)), stop)


async def _serve(bot: Servant, rooms: Sequence[Room], stop: asyncio.Event) -> None:
    """Until every room was left, by us or because we were removed."""
    for room in rooms:
        place = "in the lobby until an admin lets it in" if room.state is RoomState.LOBBY else "in the room"
        name = f" {room.name}" if len(rooms) > 1 else ""
        print(f"{bot.name} is {place}{name}; Ctrl-C leaves", file=sys.stderr)  # noqa: T201
    async with Runtime() as runtime:
        runtime.spawn(_leave_when(stop, bot, rooms), name="stop")
        await asyncio.gather(*(bot.serve(room) for room in rooms))
        stop.set()


async def _leave_when(stop: asyncio.Event, bot: Servant, rooms: Iterable[Room]) -> None:
    await stop.wait()
    await bot.finish()
    await asyncio.gather(*(room.leave() for room in rooms))


def _places_of(where: Sequence[str | Place], *, room: str | None, token: TokenSource) -> list[Place]:
    """What the arguments of `Bot.run` say. Raises BadSetting for a token that several servers would get."""
    places = [each if isinstance(each, Place) else Place(each, room=room, token=token) for each in where]
    if (
        token is not None
        and len({place.server for place, given in zip(places, where, strict=True) if place != given}) > 1
    ):
        raise BadSetting("a token is for one server: pass peer.Place(invite, token=...) for each that wants one")
    return places


def _by_server(places: Sequence[Place]) -> dict[str, list[Place]]:
    """A peer is on one server, with one token; raise BadSetting for places that do not go together."""
    if not places:
        raise BadSetting("which room? pass an invite link, or a server's address and room=")
    servers: dict[str, list[Place]] = {}
    for place in places:
        servers.setdefault(place.server.rstrip("/"), []).append(place)
    if any(len({place.token for place in there}) > 1 for there in servers.values()):
        raise BadSetting("rooms on one server are entered with one token: pass the same to each peer.Place")
    return servers


def _folder(data_dir: str | Path | None, server: str, *, is_alone: bool) -> Path | None:
    """Where what belongs to one server is kept: an identity is for one server, so none learns of another."""
    if data_dir is None or is_alone:
        return None if data_dir is None else Path(data_dir)
    folder = Path(data_dir) / re.sub(r"[^a-z0-9.]+", "_", server.rpartition("://")[2].lower()).strip("_.")
    if (Path(data_dir) / IDENTITY_FILE).exists():
        raise BadSetting(f"{data_dir} holds the identity for one server alone: move its files to {folder}")
    return folder


async def _enter(me: Peer, place: Place) -> Room:
    if looks_like_invite(place.where):
        return await me.join_room(place.where)
    if place.room is None:
        raise BadSetting("which room? pass an invite link, or room= beside the server's address")
    return await _join_or_create(me, place.room)


async def _join_or_create(me: Peer, room: str) -> Room:
    try:
        return await me.join_room(room)
    except JoinRefused as error:
        if error.code != "no_such_room":
            raise
    try:
        return await me.create_room(room, public=True)
    except JoinRefused as error:
        if error.code != "room_exists":
            raise
        return await me.join_room(room)  # somebody was quicker


def _stop_event() -> asyncio.Event:
    """Set by Ctrl-C or SIGTERM."""
    stop = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        with suppress(NotImplementedError):  # Windows: Ctrl-C raises KeyboardInterrupt instead
            asyncio.get_running_loop().add_signal_handler(number, stop.set)
    return stop


# ---- from a command line


def main(bot: Servant, arguments: Sequence[str] | None = None) -> None:
    """Serve what the command line says. Nothing secret need stand in it."""
    options = _parser(bot.name).parse_args(arguments)
    try:
        where = [_invite(each) for each in options.invite or [os.environ.get(INVITE_SETTING, "")]]
        token, passphrase = _secret(options.token_file), _secret(options.passphrase_file)
    except (OSError, PeerError) as error:
        sys.exit(f"{bot.name}: {error}")
    run(bot, where, room=options.room, token=token, data_dir=options.data_dir, passphrase=passphrase)


def _parser(name: str) -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=f"Runs {name} in rooms of Speaktube until Ctrl-C.")
    parser.add_argument(
        "invite",
        nargs="*",
        help=f"an invite link, - to read it from standard input, or a server (else {INVITE_SETTING})",
    )
    parser.add_argument("--room", help="the public room, beside a server's address; made where there is none")
    parser.add_argument("--data-dir", help="keeps identity, rooms and state from one start to the next")
    parser.add_argument("--passphrase-file", help="its first line guards what is kept")
    parser.add_argument("--token-file", help="its first line is the JWT, where the server wants one")
    return parser


def _invite(given: str) -> str:
    text = sys.stdin.readline().strip() if given == "-" else given
    if not text:
        raise BadSetting(f"which room? pass an invite link, - to be asked for it, or set {INVITE_SETTING}")
    return text


def _secret(path: str | None) -> str | None:
    """The first line of a file; raise BadSetting for an empty one, OSError."""
    if path is None:
        return None
    line = Path(path).read_text("utf-8").partition("\n")[0].strip()
    if not line:
        raise BadSetting(f"the first line of {path} is empty: write the secret there")
    return line
