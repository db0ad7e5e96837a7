"""Two ICE connections on loopback that know of each other what descriptions say."""

from __future__ import annotations

import asyncio

import aioice

from peer.rtc.checks import FastConnection, hasten
from peer.rtc.ice import choose_gathering
from peer.rtc.servers import Plan

__all__ = ["LOOPBACK", "Couple", "a_candidate", "fast"]

LOOPBACK = "127.0.0.1"


def fast(*, controlling: bool = True, plan: Plan | None = None, relay_only: bool = False) -> FastConnection:
    policy = aioice.TransportPolicy.RELAY if relay_only else aioice.TransportPolicy.ALL
    connection = aioice.Connection(ice_controlling=controlling, transport_policy=policy)
    choose_gathering(connection, allowed=(LOOPBACK,))
    assert hasten(connection, plan or Plan(), on_candidate=lambda _candidate: None)
    assert isinstance(connection, FastConnection)
    return connection


class Couple:
    """Two that gathered and know of each other what descriptions say."""

    def __init__(self, left: aioice.Connection, right: aioice.Connection) -> None:
        self.left, self.right = left, right

    @classmethod
    async def make(cls, left: aioice.Connection | None = None, right: aioice.Connection | None = None) -> Couple:
        couple = cls(left or fast(), right or fast(controlling=False))
        for one in (couple.left, couple.right):
            await one.gather_candidates()
        for one, other in ((couple.left, couple.right), (couple.right, couple.left)):
            one.remote_username, one.remote_password = other.local_username, other.local_password
            for candidate in other.local_candidates:
                await one.add_remote_candidate(candidate)
            await one.add_remote_candidate(None)
        return couple

    async def connect(self) -> None:
        async with asyncio.timeout(5):
            await asyncio.gather(self.left.connect(), self.right.connect())

    async def close(self) -> None:
        await asyncio.gather(self.left.close(), self.right.close())


def a_candidate(host: str, port: int, kind: str = "host") -> aioice.Candidate:
    return aioice.Candidate("f", 1, "udp", 2**20 + port, host, port, kind)
