"""A link of ours and libdatachannel understand one another; it returns what it hears.

Its binding `aiolibdatachannel` wants Python 3.12, and we support 3.11: `conftest.py` leaves this file out where it is
not installed. It drops what waits beyond 1024 messages, so fewer are sent.
"""

import asyncio
from typing import Any

import aiolibdatachannel  # type: ignore[import-not-found, unused-ignore]
import pytest

from peer.config import Config
from peer.ports import Channel

from .pairs import TIMEOUT_S, make_link

pytestmark = pytest.mark.rtc


async def echo(channel: Any, count: int) -> None:
    await channel.wait_open()
    for _ in range(count):
        await channel.send(await channel.recv())


async def answer_to(offer: str) -> tuple[Any, Any]:
    """Its connection, with all its candidates, and the first channel."""
    connection = aiolibdatachannel.PeerConnection()
    channels = []
    for channel in Channel:
        is_reliable = channel is not Channel.EPHEMERAL
        options = aiolibdatachannel.DataChannelOptions(
            ordered=is_reliable,
            max_retransmits=None if is_reliable else 0,
            negotiated=True,
            stream_id=channel.value,
        )
        channels.append(await connection.create_data_channel(channel.label, options))
    await connection.set_remote_description(offer, "offer")
    await connection.set_local_description("answer")
    async with asyncio.timeout(TIMEOUT_S):
        while connection.gathering_state is not aiolibdatachannel.GatheringState.COMPLETE:  # noqa: ASYNC110 - no event
            await asyncio.sleep(0.01)
    return connection, channels[0]


@pytest.mark.parametrize("is_fast", [True, False], ids=["fast", "bounded"])
@pytest.mark.parametrize(("count", "size"), [(200, 16_000), (800, 64)])
async def test_libdatachannel_returns_all_in_order(is_fast: bool, count: int, size: int) -> None:
    link, ear = make_link(Config(fast_transport=is_fast))
    connection, channel = await answer_to(await link.create_offer())
    echoing = asyncio.create_task(echo(channel, count))
    description = connection.local_description
    await link.accept_answer(getattr(description, "sdp", description))
    await ear.wait_open()
    messages = [number.to_bytes(4, "big") + bytes(size - 4) for number in range(count)]
    for message in messages:
        link.send(Channel.EVENTS, message)
        await link.wait_drained()
    assert await ear.take(count) == [(Channel.EVENTS, message) for message in messages]
    await echoing
    await link.close()
    await connection.aclose()
