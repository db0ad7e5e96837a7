"""Make docs/terminal.svg, the picture of the full-screen chat: `make screenshot`.

    python -m tests.documents.screenshot [--size 100x30] [--theme light] [--start] [FILE]

Real peers say real things over the network in memory, and textual draws what alice sees. Times and keys, and with them
the colours of names, are new each time.
"""

from __future__ import annotations

import argparse
import asyncio
import re
from pathlib import Path

from peer.peer import Peer
from peer.room import Room
from peer.testing import Network
from peer.tui.app import ChatApp
from peer.tui.chat_screen import ChatScreen
from peer.tui.room_view import RoomView
from peer.tui.session import Session
from peer.tui.start import Start
from tests.peer.tui.stage import until

__all__ = ["picture", "without_fetched_fonts"]

_SERVER = "http://127.0.0.1:8080"
_CREW = {"alice", "bob", "carol", "dave"}
_RECEIPTS_S = 2.3
"""Receipts go out every two seconds."""
_COMMENTS = re.compile(r"<!--.*?-->\s*", re.DOTALL)
_FONT_FACES = re.compile(r"@font-face \{.*?\}\s*", re.DOTALL)


def without_fetched_fonts(svg: str) -> str:
    """Drawn in a font of whoever looks at it: nothing is asked of other hosts."""
    return _COMMENTS.sub("", _FONT_FACES.sub("", svg)).replace("Fira Code", "DejaVu Sans Mono")


async def picture(*, size: tuple[int, int], theme: str, is_start: bool = False) -> str:
    """The SVG of a screen of so many columns and lines."""
    async with Network() as network:
        bob, carol, dave = [await network.peer(name) for name in ("bob", "carol", "dave")]
        lobby = await carol.create_room("Lobby", public=True)
        deck = await bob.create_room("Deck")
        assert deck.invite is not None
        theirs = await carol.join_room(deck.invite)
        gone = await dave.join_room(deck.invite)
        await until(lambda: sum(each.presence == "online" for each in deck.members) == 3)
        await deck.promote(theirs.me, "moderator")

        def open_peer(_server: str, name: str) -> Peer:
            return Peer("http://memory.invalid", name=name, transport=network.transport(name))

        async with Session(open_peer) as session:
            app = ChatApp(
                session, Start(name="alice", server=_SERVER, room="" if is_start else deck.invite), theme=theme
            )
            async with app.run_test(size=size) as pilot:
                if not is_start:
                    await _talk(app, deck, theirs, gone, lobby)
                await pilot.pause(0.2)
                return without_fetched_fonts(app.export_screenshot(title="Speaktube"))


async def _talk(app: ChatApp, bobs: Room, carols: Room, daves: Room, lobby: Room) -> None:
    """What the picture tells of: an answer, a reaction, an action, somebody who leaves, what came unseen."""
    await until(lambda: isinstance(app.screen, ChatScreen))
    chat = app.screen
    assert isinstance(chat, ChatScreen)
    view = chat.desk.view
    assert view is not None
    await until(lambda: {each.name for each in view.room.members if each.presence == "online"} >= _CREW)
    chat.desk.me.verify(next(member for member in view.room.members if member.name == "bob"))
    await _heard(view, bobs, "The harbour bot is up. It answers !tide and !wind, straight from the buoys.")
    await _heard(view, carols, "alice: did the new link survive the night?")
    asked = view.transcript.newest(mine=False)
    await view.send("Two network changes and a sleeping laptop, not one message lost.", reply_to=asked)
    answer = view.transcript.messages()[-1]
    await until(lambda: bobs.unread == carols.unread == 2)
    for room in (bobs, carols):
        await room.react(answer.id, "★")
    await _heard(view, daves, "/me is off to the galley")
    await daves.leave()
    await chat.desk.join("Lobby")
    chat.desk.go(0)
    view.look_away()
    await _heard(
        view,
        bobs,
        "Let us write down:\n- who was away gets it from whoever is here\n- nobody can change what another said",
    )
    last = await bobs.send("I shal put it into the README")
    await bobs.edit(last, "I shall put it into the README")
    for text in ("anybody here?", "alice, ping"):
        await lobby.send(text)
    await carols.set_presence("away")
    await asyncio.sleep(_RECEIPTS_S)
    await bobs.set_typing(True)
    await until(lambda: view.typists)


async def _heard(view: RoomView, room: Room, text: str) -> None:
    await room.send(text)
    await until(lambda: any(each.text == text for each in view.transcript.messages()))


def main() -> None:
    parser = argparse.ArgumentParser(description="Make the picture of the full-screen chat.")
    parser.add_argument("file", nargs="?", type=Path, default=Path("docs/terminal.svg"))
    parser.add_argument("--size", default="100x30", help="columns and lines (100x30)")
    parser.add_argument("--theme", default="dark")
    parser.add_argument("--start", action="store_true", help="the start screen")
    options = parser.parse_args()
    columns, lines = map(int, options.size.split("x"))
    svg = asyncio.run(picture(size=(columns, lines), theme=options.theme, is_start=options.start))
    options.file.write_text(svg, encoding="utf-8")


if __name__ == "__main__":
    main()
