"""Streams as programs see them, between whole peers in memory."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import TypeVar

import pytest

import peer
from peer.testing import Network

Kind = TypeVar("Kind")


@dataclass
class Pair:
    """Ann, whose room it is, and Bob, who hears what happens."""

    network: Network
    ann: peer.Room
    bob: peer.Room
    heard: peer.EventStream

    async def open(self, size: int | None = None) -> tuple[peer.OutgoingStream, peer.StreamReader]:
        """A stream of Ann's, and what Bob is handed of it."""
        stream = await self.ann.open_stream(self.bob.me, label="photo.png", size=size)
        opened = await self.hear(peer.StreamOpened)
        assert (opened.member.name, opened.label, opened.size) == ("ann", "photo.png", size)
        return stream, opened.stream

    async def hear(self, kind: type[Kind]) -> Kind:
        return await _first(self.heard, kind)


@pytest.fixture
async def pair() -> AsyncIterator[Pair]:
    config = peer.Config(stream_window_bytes=32 * 1024, stream_buffer_bytes=1024, last_words_s=0.1)
    async with Network() as network:
        ann, bob = [await network.peer(name, config=config) for name in ("ann", "bob")]
        deck = await ann.create_room("Deck")
        assert deck.invite is not None
        arrivals = deck.events()
        room = await bob.join_room(deck.invite)
        pair = Pair(network, deck, room, room.events())
        await pair.hear(peer.MemberJoined)
        await _first(arrivals, peer.MemberJoined)
        yield pair


async def _first(events: peer.EventStream, kind: type[Kind]) -> Kind:
    async with asyncio.timeout(5):
        while not isinstance(event := await anext(events), kind):
            pass
    return event


async def test_bytes_arrive_whole_and_in_order(pair: Pair) -> None:
    """However they are written; `close` returns when all was read."""
    sent = bytes(range(256)) * 1024
    stream, reader = await pair.open(len(sent))

    async def write() -> None:
        async with stream:
            for start in range(0, len(sent), 100_000):
                await stream.write(sent[start : start + 100_000])

    writing = asyncio.create_task(write())
    read = b"".join([chunk async for chunk in reader])
    await writing
    assert read == sent
    assert reader.taken_bytes == stream.acknowledged_bytes == len(sent)
    assert await reader.read() == b""
    await stream.close()
    with pytest.raises(peer.UsageError):
        await stream.write(b"more")


async def test_write_waits_for_the_reader(pair: Pair) -> None:
    """Unread, no more than the credit and our own buffer is taken from the program."""
    stream, reader = await pair.open()
    writing = asyncio.create_task(stream.write(bytes(100_000)))
    await asyncio.sleep(0)
    assert not writing.done()
    read = 0
    while not writing.done():
        read += len(await reader.read())
        await asyncio.sleep(0)
    assert 32 * 1024 < read <= 100_000
    stream.abort()


async def test_room_goes_on_beside_a_stream_that_waits(pair: Pair) -> None:
    """Chat does not care."""
    stream, _ = await pair.open()
    writing = asyncio.create_task(stream.write(bytes(100_000)))
    await pair.ann.send("ahoy")
    assert (await pair.hear(peer.Message)).text == "ahoy"
    stream.abort()
    with pytest.raises(peer.StreamBroken):
        await writing


async def test_refused_stream_tells_the_writer(pair: Pair) -> None:
    """With the reader's reason, made fit to be read."""
    stream, reader = await pair.open()
    writing = asyncio.create_task(stream.write(bytes(100_000)))
    await asyncio.sleep(0)
    reader.refuse("no\npictures " + "x" * 200)
    with pytest.raises(peer.StreamBroken, match=r"after 0 bytes: no.?pictures x") as caught:
        await writing
    assert len(caught.value.reason) <= 128
    with pytest.raises(peer.StreamBroken):
        await reader.read()
    with pytest.raises(peer.StreamBroken):
        await stream.close()


