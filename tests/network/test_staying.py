"""What becomes of links: heartbeats, silence, goodbyes, outages of the server, paths that break."""

from __future__ import annotations

import pytest

from peer.crypto.link_cipher import FRAME_TYPE
from peer.events import ConnectionChanged, MemberJoined, MemberLeft, RoomState, StateChanged
from peer.ports import Channel, PeerLeftRoom

from ..support.network import Faults, Network, Node


def leaves(node: Node) -> list[tuple[str, str]]:
    return [(event.member.name, event.reason) for event in node.events_of(MemberLeft)]


def suspicions(node: Node) -> list[str]:
    return [
        change.member.name
        for change in node.events_of(ConnectionChanged)
        if change.state == "suspect" and change.member
    ]


def epochs_of(node: Node) -> set[int]:
    """Under which keys it has sealed frames."""
    return {data[1] for _, data in node.transmitted if data[0] == FRAME_TYPE}


def test_idle_links_live_for_hours() -> None:
    """By a heartbeat every second a side, in whose place a comparison of the logs now and then may stand."""
    network = Network()
    ann, bob = network.room_of("ann", "bob")
    ann.transmitted.clear()
    network.run(3600)
    network.check_full_mesh()
    assert leaves(ann) + leaves(bob) == []
    beats = [data for channel, data in ann.transmitted if channel is Channel.EPHEMERAL]
    others = [data for channel, data in ann.transmitted if channel is Channel.EVENTS]
    assert 3300 <= len(beats) <= 3600
    assert 3590 <= len(beats) + len(others) <= 3600 + 2 * 3600 / 15


def test_keys_of_idle_and_busy_links_are_renewed() -> None:
    """Every ten minutes, with a delay on the way, and no word is lost."""
    network = Network()
    ann, bob = network.room_of("ann", "bob")
    network.run(1850)
    assert epochs_of(ann) == {0, 1, 2, 3}
    for number in range(130):
        ann.send(f"ann {number}")
        bob.send(f"bob {number}")
        network.run(5)
    assert epochs_of(bob) == {0, 1, 2, 3, 4}
    assert bob.texts(ann) == [f"ann {number}" for number in range(130)]
    assert ann.texts(bob) == [f"bob {number}" for number in range(130)]
    assert leaves(ann) + leaves(bob) == []


def test_idle_link_outlives_every_second_heartbeat() -> None:
    """One of them may be lost; the next one comes before the link is suspect."""
    network = Network()
    ann, bob = network.room_of("ann", "bob")
    network.run(3.5)
    for number in range(100):
        network.faults.ephemeral_loss = 1.0 if number % 2 else 0.0
        network.run(1)
    assert leaves(ann) + leaves(bob) == []
    assert suspicions(ann) + suspicions(bob) == []


def test_silence_is_a_loss_within_five_seconds_told_once() -> None:
    """A process that was killed says nothing; until then, nobody is told that it left."""
    network = Network()
    ann, bob, cy = network.room_of("ann", "bob", "cy")
    network.run(10)
    bob.send("my last words")
    network.run(0.02)
    bob.crash()
    network.run(3.4)
    assert leaves(ann) == []
    assert (suspicions(ann), suspicions(cy)) == (["bob"], ["bob"])
    network.run(1.55)
    assert leaves(ann) == leaves(cy) == [("bob", "lost")]
    network.remove_seat(bob, "timeout")
    network.run(120)
    assert leaves(ann) == leaves(cy) == [("bob", "lost")]
    assert ann.here == ["cy"]


def test_process_that_was_killed_is_lost_even_if_the_server_noticed_first() -> None:
    """It did not say goodbye."""
    network = Network()
    ann, bob = network.room_of("ann", "bob")
    bob.crash()
    network.remove_seat(bob, "timeout")
    network.run(20)
    assert leaves(ann) == [("bob", "lost")]


def test_goodbye_is_told_at_once() -> None:
    """Neither the server nor any clock is waited for."""
    network = Network()
    ann, bob, cy = network.room_of("ann", "bob", "cy")
    network.stop_server()
    bob.leave()
    network.run(0.02)
    assert leaves(ann) == leaves(cy) == [("bob", "left")]
    network.run(60)
    assert len(leaves(ann)) == 1


def test_leaving_in_the_middle_of_a_handshake_is_no_loss() -> None:
    """Whatever the moment: the others were told goodbye, or never that anybody came."""
    for milliseconds in range(0, 150, 5):
        network = Network()
        [ann] = network.room_of("ann")
        bob = network.join(network.node("bob"))
        network.run(milliseconds / 1000)
        bob.leave()
        network.run(60)
        joined = len(ann.events_of(MemberJoined))
        assert leaves(ann) == [("bob", "left")] * joined, f"{milliseconds} ms after the join"


