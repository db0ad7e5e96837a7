"""Peers of the library on several servers: what happens to a server, or to their Redis, does not happen to a talk."""

import asyncio
import re
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass

import aiohttp
import pytest

import peer
from peer.events import RoomState

from ..redis.servers import RedisServer, a_redis
from ..redis.way import Way, a_way
from .rooms import IMPATIENT, Attendee, Company, server_process

pytestmark = [pytest.mark.rtc, pytest.mark.redis]

SECONDS = 5.0
"""What "within seconds" means here."""

DELAY_S = 5.0
"""What a line over a link may take where other tests have the cores; a server has nothing to do with it."""


@dataclass
class Service:
    """Two servers on one Redis, behind a front that gives connections to each in turn."""

    redis: RedisServer
    servers: dict[str, asyncio.subprocess.Process]
    front: Way
    session: aiohttp.ClientSession

    def present(self) -> set[str]:
        """The ids of all peers that Redis knows."""
        keys = self.redis.command("KEYS", "*:room:*:peers").split()
        return {peer_id for key in keys for peer_id in self.redis.command("HKEYS", key).split()}

    async def figures(self, url: str) -> dict[str, float]:
        """What one server counts, by series."""
        async with self.session.get(f"{url}/metrics") as response:
            found = re.findall(r"^signaling_(\S+) ([0-9.]+)$", await response.text(), re.MULTILINE)
        return {series: float(figure) for series, figure in found}

    async def connected(self, url: str) -> float:
        return (await self.figures(url))["connected_peers"]

    async def sum_of(self, start: str) -> float:
        """Of all series that begin so, over all servers."""
        figures = [await self.figures(url) for url in self.servers]
        return sum(figure for each in figures for series, figure in each.items() if series.startswith(start))


@asynccontextmanager
async def a_service() -> AsyncIterator[Service]:
    with a_redis() as redis:
        async with (
            server_process(redis.url) as (one, first),
            server_process(redis.url) as (other, second),
            a_way(*(int(url.rpartition(":")[2]) for url in (one, other))) as front,
            aiohttp.ClientSession() as session,
        ):
            yield Service(redis, {one: first, other: second}, front, session)


@asynccontextmanager
async def talk_that_never_stops(speaker: Attendee, *listeners: Attendee) -> AsyncIterator[Callable[[], int]]:
    """Line after line, each heard by everybody in time, or the block fails; the number of lines so far."""
    said = 0

    async def talk() -> None:
        nonlocal said
        while True:
            text = f"line {said}"
            await speaker.say(text)
            async with asyncio.timeout(DELAY_S):
                await asyncio.gather(*(each.hear_from(speaker.me.name, text) for each in listeners))
            said += 1

    async with asyncio.TaskGroup() as group:
        talking = group.create_task(talk())
        yield lambda: said
        talking.cancel()
    for each in listeners:
        assert each.heard(speaker.me.name) == [f"line {number}" for number in range(len(each.heard()))]


async def until(is_so: Callable[[], Awaitable[bool]]) -> None:
    async with asyncio.timeout(SECONDS):
        while not await is_so():  # noqa: ASYNC110 - what another process says
            await asyncio.sleep(0.05)


async def more(lines: Callable[[], int]) -> None:
    """Until the talk has gone on for a while."""
    enough = lines() + 10

    async def is_enough() -> bool:
        return lines() >= enough

    await until(is_enough)


async def three_of_them(company: Company, service: Service) -> list[Attendee]:
    """Linked with each other, and not all by the same server."""
    alice, bob = await company.pair(service.front.url, config=IMPATIENT)
    carol = await company.join(alice.invite, "carol", config=IMPATIENT)
    await carol.meet(alice, bob)
    assert all([await service.connected(url) for url in service.servers])
    return [alice, bob, carol]


async def nobody_is_missed(company: Company, everybody: list[Attendee]) -> None:
    """A newcomer finds all; each was told of each other once, and of no leaving."""
    newcomer = await company.join(everybody[0].invite, "dave")
    await newcomer.meet(*everybody)
    names = sorted(each.me.name for each in (*everybody, newcomer))
    for each in (*everybody, newcomer):
        assert each.ear.of(peer.MemberLeft) == []
        assert sorted([*(event.member.name for event in each.ear.of(peer.MemberJoined)), each.me.name]) == names


async def test_links_do_not_notice_a_redis_that_forgets_everything() -> None:
    """Gone for a while and empty after: the talk goes on, all are told and take their room up again, newcomers link."""
    async with a_service() as service, Company() as company:
        everybody = await three_of_them(company, service)
        ids, envelopes = service.present(), await service.sum_of("envelopes_")
        async with talk_that_never_stops(*everybody) as lines:
            await asyncio.to_thread(service.redis.stop)
            await more(lines)
            await asyncio.to_thread(service.redis.start)

            async def all_are_back() -> bool:
                return service.present() == ids

            await until(all_are_back)
        assert await service.sum_of('websockets_closed_total{why="gone"}') == len(everybody)
        assert await service.sum_of("envelopes_") == envelopes, "no link was made anew"
        await nobody_is_missed(company, everybody)
        await company.close()


async def test_peers_of_a_killed_server_go_on_by_the_other() -> None:
    """Within seconds, under their ids; nobody sees them leave, the talk goes on, and a newcomer finds them all."""
    async with a_service() as service, Company() as company:
        everybody = await three_of_them(company, service)
        ids, (victim, survivor) = service.present(), service.servers
        lost = await service.connected(victim)
        async with talk_that_never_stops(*everybody) as lines:
            child = service.servers.pop(victim)
            child.kill()

            async def all_are_back() -> bool:
                return await service.connected(survivor) == len(everybody)

            await until(all_are_back)
            await more(lines)
        assert service.present() == ids
        await nobody_is_missed(company, everybody)
        changes = [[change.state for change in each.ear.of(peer.StateChanged)] for each in everybody]
        assert changes.count([RoomState.SIGNALING_LOST, RoomState.JOINED]) == lost
        assert changes.count([]) == len(everybody) - lost
        await company.close()
