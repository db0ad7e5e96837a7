"""One room: what passes through it to its links and streams. What its user sees is in test_mesh."""

from __future__ import annotations

import pytest

from peer.core.machine import LinkId, SendSignal
from peer.errors import LinkFailed
from peer.events import RoomState
from peer.ids import MemberId, PeerId
from peer.wire.aside_frames import AsideFrame, DirectGate

from ...support.network import Network, Node


def pair() -> tuple[Network, Node, Node]:
    """Ann, who owns the room, and bob, linked."""
    network = Network()
    ann, bob = network.room_of("ann", "bob")
    return network, ann, bob


def test_stream_goes_to_a_member_who_is_linked_and_is_refused_where_nobody_reads() -> None:
    """What is sent follows what the link has room for, and what the other side lets us send."""
    network, ann, bob = pair()
    link = ann.mesh.link_to(bob.mesh.membership.me)
    assert link is not None
    stream = ann.mesh.open_stream(bob.mesh.membership.me, label="a picture", size=3, now=network.now)
    stream.write(b"abc")
    assert not stream.is_over
    ann.do(lambda mesh: mesh.pull(link, budget_bytes=1024, now=network.now))
    network.run(1)
    assert stream.is_over
    bob.crash()
    network.run(10)
    with pytest.raises(LinkFailed, match="not linked just now"):
        ann.mesh.open_stream(bob.mesh.membership.me, label="", size=None, now=network.now)


def test_candidate_is_of_use_only_while_its_path_is_sought() -> None:
    _, ann, bob = pair()
    link = ann.mesh.link_to(bob.mesh.membership.me)
    assert link is not None
    ann.mesh.candidate_gathered(link, "candidate:late", now=60.0)
    ann.mesh.candidate_gathered(LinkId(PeerId("nobody"), b"attempt."), "candidate:odd", now=60.0)
    assert [output for output in ann.mesh.outputs() if isinstance(output, SendSignal)] == []


def test_who_is_about_to_leave_has_its_words_confirmed_at_once() -> None:
    """It owes nothing to anybody once they are."""
    network, ann, _ = pair()
    ann.send("my last words")
    assert ann.mesh.is_owing
    ann.do(lambda mesh: mesh.ask_for_confirmation(now=network.now))
    network.run(0.15)
    assert not ann.mesh.is_owing


def test_probe_shows_dead_links_soon_and_asks_nothing_of_a_room_that_was_left() -> None:
    """Two seconds, where silence alone takes four and a half."""
    network, ann, bob = pair()
    bob.crash()
    ann.do(lambda mesh: mesh.probe(now=network.now))
    network.run(2.1)
    assert ann.here == []
    ann.leave()
    ann.do(lambda mesh: mesh.probe(now=network.now))
    assert ann.mesh.state is RoomState.LEFT
    assert ann.mesh.outputs() == []


def test_word_beside_the_room_is_passed_on_with_whom_it_comes_from() -> None:
    """It concerns other rooms: nothing changes in this one."""
    network, ann, bob = pair()
    heard: list[tuple[MemberId, AsideFrame]] = []
    bob.mesh.asides.on_heard = lambda *said: heard.append(said)
    gate = DirectGate(b"s" * 16, is_answer=True)
    ann.do(lambda mesh: mesh.asides.tell(bob.mesh.membership.me, gate, now=network.now))
    ann.do(lambda mesh: mesh.settle(now=network.now))
    network.run(1)
    assert heard == [(ann.mesh.membership.me, gate)]
