"""The network in memory is the kit of bot authors: it must do what the real one does."""

from __future__ import annotations

import asyncio
import textwrap
from typing import Any

import pytest

import peer
from peer import JoinRefused, MemberJoined, MemberLeft, Message, Peer, RoomState, StateChanged
from peer.errors import LinkFailed
from peer.ids import Topic
from peer.ports import Channel, Fingerprints
from peer.testing import Network, network

from ...support.rooms import WATCHFUL, linked, next_of, pair
from ...support.transport import until


async def test_example_of_the_kit_runs_as_printed() -> None:
    """The indented lines of the module's opening."""
    lines = [line for line in str(network.__doc__).splitlines() if line.startswith("    ")]
    source = "async def example():\n" + textwrap.indent(textwrap.dedent("\n".join(lines)), "    ")
    names: dict[str, Any] = {"Network": Network}
    exec(compile(source + "\n        return deck, guest\n", "example", "exec"), names)  # noqa: S102
    deck, guest = await names["example"]()
    assert (deck.name, deck.state, guest.state) == ("Deck", RoomState.LEFT, RoomState.LEFT)


# ---- the server


async def test_names_of_public_rooms_are_one_to_a_server_and_free_again_when_empty() -> None:
    """A room ends with its last peer."""
    async with Network() as network:
        ann, bob = await network.peer("ann"), await network.peer("bob")
        lobby = await ann.create_room("Lobby", public=True)
        with pytest.raises(JoinRefused):
            await bob.create_room("Lobby", public=True)
        await lobby.leave()
        assert network.rooms == ()
        await bob.create_room("Lobby", public=True)


async def test_server_makes_up_an_id_where_none_is_given() -> None:
    """As the real one does."""
    async with Network() as network:
        seat = await network.transport("ann").signaling.create_room(topic=None, custom_name="x", is_public=True)
        assert len(seat.room.topic) == 22
        await seat.leave()
        await seat.leave()
        assert network.rooms == ()


async def test_stopped_server_carries_nothing_and_tells_nothing() -> None:
    """Neither signals nor departures; links live on, so goodbye arrives by them."""
    async with Network() as network:
        deck, guest = await pair(network)
        cy = await (await network.peer("cy")).join_room(str(deck.invite))
        await linked(deck, guest, cy)
        events = deck.events()
        network.stop_server()
        await guest.leave()
        assert (await next_of(events, MemberLeft)).reason == "left"
        network.start_server()
        assert (await next_of(events, StateChanged)).state is RoomState.JOINED
        await cy.send("whole again")
        assert (await next_of(events, Message)).text == "whole again"


async def test_links_cut_while_the_server_is_away_come_back_with_it() -> None:
    """Nobody can offer before; then both are told of each other."""
    async with Network() as network:
        deck, guest = await pair(network, config=WATCHFUL)
        events = deck.events()
        await next_of(events, MemberJoined)
        network.stop_server()
        network.cut_links()
        await next_of(events, MemberLeft)
        await asyncio.sleep(0.05)
        network.start_server()
        await next_of(events, MemberJoined)
        await linked(deck, guest)


async def test_room_full_of_peers_is_a_full_mesh() -> None:
    """Ten of them, and a message of each."""
    async with Network() as network:
        host = await (await network.peer("host")).create_room("Deck")
        rooms = [host]
        for number in range(9):
            rooms.append(await (await network.peer(f"guest {number}")).join_room(str(host.invite)))
        await linked(*rooms)
        streams = [room.events() for room in rooms]
        for room in rooms:
            await room.send(room.me.name)
        for room, stream in zip(rooms, streams, strict=True):
            heard = {(await next_of(stream, Message)).text for _ in range(9)}
            assert heard == {other.me.name for other in rooms} - {room.me.name}


async def test_network_ends_with_everybody_in_it() -> None:
    """Every peer is left, whoever still holds it."""
    async with Network() as network:
        deck, guest = await pair(network)
    assert {deck.state, guest.state} == {RoomState.LEFT}
    assert network.rooms == ()


async def test_exception_in_a_test_reaches_the_test() -> None:
    """As it is, in no group."""

    async def live() -> None:
        async with Network() as network:
            await pair(network)
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await live()


# ---- the links


class Listener:
    """Notes what a link reports."""

    def __init__(self) -> None:
        self.heard: list[object] = []

    def on_candidate(self, line: str) -> None:
        self.heard.append(line)

    def on_open(self) -> None:
        self.heard.append("open")

    def on_frame(self, channel: Channel, data: bytes) -> None:
        self.heard.append((channel, data))

    def on_bulk_low(self) -> None:
        self.heard.append("bulk low")

    def on_closed(self, reason: str) -> None:
        self.heard.append(reason)


async def test_links_keep_to_the_port() -> None:
    """Open once, frames in order, close behind what is on its way, and nothing after it."""
    open_link = Network().transport("any").open_link
    left, right = Listener(), Listener()
    ours, theirs = open_link((), left), open_link((), right)
    sdp, of_right = await theirs.accept_offer(await ours.create_offer())
    of_left = await ours.accept_answer(sdp)
    assert of_left == Fingerprints(of_right.remote, of_right.local)
    await ours.add_candidate("candidate:1")
    await ours.wait_drained()
    assert (ours.buffered_bytes, ours.route) == (0, None)
    for number in range(3):
        ours.send(Channel.EVENTS, bytes([number]))
    await ours.close()
    await ours.close()
    ours.send(Channel.EVENTS, b"late")
    theirs.send(Channel.EVENTS, b"late")
    await until(lambda: "closed" in right.heard)
    assert right.heard == ["open", *((Channel.EVENTS, bytes([number])) for number in range(3)), "closed"]
    assert left.heard == ["closed"]


async def test_frames_for_a_link_that_is_not_open_are_dropped() -> None:
    """As the port says."""
    listener = Listener()
    link = Network().transport("any").open_link((), listener)
    link.send(Channel.EVENTS, b"early")
    await link.close()
    await until(lambda: listener.heard)
    assert listener.heard == ["closed"]


async def test_description_of_no_link_is_refused() -> None:
    """The other end may be closed by now."""
    open_link = Network().transport("any").open_link
    link, gone = open_link((), Listener()), open_link((), Listener())
    sdp = await gone.create_offer()
    await gone.close()
    for accept in (link.accept_offer, link.accept_answer):
        with pytest.raises(LinkFailed):
            await accept(sdp)
    await asyncio.sleep(0)


def test_peer_of_the_kit_is_a_real_one() -> None:
    """The same class, the same encryption: only the transport differs."""
    made = Peer("http://memory.invalid", name="ann", transport=Network().transport("ann"))
    assert isinstance(made, peer.Peer)
    assert Topic("x") == "x"
