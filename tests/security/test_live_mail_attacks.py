"""A signaling server that mishandles what it is to pass on: drops, repeats, reorders, swaps rooms, strips suites.

Live as `test_live_attacks`: a real aiohttp server in the middle, real data channels, and honest traffic at the end.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import replace

import pytest

import peer
from peer.core.machine import LinkId
from peer.events import RoomState
from peer.log.genesis import found_room
from peer.ports import Channel
from peer.rtc.ice import ADDRESSES_SETTING
from peer.wire import frames
from peer.wire.frames import ControlEvents, ControlSummary
from signaling.app import running_server

from ..rtc.pairs import Recorder
from ..rtc.relay import Frame, Passing, Relay, running_relay
from ..rtc.rooms import GUESTS, Company
from .test_live_attacks import (
    PATIENT,
    QUICK,
    Keyring,
    Middle,
    Stranger,
    ids_of,
    made_up_peer,
    nobody_met,
    still_talk,
)

pytestmark = pytest.mark.rtc

Meddler = Callable[[Passing], Awaitable[list[Frame]]]


@pytest.fixture(autouse=True)
def _loopback_only(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(ADDRESSES_SETTING, "127.0.0.1")


@pytest.fixture
async def relay() -> AsyncIterator[Relay]:
    async with running_server(GUESTS) as server, running_relay(server) as relay:
        yield relay


@pytest.fixture
async def company(relay: Relay) -> AsyncIterator[Company]:
    async with Company() as company:
        yield company


def _is_envelope(passing: Passing) -> bool:
    return passing.direction == "down" and passing.kind in ("offer", "answer", "candidate", "bye")


def dropping() -> Meddler:
    """The first offer and the first answer."""
    dropped: set[str] = set()

    async def drop(passing: Passing) -> list[Frame]:
        if not _is_envelope(passing) or passing.kind in dropped:
            return [passing.frame]
        dropped.add(passing.kind)
        return []

    return drop


def repeating() -> Meddler:
    """Each three times, and all that came before once more."""
    before: dict[str, list[Frame]] = {}

    async def repeat(passing: Passing) -> list[Frame]:
        if not _is_envelope(passing):
            return [passing.frame]
        old = before.setdefault(passing.peer, [])
        old.append(passing.frame)
        return [passing.frame] * 3 + old

    return repeat


def reordering() -> Meddler:
    """The first of each kind arrives behind the second, which replaced it."""
    held: dict[str, list[Frame]] = {}

    async def reorder(passing: Passing) -> list[Frame]:
        if not _is_envelope(passing):
            return [passing.frame]
        if passing.kind not in held:
            held[passing.kind] = [passing.frame]
            return []
        late, held[passing.kind] = held[passing.kind], []
        return [passing.frame, *late]

    return reorder


@pytest.mark.parametrize("meddle", [dropping, repeating, reordering])
async def test_mishandled_envelopes_delay_a_link_and_no_more(
    relay: Relay, company: Company, meddle: Callable[[], Meddler]
) -> None:
    """Both come to be linked, each is shown once, and what is said arrives once."""
    relay.meddle = meddle()
    config = PATIENT if meddle is repeating else replace(QUICK, min_offer_interval_s=0.0)
    alice = await company.create(relay.address, "alice", config=config)
    bob = await company.join(alice.invite, "bob", config=config)
    await still_talk(alice, bob)
    assert [event.text for event in alice.ear.of(peer.Message)] == ["genuine too"]


class Stripping(Middle):
    """Takes the better suite out of every hello on its way."""

    async def _carry(self, role: str, near: tuple[object, Recorder], far: tuple[object, Recorder]) -> None:
        await asyncio.gather(near[1].wait_open(), far[1].wait_open())
        link = self._to_responder[0] if role == "I" else self._to_initiator[0]
        while True:
            channel, data = await near[1].frames.get()
            self.frames.append((role, data))
            link.send(channel, data.removesuffix(b"\x02") if data[:1] == b"\x00" else data)


async def test_server_in_the_middle_that_strips_a_suite_is_refused(relay: Relay, company: Company) -> None:
    """Both would choose suite 1: neither proves itself, and the link they make afterwards has suite 2."""
    middle = Stripping(Keyring.of_public_room("Lobby"))
    relay.meddle = middle.meddle
    alice = await company.create(relay.address, "alice", "Lobby", public=True, config=QUICK)
    bob = await company.join(alice.invite, "bob", config=replace(QUICK, min_suite=1))
    await middle.wait_refused()
    assert nobody_met(alice, bob)
    hellos = [data for _, data in middle.frames if data[0] == 0]
    assert [hello[-2:] for hello in hellos] == [b"\x01\x02"] * 2
    assert max(data[0] for _, data in middle.frames) < 2
    await still_talk(alice, bob)
    assert alice.me._safe.suites.best(bob.me.id) == bob.me._safe.suites.best(alice.me.id) == 2


class Usurper(Stranger):
    """Somebody with a leaked link, at whose side the server is: says that the room is one of its own founding."""

    async def _pass_lobby(self, link: LinkId, invite: str) -> None:
        await self.listen(lambda: self.channel.is_in_lobby)
        _, genesis = found_room(owner=self.identity.public_key, random_bytes=os.urandom)
        self.channel.send(ControlEvents(genesis, (), is_last=True), now=0.0)
        self._flush()
        await self.listen(lambda: False)

    def _receive(self, channel: Channel, data: bytes) -> None:
        frame = self.channel.receive(channel, data, now=0.0)
        self._flush()
        self.heard += [frames.encode(frame)] if frame is not None else []


async def test_server_that_swaps_the_genesis_is_seen_by_its_hash(relay: Relay, company: Company) -> None:
    """It hides the members from a newcomer, and has another founder receive it: nobody is believed, nothing is told."""
    alice = await company.create(relay.address, "alice", config=PATIENT)
    relay.edit_admission = lambda admission: {**admission, "peers": []}

    async def hide(passing: Passing) -> list[Frame]:
        if passing.direction == "down" and passing.kind == "welcome":
            return [{**passing.frame, "peers": []}]
        return [] if passing.kind in ("peer-joined", "offer", "answer") else [passing.frame]

    relay.meddle = hide
    bob = await company.join(alice.invite, "bob", config=replace(PATIENT, admission_timeout_s=0.2))
    usurper = Usurper(relay, Keyring.of_invite(alice.invite), name="alice", invite=alice.invite)
    await usurper.knock(ids_of(relay)[1], under=made_up_peer())
    assert usurper.ear.closed.is_set()
    await usurper.close()
    assert usurper.heard == [frames.encode(ControlSummary(False, b"", True))]  # "I know nothing yet"
    assert bob.room.state is RoomState.LOBBY
    assert nobody_met(alice, bob)
    await bob.room.leave()  # or it would get in now, rightly
    relay.edit_admission, relay.meddle = lambda admission: admission, _honestly
    carol = await company.join(alice.invite, "carol")
    await still_talk(alice, carol)


async def _honestly(passing: Passing) -> list[Frame]:
    return [passing.frame]
