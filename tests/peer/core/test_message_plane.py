"""The message plane between links and control log: who hears what, and by which rules."""

from __future__ import annotations

from peer.core.history_outputs import Save
from peer.events import Message
from peer.log.event import EventId
from peer.messages.rules import PrivateRules, PublicRules, UnknownRules, WaitingRules
from peer.wire.frames import ControlDigest

from ...support.network import Network
from ...support.spoken import CHAT, Speech
from ...support.visitor import Visitor


def test_what_is_said_is_kept_before_it_leaves() -> None:
    """And before anybody is told of it."""
    network = Network()
    ann, _ = network.room_of("ann", "bob")
    ann.mesh.speak().send("ahoy", now=network.now)
    ann.mesh.settle(now=network.now)
    kinds = [type(output) for output in ann.mesh.outputs()]
    assert kinds[0] is Save
    assert len(kinds) > 1


def test_rules_follow_the_control_log() -> None:
    """Nothing known, waiting, in; a public room has its own."""
    network = Network()
    [bob] = network.room_of("bob")
    rules = [bob.mesh._plane.history.journal.holdings.rules]
    network.join(network.node("ann"))
    network.run(1)
    rules.append(bob.mesh._plane.history.journal.holdings.rules)
    [cy] = Network().room_of("cy", is_public=True)
    rules.append(cy.mesh._plane.history.journal.holdings.rules)
    assert [type(each) for each in rules] == [UnknownRules, PrivateRules, PublicRules]
    assert issubclass(WaitingRules, PrivateRules)


def test_message_of_a_member_is_shown_and_nonsense_ends_its_link() -> None:
    """Without a word."""
    visit = Visitor.in_room_of("ann")
    speech = Speech("mallory", visit.node.mesh.membership)
    visit.say(speech.say("ahoy"))
    assert visit.node.texts() == ["ahoy"]
    visit.say(CHAT)
    assert visit.closed == ["MalformedFrame"]
    assert len(visit.node.events_of(Message)) == 1


def test_right_that_nobody_knows_is_asked_for() -> None:
    """The control logs are compared with whoever relied on it."""
    visit = Visitor.in_room_of("ann")
    visit.linger()
    visit.insider.heard.clear()
    visit.say(Speech("mallory", visit.node.mesh.membership).say("ahoy", auth=EventId(bytes(32))))
    visit.linger()
    assert visit.node.texts() == visit.closed == []
    assert any(isinstance(frame, ControlDigest) for frame in visit.insider.heard)


def test_who_leaves_waits_for_those_who_are_coming() -> None:
    """Drafts are owed to them; to nobody else."""
    network = Network()
    ann = network.join(network.node("ann"))
    ann.send("anybody?")
    plane = ann.mesh._plane
    assert (plane.is_owing(is_anybody_coming=False), plane.is_owing(is_anybody_coming=True)) == (False, True)


def test_member_with_two_processes_is_heard_while_one_of_them_is_there() -> None:
    """And is told what the other one was told."""
    network = Network()
    ann = network.join(network.node("ann"))
    twins = [network.join(network.node("bob")) for _ in range(2)]
    network.run(1)
    twins[0].leave()
    network.run(1)
    assert ann.send("still there?").status == "sent"
    network.run(1)
    assert twins[1].texts() == ["still there?"]
