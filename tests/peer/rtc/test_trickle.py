"""Candidates behind a description: none before it, each once, a bounded number."""

import asyncio

import aioice

from peer.rtc.sdp import MAX_CANDIDATES, Candidate, Description
from peer.rtc.trickle import Trickle


def _found(host: str, port: int = 4000) -> aioice.Candidate:
    return aioice.Candidate("f", 1, "udp", 77, host, port, "srflx", "192.168.7.7", 9)


def _line(host: str, port: int = 4000) -> str:
    return f"candidate:f 1 udp 77 {host} {port} typ srflx"


def _description(*hosts: str, is_complete: bool = False) -> Description:
    candidates = tuple(Candidate(foundation="f", priority=77, address=host, port=4000, kind="srflx") for host in hosts)
    return Description(
        mid="0",
        ufrag="ufrag",
        password="p" * 22,
        setup="actpass",
        fingerprint=bytes(32),
        sctp_port=5000,
        candidates=candidates,
        is_complete=is_complete,
    )


async def test_nothing_is_told_before_the_description_is_out() -> None:
    """It leaves in the turn of the loop in which it is returned; related addresses are never told."""
    told: list[str] = []
    trickle = Trickle(told.append)
    trickle.note(_found("203.0.113.1"))
    trickle.open_behind(_description())
    assert told == []
    await asyncio.sleep(0)
    trickle.note(_found("203.0.113.2"))
    trickle.note(None)
    assert told == [_line("203.0.113.1"), _line("203.0.113.2"), ""]


async def test_what_the_description_names_is_not_told_again() -> None:
    told: list[str] = []
    trickle = Trickle(told.append)
    trickle.open_behind(_description("203.0.113.1"))
    await asyncio.sleep(0)
    for host in ("203.0.113.1", "203.0.113.2", "203.0.113.2"):
        trickle.note(_found(host))
    assert told == [_line("203.0.113.2")]


async def test_complete_description_is_followed_by_nothing() -> None:
    told: list[str] = []
    trickle = Trickle(told.append)
    trickle.open_behind(_description("203.0.113.1", is_complete=True))
    await asyncio.sleep(0)
    trickle.note(None)
    assert told == []


async def test_candidates_are_bounded_and_still_have_an_end() -> None:
    """With those of the description they are 32."""
    told: list[str] = []
    trickle = Trickle(told.append)
    trickle.open_behind(_description("203.0.113.1"))
    await asyncio.sleep(0)
    for number in range(1, 100):
        trickle.note(_found("203.0.113.2", number))
    trickle.note(None)
    assert len(told) == MAX_CANDIDATES - 1 + 1
    assert told[-1] == ""


async def test_address_that_a_lying_server_makes_up_is_not_told() -> None:
    """Nobody could use it, and the other side would drop it."""
    told: list[str] = []
    trickle = Trickle(told.append)
    trickle.open_behind(_description())
    await asyncio.sleep(0)
    for host, port in (("0.0.0.0", 1), ("239.0.0.1", 1), ("203.0.113.1", 0), ("fe80::1", 1)):  # noqa: S104 - refused
        trickle.note(_found(host, port))
    assert told == []
