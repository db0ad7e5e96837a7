"""Streams over real data channels, and what leaves before we do."""

from __future__ import annotations

import asyncio
import hashlib

import pytest

import peer
from peer.config import Config
from peer.ports import Channel

from .pairs import Pair
from .rooms import Attendee, Company

pytestmark = pytest.mark.rtc

CONTENT = bytes(range(256)) * 8192
"""2 MiB."""


async def read_all(attendee: Attendee) -> bytes:
    opened = await attendee.ear.next(peer.StreamOpened)
    return b"".join([chunk async for chunk in opened.stream])


async def write_all(sender: Attendee, receiver: Attendee, content: bytes = CONTENT) -> None:
    async with await sender.room.open_stream(receiver.room.me, size=len(content)) as stream:
        await stream.write(content)


async def test_streams_both_ways_arrive_whole_beside_chat(server: str, company: Company) -> None:
    """And chat does not wait for their end."""
    alice, bob = await company.pair(server)
    reading = [asyncio.create_task(read_all(each)) for each in (alice, bob)]
    writing = asyncio.gather(write_all(alice, bob), write_all(bob, alice))
    for number in range(5):
        await alice.say(str(number))
        await bob.hear(str(number))
    assert not writing.done()
    async with asyncio.timeout(60):
        await writing
        digests = {hashlib.sha256(await each).digest() for each in reading}
    assert digests == {hashlib.sha256(CONTENT).digest()}


async def test_streams_to_one_member_share_the_link(server: str, company: Company) -> None:
    """A small one that begins later does not wait for the end of a large one."""
    alice, bob = await company.pair(server)
    large = asyncio.create_task(write_all(alice, bob))
    reading = [asyncio.create_task(read_all(bob))]
    await asyncio.sleep(0)
    small = asyncio.create_task(write_all(alice, bob, CONTENT[:32_768]))
    reading.append(asyncio.create_task(read_all(bob)))
    async with asyncio.timeout(60):
        await small
        assert not large.done()
        await large
        sizes = sorted([len(await each) for each in reading])
    assert sizes == [32_768, len(CONTENT)]


async def test_stream_breaks_with_its_peer(server: str, company: Company) -> None:
    """Who leaves in the middle of one breaks it, at both ends and at once."""
    alice, bob = await company.pair(server)
    writing = asyncio.create_task(write_all(alice, bob))
    opened = await bob.ear.next(peer.StreamOpened)
    await opened.stream.read()
    await bob.room.leave()
    with pytest.raises(peer.StreamBroken) as caught:
        await writing
    assert caught.value.acknowledged_bytes < len(CONTENT)
    with pytest.raises(peer.StreamBroken):
        await opened.stream.read()


async def test_last_words_always_arrive(server: str, company: Company) -> None:
    """`leave` flushes: what was sent just before it, messages as well as a stream that is being closed."""
    alice = await company.create(server, "alice")
    for number in range(10):
        bob = await company.join(alice.invite, "bob")
        await alice.meet(bob)
        reading = asyncio.create_task(read_all(alice))
        stream = await bob.room.open_stream(alice.room.me)
        await stream.write(CONTENT[:50_000])
        closing = asyncio.create_task(stream.close())
        await asyncio.sleep(0)
        await bob.say(f"last words {number}")
        await bob.room.leave()
        await closing
        assert len(await reading) == 50_000
        await alice.hear(f"last words {number}")
        await alice.ear.until(lambda: not alice.here())


# ---- the buffer of a link


async def test_bulk_is_counted_apart(pair: Pair) -> None:
    """A link that is busy with streams is no full one: `send` does not wait for it."""
    for _ in range(64):
        pair.left.send(Channel.BULK, bytes(16 * 1024))
    assert pair.left.bulk_buffered_bytes > 256 * 1024
    assert pair.left.buffered_bytes == 0
    await asyncio.wait_for(pair.left.wait_drained(), 0.1)
    frames = await pair.right_ear.take(64)
    assert {channel for channel, _ in frames} == {Channel.BULK}


async def test_room_for_more_bulk_is_told(pair: Pair) -> None:
    """Once for each time that the buffer was filled."""
    for _ in range(2):
        for _ in range(32):
            pair.left.send(Channel.BULK, bytes(16 * 1024))
        await pair.right_ear.take(32)
        await asyncio.sleep(0)
    assert pair.left_ear.calls.count("bulk low") == 2


async def test_bulk_alone_never_closes_a_link_as_slow() -> None:
    """It is bounded before it comes here."""
    pair = Pair.make(Config(max_buffered_bytes=32 * 1024))
    await pair.connect()
    for _ in range(8):
        pair.left.send(Channel.BULK, bytes(16 * 1024))
    assert len(await pair.right_ear.take(8)) == 8
    await pair.close()