def test_open_link_outlives_a_server_that_says_its_peer_left() -> None:
    """Nothing happens; they go on talking."""
    network = Network()
    ann, bob = network.room_of("ann", "bob")
    ann.events.clear()
    ann.do(lambda mesh: mesh.receive_signaling(PeerLeftRoom(bob.peer_id, "timeout"), now=network.now))
    network.run(60)
    bob.send("I am here")
    network.run(1)
    assert ann.texts() == ["I am here"]
    assert len(ann.news) == 1


def test_outage_of_the_server_is_told_once_each_way() -> None:
    """And costs no link."""
    network = Network()
    nodes = network.room_of("ann", "bob", "cy")
    for node in nodes:
        node.events.clear()
    network.stop_server()
    network.run(600)
    network.start_server()
    network.run(10)
    network.check_full_mesh()
    for node in nodes:
        assert node.news == [StateChanged(RoomState.SIGNALING_LOST, "stopped"), StateChanged(RoomState.JOINED)]


def test_member_that_went_during_an_outage_is_not_missed_twice() -> None:
    """The roster after it does not name bob, who said goodbye; cy, who did not, is still linked."""
    network = Network()
    ann, bob, cy = network.room_of("ann", "bob", "cy")
    network.stop_server()
    bob.leave()
    network.seated.pop(cy.peer_id)
    network.run(5)
    network.start_server()
    network.run(60)
    assert leaves(ann) == [("bob", "left")]
    assert ann.here == ["cy"]


def test_newcomer_during_somebodys_absence_from_the_server_is_linked() -> None:
    """Bob misses that cy joined, and cy's offer; after his return the smaller id offers."""
    network = Network()
    _, bob = network.room_of("ann", "bob")
    network.send_offline(bob)
    cy = network.join(network.node("cy"))
    network.run(8)
    assert cy.here == ["ann"]
    network.send_online(bob)
    network.run(15)
    network.check_full_mesh()


@pytest.mark.parametrize("times", [1, 3])
def test_paths_that_break_are_made_anew_by_themselves(times: int) -> None:
    """In time, so that nobody is told that anybody left; the server needs to say nothing."""
    network = Network()
    ann, bob = network.room_of("ann", "bob")
    for _ in range(times):
        network.cut(ann, bob)
        network.run(2)
    network.check_full_mesh()
    for node in (ann, bob):
        assert len(node.events_of(MemberLeft)) == 0
        assert len(node.events_of(MemberJoined)) == 1
        assert len(suspicions(node)) == times
    ann.send("again")
    network.run(1)
    assert bob.texts() == ["again"]


def test_whole_room_whose_paths_break_at_once_is_whole_again() -> None:
    """Ten links at a time, each offered by its smaller id."""
    network = Network()
    nodes = network.room_of("ann", "bob", "cy", "dan", "eve")
    for index, node in enumerate(nodes):
        for other in nodes[:index]:
            network.cut(node, other)
    network.run(5)
    network.check_full_mesh()


def test_path_that_only_one_end_gives_up_is_made_anew() -> None:
    """Bob's end is gone, and the word of it is lost; ann believes in hers until her silence is over."""
    network = Network()
    ann, bob = network.room_of("ann", "bob")
    [end] = bob.ends.values()
    network.wall_off(ann)
    bob.do(lambda mesh: mesh.link_closed(end.link, now=network.now))
    network.tear_down_walls()
    network.run(60)
    network.check_full_mesh()


@pytest.mark.parametrize("seconds", [3, 20, 40])
def test_room_that_was_parted_is_whole_again(seconds: float) -> None:
    """Two and three members reach only their own side; the server reaches all. Short partings go unseen."""
    network = Network(faults=Faults(delay_s=(0.005, 0.05)))
    nodes = network.room_of("ann", "bob", "cy", "dan", "eve")
    network.wall_off(*nodes[:2])
    network.run(seconds)
    assert [len(node.here) for node in nodes] == ([4] * 5 if seconds < 4 else [1, 1, 2, 2, 2])
    network.tear_down_walls()
    network.run(60)
    network.check_full_mesh()


def test_link_that_is_replaced_shows_nothing_twice() -> None:
    """Bob lost his end and offers anew while ann's end still stands: no MemberLeft, no second MemberJoined for her."""
    network = Network()
    ann, bob = network.room_of("ann", "bob")
    [end] = bob.ends.values()
    end.path = None  # nothing passes any more, and ann is not told
    bob.do(lambda mesh: mesh.link_closed(end.link, now=network.now))
    bob.ends.clear()
    bob.events.clear()
    ann.events.clear()
    bob.send("once")
    network.run(12)
    assert ann.texts() == ["once"]
    network.check_full_mesh()
