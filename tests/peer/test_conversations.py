"""All rooms of a peer at once, on the network in memory and with restarts."""

from __future__ import annotations

import io
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from peer import BadSetting, Closed, Peer, Room
from peer.ids import RoomId
from peer.testing import Network

from ..support.rooms import linked


@asynccontextmanager
async def ann_in(network: Network, folder: Path) -> AsyncIterator[Peer]:
    """Ann's process, which can be ended and begun again."""
    async with Peer("http://memory.invalid", name="ann", data_dir=folder, transport=network.transport("ann")) as ann:
        yield ann


async def say_something(network: Network, ann: Peer) -> tuple[Room, Room]:
    """In a private room and in a public one, both of which bob hears and answers."""
    bob = await network.peer("bob")
    deck, lobby = await ann.create_room("Deck"), await ann.create_room("Lobby", public=True)
    there, here = await bob.join_room(str(deck.invite)), await bob.join_room("Lobby")
    await linked(deck, there)
    await linked(lobby, here)
    await deck.send("ahoy deck")
    await here.send("ahoy lobby")
    async with lobby_heard(lobby):
        return deck, lobby


@asynccontextmanager
async def lobby_heard(lobby: Room) -> AsyncIterator[None]:
    stream = lobby.events()
    while not lobby.unread:
        await anext(stream)
    yield


async def texts(ann: Peer, room_id: RoomId) -> list[str]:
    return [message.text async for message in ann.history(room_id)]


async def test_rooms_are_listed_while_we_are_in_them_and_after_a_restart(tmp_path: Path) -> None:
    """The newest first, with what was said last, and how much of it we have not read."""
    async with Network() as network:
        async with ann_in(network, tmp_path) as ann:
            await say_something(network, ann)
            listed = await ann.conversations()
            assert [(each.title, each.kind, each.unread, each.is_open) for each in listed] == [
                ("Lobby", "public", 1, True),
                ("Deck", "private", 0, True),
            ]
            previews = [each.preview for each in listed]
            assert [(each.sender_name, each.text) for each in previews if each] == [
                ("bob", "ahoy lobby"),
                ("ann", "ahoy deck"),
            ]
        async with ann_in(network, tmp_path) as ann:
            again = await ann.conversations()
            assert [(each.title, each.unread, each.preview, each.is_open) for each in again] == [
                ("Lobby", 1, previews[0], False),
                ("Deck", 0, previews[1], False),
            ]


async def test_kept_rooms_are_read_without_a_server(tmp_path: Path) -> None:
    """Each of them, all of them by words, and written out."""
    async with Network() as network:
        async with ann_in(network, tmp_path) as ann:
            deck, lobby = await say_something(network, ann)
        network.stop_server()
        async with ann_in(network, tmp_path) as ann:
            assert await texts(ann, deck.room_id) == ["ahoy deck"]
            assert await texts(ann, lobby.room_id) == ["ahoy lobby"]
            found = await ann.search("AHOY")
            assert [(each.conversation.title, each.message.sender.name) for each in found] == [
                ("Lobby", "bob"),
                ("Deck", "ann"),
            ]
            assert await ann.search("nothing of that") == []
            written = io.StringIO()
            await ann.export(found[0].conversation, written, format="markdown")
            assert "ahoy lobby" in written.getvalue()
            assert ann.rooms == ()


async def test_kept_rooms_are_entered_again_without_their_links(tmp_path: Path) -> None:
    """Also where everybody has left meanwhile; and once only."""
    async with Network() as network:
        async with ann_in(network, tmp_path) as ann:
            await say_something(network, ann)
        async with ann_in(network, tmp_path) as ann:
            listed = await ann.conversations()
            lobby, deck = [await ann.enter(each) for each in listed]
            assert (lobby.name, deck.name) == ("Lobby", "Deck")
            assert await ann.enter(deck.room_id) is deck
            assert deck.invite is not None
            bob = await network.peer("bob again")
            await linked(deck, await bob.join_room(deck.invite))
            assert await texts(ann, deck.room_id) == ["ahoy deck"]
    async with Network() as empty, ann_in(empty, tmp_path) as ann:
        for each in listed:
            assert (await ann.enter(each)).name == each.title
        assert [each.custom_name for each in await ann.list_rooms()] == ["Lobby"]


async def test_forgotten_room_is_gone_from_the_list(tmp_path: Path) -> None:
    """And nothing of it is read or entered any more."""
    async with Network() as network, ann_in(network, tmp_path) as ann:
        deck, lobby = await say_something(network, ann)
        await ann.forget_room(deck)
        await lobby.leave()
        [line] = await ann.conversations()
        await ann.forget_room(line)
        await ann.forget_room(lobby.room_id)
        assert await ann.conversations() == []
        for call in (ann.enter(deck.room_id), texts(ann, deck.room_id)):
            with pytest.raises(BadSetting, match="no such room is kept here"):
                await call


async def test_room_whose_name_was_not_kept_is_not_searched(tmp_path: Path) -> None:
    """An earlier version kept the messages of public rooms, and not what they are called."""
    async with Network() as network, ann_in(network, tmp_path) as ann:
        _, lobby = await say_something(network, ann)
        await lobby.leave()
        ann._safe.vault.rooms.delete(lobby.room_id)
        assert [each.title for each in await ann.conversations()] == ["untitled", "Deck"]
        assert [each.message.text for each in await ann.search("ahoy")] == ["ahoy deck"]


async def test_closed_peer_lists_nothing() -> None:
    """As all else that it can do."""
    async with Network() as network:
        ann = Peer("http://memory.invalid", name="ann", transport=network.transport("ann"))
        for call in (ann.conversations(), ann.search("x"), ann.enter(RoomId(bytes(32)))):
            with pytest.raises(Closed):
                await call
