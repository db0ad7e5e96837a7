"""A client that connects and does not ask: it keeps nobody out, costs little, and is cut."""

import asyncio
import resource
from collections.abc import Callable
from contextlib import ExitStack
from typing import Any

from .caller import PATIENCE_S, Caller, at_once, callers
from .siege import ON_LINUX, allow_files, besieged

pytestmark = ON_LINUX

HALF_OPEN = 10_000

REQUEST = b"GET /healthz HTTP/1.1\r\nHost: a\r\n"


def say_nothing(_: Caller) -> None:
    """Connected, and silent."""


def half_a_line(caller: Caller) -> None:
    caller.send(b"GET /sig")


def half_a_head(caller: Caller) -> None:
    caller.send(REQUEST + b"X-Half: ")


def no_hello(caller: Caller) -> None:
    """A WebSocket that was asked for, and whose answer nobody has read."""
    caller.send(
        b"GET /signaling/ws HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
        b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n"
    )


HALVES: tuple[Callable[[Caller], Any], ...] = (say_nothing, half_a_line, half_a_head, no_hello)


async def test_ten_thousand_half_open_connections_keep_nobody_out() -> None:
    """Silent, half a line, half a head, or a WebSocket without hello: 25 KiB each at most, and the others go on.

    That each is cut in its time is tested beside the server, where a quarter of a second suffices.
    """

    def attack(source: str, half: Callable[[Caller], Any]) -> None:
        for caller in stack.enter_context(callers(siege.port, HALF_OPEN // len(HALVES), source=source)):
            half(caller)

    allow_files(2 * HALF_OPEN)
    async with besieged() as siege:
        with ExitStack() as stack:
            attacking = asyncio.create_task(at_once(attack, [f"127.0.0.{n}" for n in range(2, 6)], HALVES))
            await siege.see_others_served()
            await attacking
            await siege.see_others_served()
            assert await siege.probe() == {"/healthz": 200, "/readyz": 200}
            assert siege.growth_mib() < HALF_OPEN * 25 / 1024
        await siege.see_others_served()


async def test_connections_that_come_and_go_leave_nothing() -> None:
    """Closed at once, in the middle of a head, and in the middle of a handshake: thousands a second."""

    def attack(number: int) -> None:
        for _ in range(150):
            with Caller(siege.port, source=f"127.0.0.{number + 2}") as caller:
                HALVES[number % len(HALVES)](caller)

    async with besieged() as siege:
        await at_once(attack, range(8))
        await siege.see_others_served()
        before_mib = siege.memory_mib()
        await at_once(attack, range(8))
        await siege.see_others_served()
        assert siege.memory_mib() < before_mib + 8


async def test_server_with_few_files_stays_open_to_newcomers() -> None:
    """Twice as many connections as files are allowed: idle ones give way, and the log says why, once."""

    def attack() -> set[int]:
        with ExitStack() as stack:
            return {stack.enter_context(Caller(siege.port)).ask("GET", "/healthz")[0] for _ in range(400)}

    async with besieged(within="prlimit --nofile=300:300") as siege:
        attacking = asyncio.create_task(asyncio.to_thread(attack))
        await siege.see_others_served()
        assert await attacking == {200}
        with callers(siege.port, 400):
            await siege.see_others_served()
        assert len(siege.lines("connections are open")) == 1
        assert siege.lines("can be opened") == []


async def test_server_without_files_lets_newcomers_wait() -> None:
    """Something else has taken them: one line in the log, and when there are files again, all is well."""
    async with besieged() as siege:
        before = resource.prlimit(siege.process.pid, resource.RLIMIT_NOFILE)
        resource.prlimit(siege.process.pid, resource.RLIMIT_NOFILE, (100, before[1]))
        with callers(siege.port, 300):
            await siege.wait_until(lambda: siege.lines("no file can be opened"))
            await siege.see_members_served()
        resource.prlimit(siege.process.pid, resource.RLIMIT_NOFILE, before)
        await siege.see_others_served()
        (line,) = siege.lines("no file can be opened")
        siege.log.remove(line)


async def test_polls_in_thousands_are_sent_home() -> None:
    """Of one peer eight wait, whatever it asks for; the others have their empty answer at once."""

    def attack() -> tuple[int, int]:
        with Caller(siege.port) as opener, callers(siege.port, 2000) as attackers:
            me = opener.enter()
            for caller in attackers:
                caller.send(
                    f"GET /signaling/inbox/{me.room_id}?wait=25 HTTP/1.1\r\nHost: a\r\n"
                    f"Authorization: Bearer {me.token}\r\n\r\n".encode()
                )
            home = sum(caller.receive(b'{"envelopes":[]}').endswith(b'{"envelopes":[]}') for caller in attackers[:-8])
            status, _ = opener.ask("POST", "/signaling/leave-room", b"", f"Authorization: Bearer {me.token}")
            return home, status

    async with besieged() as siege:
        attacking = asyncio.create_task(asyncio.to_thread(attack))
        await siege.see_others_served()
        assert await attacking == (1992, 200)
        await siege.see_others_served()
        assert siege.growth_mib() < 48


async def test_calls_without_a_pause_from_many_connections_are_served_in_turn() -> None:
    """Pipelined requests whose answers nobody reads: each connection holds a few, and is cut."""

    def attack(caller: Caller) -> bool:
        caller.socket.setblocking(True)
        while caller.send((REQUEST + b"\r\n") * 500):
            pass
        return True

    async with besieged("--send-timeout-s", "0.5") as siege:
        with callers(siege.port, 16, receive_buffer=4096) as attackers:
            attacking = asyncio.create_task(at_once(attack, attackers))
            await siege.see_others_served()
            assert all(await asyncio.wait_for(attacking, PATIENCE_S))
        await siege.see_others_served()
        assert siege.growth_mib() < 16