async def test_block_that_raises_aborts_the_stream(pair: Pair) -> None:
    """A file that was cut short is never taken for a whole one."""
    stream, reader = await pair.open()

    async def write() -> None:
        async with stream:
            await stream.write(b"half")
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await write()
    with pytest.raises(peer.StreamBroken, match="the sender gave up"):
        await reader.read()


async def test_cut_link_breaks_both_ends(pair: Pair) -> None:
    """Each is told how far it came."""
    stream, reader = await pair.open()
    writing = asyncio.create_task(stream.write(bytes(100_000)))
    chunk = await reader.read()
    pair.network.cut_links()
    with pytest.raises(peer.StreamBroken, match="the link was lost") as caught:
        await _read_all(reader)
    assert caught.value.acknowledged_bytes >= len(chunk)
    with pytest.raises(peer.StreamBroken) as caught:
        await writing
    assert caught.value.reason == "lost"


async def test_leaving_breaks_what_is_unread(pair: Pair) -> None:
    """And hangs on nothing: neither on the writer's side nor on the reader's."""
    stream, reader = await pair.open()
    writing = asyncio.create_task(stream.write(bytes(100_000)))
    reading = asyncio.create_task(_read_all(await _another(pair)))
    await reader.read()
    await pair.ann.leave()
    for task in (writing, reading):
        with pytest.raises(peer.StreamBroken):
            await task
    with pytest.raises(peer.NotJoined):
        await pair.ann.open_stream(pair.bob.me)


async def _another(pair: Pair) -> peer.StreamReader:
    _, reader = await pair.open()
    return reader


async def _read_all(reader: peer.StreamReader) -> int:
    return sum([len(chunk) async for chunk in reader])


async def test_leaving_flushes_what_was_closed(pair: Pair) -> None:
    """A reader that is at it gets the rest, within `last_words_s`."""
    stream, reader = await pair.open()
    reading = asyncio.create_task(_read_all(reader))
    await stream.write(bytes(60_000))
    closing = asyncio.create_task(stream.close())
    await asyncio.sleep(0)
    await pair.ann.leave()
    await closing
    assert await reading == 60_000


async def test_removed_member_is_cut_at_once(pair: Pair) -> None:
    """In the middle of a stream; nothing that it sent is read any more."""
    member = next(each for each in pair.ann.members if not each.is_me)
    stream = await pair.bob.open_stream(pair.ann.me)
    opened = await _first(pair.ann.events(), peer.StreamOpened)
    writing = asyncio.create_task(stream.write(bytes(100_000)))
    await opened.stream.read()
    await pair.ann.kick(member)
    with pytest.raises(peer.StreamBroken, match="removed"):
        await opened.stream.read()
    with pytest.raises(peer.StreamBroken):
        await writing


async def test_member_that_does_not_read_holds_up_no_other(pair: Pair) -> None:
    """Credit is each stream's own, and so is a link's buffer each member's."""
    carol = await (await pair.network.peer("carol")).join_room(pair.ann.invite or "")
    await _first(carol.events(), peer.MemberJoined)
    stuck = await pair.ann.open_stream(carol.me)
    waiting = asyncio.create_task(stuck.write(bytes(100_000)))
    stream, reader = await pair.open()
    reading = asyncio.create_task(_read_all(reader))
    async with stream:
        await stream.write(bytes(500_000))
    assert await reading == 500_000
    assert not waiting.done()
    stuck.abort()
    with pytest.raises(peer.StreamBroken):
        await waiting


async def test_stream_needs_a_link(pair: Pair) -> None:
    """To ourselves there is none."""
    with pytest.raises(peer.LinkFailed, match="not linked"):
        await pair.ann.open_stream(pair.ann.me)


@pytest.mark.parametrize(("label", "size"), [("x" * 129, None), ("", -1), ("", 2**53)])
async def test_impossible_description_is_refused(pair: Pair, label: str, size: int | None) -> None:
    with pytest.raises(peer.BadSetting):
        await pair.ann.open_stream(pair.bob.me, label=label, size=size)
