"""A relay is opened and given back in a bounded time, whatever its server does."""

import asyncio
import ssl

import aioice
import pytest
from aioice import stun
from aioice.ice import StunProtocol

from peer.rtc.relays import RELEASE_TIMEOUT_S, open_relay
from peer.rtc.route import CARRIER
from peer.rtc.servers import Carrier, Server

from ...support.ice_servers import FakeTurn, running


async def _open(server: Server, *, timeout_s: float = 5.0) -> StunProtocol:
    connection = aioice.Connection(ice_controlling=True)
    return await open_relay(server, lambda: StunProtocol(connection), timeout_s=timeout_s)


async def test_relay_is_opened_and_given_back() -> None:
    """By name and password; the server is told when we need it no more."""
    async with running(FakeTurn()) as turn:
        protocol = await _open(turn.server)
        assert protocol.transport.get_extra_info("sockname") == FakeTurn.relayed
        assert getattr(protocol, CARRIER) == "udp"
        await protocol.close()
        assert turn.asked == ["ALLOCATE", "ALLOCATE", "REFRESH"]


async def test_wrong_credential_is_an_error_at_once() -> None:
    async with running(FakeTurn()) as turn:
        with pytest.raises(stun.TransactionError):
            await _open(Server("127.0.0.1", turn.server.port, "udp", "user", "wrong"))


async def test_dead_server_is_given_up_in_time() -> None:
    async with running(FakeTurn()) as turn:
        turn.is_silent = True
        with pytest.raises(TimeoutError):
            await _open(turn.server, timeout_s=0.01)


@pytest.mark.parametrize("carrier", ["tcp", "tls"])
async def test_stream_that_says_nothing_is_given_up_in_time(carrier: Carrier) -> None:
    """Connected, and then silence: in TURN, or already in TLS."""
    ended = asyncio.Event()

    async def listen(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await asyncio.gather(reader.read(), return_exceptions=True)
        writer.close()
        ended.set()

    async with await asyncio.start_server(listen, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        with pytest.raises((TimeoutError, ssl.SSLError)):
            await _open(Server("127.0.0.1", port, carrier, "user", "secret"), timeout_s=0.05)
        await ended.wait()


async def test_server_that_died_does_not_hold_up_the_end() -> None:
    """Stock aioice would ask it for a minute."""
    async with running(FakeTurn()) as turn:
        protocol = await _open(turn.server)
        turn.is_silent = True
        before = asyncio.get_running_loop().time()
        await protocol.close()
        assert asyncio.get_running_loop().time() - before < RELEASE_TIMEOUT_S + 1


async def test_garbage_of_a_server_is_dropped() -> None:
    """An attribute of the wrong size; the guard would see an error in the loop's log."""
    async with running(FakeTurn()) as turn:
        answer = turn.answer

        def answer_badly(request: stun.Message, addr: tuple[str, int]) -> None:
            turn.say(b"\x01\x13\x00\x08\x21\x12\xa4\x42" + bytes(12) + b"\x00\x0d\x00\x02\x00\x00\x00\x00", addr)
            answer(request, addr)

        turn.answer = answer_badly  # type: ignore[method-assign]
        await (await _open(turn.server)).close()
