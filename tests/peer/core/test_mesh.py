"""One room as its user sees it: messages, typing, presence, names, roles, state. Faults are in tests/network/."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest

from peer.config import Config
from peer.core.claims import Standing
from peer.core.contact import Received
from peer.core.governance import Governance, Stage
from peer.core.machine import LinkId
from peer.core.membership import InviteSeed
from peer.errors import BadSetting, MessageTooLarge, NotJoined, OutboxFull
from peer.events import (
    ClaimChanged,
    KeyChanged,
    MemberJoined,
    MemberLeft,
    MemberWaiting,
    Message,
    Presence,
    PresenceChanged,
    RoleChanged,
    RoomFull,
    RoomState,
    StateChanged,
    StatusChanged,
    TypingChanged,
    VerificationChanged,
)
from peer.ids import MemberId, PeerId
from peer.ports import Channel, PeerLeftRoom, Roster, SignalingLost
from peer.wire.frames import ControlEvents, Goodbye, Introduction, PresenceUpdate, TypingNotice

from ...support.attestations import Notary
from ...support.insider import Insider
from ...support.keys import identity, membership_of, private_room
from ...support.network import START_MS, Network, Node
from ...support.visitor import Visitor


def pair() -> tuple[Network, Node, Node]:
    """Ann, who owns the room, and bob, linked."""
    network = Network()
    ann, bob = network.room_of("ann", "bob")
    return network, ann, bob


# ---- messages


def test_message_reaches_the_others_and_not_ourselves() -> None:
    """`send` answers our own; events tell of others'."""
    network, ann, bob = pair()
    sent = ann.mesh.speak().send("ahoy", emote_ids=["25"], custom_emoji_ids=["parrot"], now=network.now)
    ann.do(lambda mesh: mesh.settle(now=network.now))
    network.run(1)
    [heard] = bob.events_of(Message)
    assert (heard.id, heard.text, heard.room, heard.sent_at) == (sent.id, "ahoy", sent.room, sent.sent_at)
    assert (heard.emote_ids, heard.custom_emoji_ids) == (("25",), ("parrot",))
    assert (heard.sender.name, heard.status, sent.sender.is_me) == ("ann", "sent", True)
    assert sent.status == "sent"
    assert ann.events_of(Message) == []


def test_message_says_when_it_was_sent_in_utc() -> None:
    """By the sender's clock, to the millisecond."""
    network, ann, _ = pair()
    expected_ms = START_MS + round(network.now * 1000)
    assert ann.send("ahoy").sent_at == datetime.fromtimestamp(expected_ms / 1000, UTC)


def test_message_alone_is_a_draft_until_somebody_comes() -> None:
    """StatusChanged says so, under the id that it has from then on; whoever comes later gets it as well."""
    network = Network()
    ann = network.join(network.node("ann"))
    draft = ann.send("is anybody here?")
    assert draft.status == "draft"
    bob = network.join(network.node("bob"))
    network.run(1)
    cy = network.join(network.node("cy"))
    network.run(1)
    [sent] = ann.mesh.messages.page(limit=1)
    assert ann.events_of(StatusChanged)[0] == StatusChanged(sent.id, "sent", draft.id)
    assert bob.texts() == cy.texts() == ["is anybody here?"]


def test_drafts_are_bounded_and_the_refused_one_is_not_kept() -> None:
    """The writer is told at once; what was taken is delivered."""
    network = Network(config=Config(max_pending_messages=2))
    ann = network.join(network.node("ann"))
    for text in ("one", "two"):
        ann.send(text)
    with pytest.raises(OutboxFull):
        ann.send("three")
    bob = network.join(network.node("bob"))
    network.run(1)
    assert bob.texts() == ["one", "two"]


def test_messages_of_one_millisecond_keep_their_order_through_drafts() -> None:
    """Some were written alone, some while bob was on his way."""
    network = Network()
    ann = network.join(network.node("ann"))
    for number in range(3):
        ann.send(str(number))
    bob = network.join(network.node("bob"))
    for number in range(3, 6):
        ann.send(str(number))
    network.run(1)
    ann.send("6")
    network.run(1)
    assert bob.texts() == [str(number) for number in range(7)]


@pytest.mark.parametrize("text", ["x" * 11, "é" * 6])
def test_text_over_the_limit_is_refused_before_anything_is_sent(text: str) -> None:
    """The limit is in bytes of UTF-8; the error names both sizes."""
    network = Network(config=Config(max_text_bytes=10))
    ann, bob = network.room_of("ann", "bob")
    with pytest.raises(MessageTooLarge) as caught:
        ann.send(text)
    assert (caught.value.actual_bytes, caught.value.limit_bytes) == (len(text.encode()), 10)
    ann.send(text[:5])
    network.run(1)
    assert bob.texts() == [text[:5]]


def test_text_over_the_limit_of_the_wire_is_refused_whatever_the_configuration() -> None:
    """Or each such message would end the link that carries it."""
    network = Network(config=Config(max_text_bytes=100_000))
    ann, bob = network.room_of("ann", "bob")
    with pytest.raises(MessageTooLarge) as caught:
        ann.send("x" * 20_000)
    assert caught.value.limit_bytes == 8 * 1024
    ann.send("x" * 8 * 1024)
    network.run(1)
    assert [len(text) for text in bob.texts()] == [8 * 1024]


@pytest.mark.parametrize(
    "arguments",
    [
        {"text": "half \ud800"},
        {"text": "hi", "emote_ids": ["\ud800"]},
        {"text": "hi", "custom_emoji_ids": ["x" * 65]},
        {"text": "hi", "emote_ids": ["x"] * 65},
    ],
)
def test_what_cannot_be_written_down_is_refused_before_anything_is_sent(arguments: dict[str, Any]) -> None:
    """A lone surrogate has no UTF-8; ids are short and few. The sentence says what to do."""
    network, ann, bob = pair()
    with pytest.raises(BadSetting, match=r"surrogate|others would not take this"):
        ann.mesh.speak().send(**arguments, now=network.now)
    ann.send("fine")
    network.run(1)
    assert bob.texts() == ["fine"]


def test_what_is_owed_to_somebody_present_is_known() -> None:
    """So that leaving can wait for it; a draft alone is owed to nobody."""
    network = Network()
    ann = network.join(network.node("ann"))
    ann.send("anybody?")
    assert not ann.mesh.is_owing
    network.join(network.node("bob"))
    assert ann.mesh.is_owing
    network.run(1)
    assert not ann.mesh.is_owing


# ---- typing


def test_typing_is_told_once_renewed_silently_and_goes_stale() -> None:
    """A frame every 1.5 s while keys are pressed; three seconds after the last one it is over."""
    network = Network(config=Config(heartbeat_s=4.0))
    ann, bob = network.room_of("ann", "bob")
    ann.transmitted.clear()
    for _ in range(30):
        ann.set_typing()
        network.run(0.1)
    sent = [channel for channel, _ in ann.transmitted]
    assert sent == [Channel.EPHEMERAL, Channel.EPHEMERAL]
    assert [event.typing for event in bob.events_of(TypingChanged)] == [True]
    network.run(1.4)
    assert len(bob.events_of(TypingChanged)) == 1
    network.run(0.2)
    assert [event.typing for event in bob.events_of(TypingChanged)] == [True, False]


def test_typing_ends_with_the_message_it_was_about() -> None:
    """First the end of typing, then the message; the next key is told at once."""
    network, ann, bob = pair()
    ann.set_typing()
    network.run(0.1)
    ann.send("done")
    network.run(0.1)
    assert [type(event) for event in bob.news][-3:] == [TypingChanged, TypingChanged, Message]
    ann.set_typing()
    network.run(0.1)
    assert bob.events_of(TypingChanged)[-1].typing


def test_typing_ends_when_they_say_so() -> None:
    """Who cleared the line is not typing."""
    network, ann, bob = pair()
    ann.set_typing()
    network.run(0.1)
    ann.set_typing(False)
    network.run(0.1)
    assert [event.typing for event in bob.events_of(TypingChanged)] == [True, False]


def test_room_that_was_left_while_somebody_typed_is_silent() -> None:
    """No event after the end, and no timer that would keep a process alive."""
    network, ann, bob = pair()
    ann.set_typing()
    network.run(0.1)
    bob.leave()
    assert bob.mesh.next_deadline() is None
    network.run(5)
    assert isinstance(bob.news[-1], StateChanged)


def test_member_that_leaves_while_typing_is_forgotten_as_a_typist() -> None:
    """Nothing goes stale after MemberLeft."""
    network, ann, bob = pair()
    ann.set_typing()
    network.run(0.1)
    ann.leave()
    network.run(5)
    assert isinstance(bob.news[-1], MemberLeft)


# ---- presence


def test_presence_reaches_those_who_are_here_and_newcomers() -> None:
    """The former by a frame, the latter by the introduction; saying the same again is no news."""
    network, ann, bob = pair()
    for _ in range(2):
        ann.set_presence("away")
    network.run(1)
    assert [event.member.presence for event in bob.events_of(PresenceChanged)] == ["away"]
    cy = network.join(network.node("cy"))
    network.run(1)
    assert cy.member(ann).presence == "away"
    assert cy.events_of(PresenceChanged) == []


def test_presence_that_changes_while_a_link_is_made_reaches_the_newcomer() -> None:
    """Whatever the moment: before the introduction, after ours, or before theirs has arrived."""
    for milliseconds, names in itertools.product(range(0, 200, 5), (("ann", "bob"), ("bob", "ann"))):
        network = Network()
        nodes = {name: network.join(network.node(name)) for name in names}
        ann, bob = nodes["ann"], nodes["bob"]
        network.run(milliseconds / 1000)
        ann.set_presence("away")
        network.run(2)
        assert bob.member(ann).presence == "away", f"told {milliseconds} ms after the join"


def test_presence_that_changed_while_a_link_was_replaced_is_an_event() -> None:
    """They never left, so it is PresenceChanged, and no MemberJoined."""
    visit = Visitor.in_room_of("ann")
    visit.node.events.clear()
    again = Visitor(visit.network, visit.node, Insider("mallory"), attempt=b"another.")
    again.shake()
    again.say(Introduction("mallory", "", "away"))
    assert [type(event) for event in visit.node.news] == [PresenceChanged]


def test_presence_said_twice_is_told_once() -> None:
    """Whatever another implementation sends."""
    visit = Visitor.in_room_of("ann")
    visit.node.events.clear()
    for _ in range(2):
        visit.say(PresenceUpdate("away"))
    assert [type(event) for event in visit.node.news] == [PresenceChanged]


def test_presence_is_one_of_three() -> None:
    """Anything else is refused with the list."""
    _, ann, _ = pair()
    with pytest.raises(BadSetting, match="online, away or offline"):
        ann.set_presence("busy")


def test_member_that_left_is_offline_and_last_seen_now() -> None:
    """It stays in the list, so that people see who was there."""
    network, ann, bob = pair()
    network.run(5)
    ann.leave()
    network.run(1)
    [left] = bob.events_of(MemberLeft)
    assert (left.reason, left.member.presence) == ("left", "offline")
    assert left.member.last_seen is not None
    assert bob.member(ann) == left.member


# ---- names and roles


def test_names_are_cleaned_before_they_are_shown() -> None:
    """What another peer calls itself, and what it calls the room."""
    visit = Visitor.to("bob")
    visit.say(Introduction("\x1b[31m ma\u202ello \n", "De\x00ck", "online"))
    [joined] = visit.node.events_of(MemberJoined)
    assert joined.member.name == "[31m ma llo"
    assert visit.node.mesh.title == "De ck"


def test_member_whose_name_shows_nothing_is_nameless() -> None:
    """It must be seen that somebody is there."""
    visit = Visitor.to("bob")
    visit.say(Introduction("\u200b", "", "online"))
    assert [event.member.name for event in visit.node.events_of(MemberJoined)] == ["nameless"]


def test_own_names_are_cut_to_what_the_wire_takes() -> None:
    """A larger bound of ours must not keep others from linking to us."""
    network = Network(config=Config(max_name_chars=200))
    ann = network.join(network.node("ann", title="t" * 100))
    bob = network.join(network.node("bob" * 40))
    network.run(1)
    assert [len(member.name) for member in ann.mesh.members[1:]] == [64]
    assert len(bob.mesh.title) == 64
    assert bob.here == ["ann"]


def test_guests_alone_wait_in_the_lobby_until_a_member_comes() -> None:
    """Neither can tell what the other is; when ann shows the genesis and the control log, all are members of all."""
    network = Network()
    bob, cy = (network.join(network.node(name)) for name in ("bob", "cy"))
    network.run(15)
    assert bob.mesh.state is cy.mesh.state is RoomState.LOBBY
    assert bob.here == cy.here == []
    ann = network.join(network.node("ann"))
    network.run(1)
    network.check_full_mesh()
    for node in (ann, bob, cy):
        assert node.mesh.state is RoomState.JOINED
        roles = {member.name: member.role for member in node.mesh.members}
        assert roles == {"ann": "owner", "bob": "member", "cy": "member"}
        assert node.mesh.membership.genesis == private_room()[1]


def test_guest_learns_the_title_and_the_owners_word_counts() -> None:
    """Until the owner is here, any member's word will do."""
    network = Network()
    ann, cy = network.room_of("ann", "cy")
    cy.mesh._conversation.title = "cy says"
    ann.leave()
    bob = network.join(network.node("bob"))
    network.run(1)
    assert bob.mesh.title == "cy says"
    network.join(network.node("ann"))
    network.run(1)
    assert bob.mesh.title == "Deck"


def test_title_of_a_public_room_is_its_name() -> None:
    """No member can rename it, and nobody owns it."""
    network = Network()
    ann, bob = network.room_of("ann", "bob", is_public=True)
    visit = Visitor.in_public_room(network, bob)
    visit.say(Introduction("mallory", "renamed", "online"))
    assert bob.mesh.title == "lobby"
    assert {member.role for member in ann.mesh.members + bob.mesh.members} == {"member"}


def test_genesis_of_another_room_is_refused() -> None:
    """Whoever shows it knows the gate, yet means another room: no member, no event."""
    network = Network()
    visit = Visitor(network, network.join(network.node("bob")), Insider())
    visit.shake()
    visit.say(ControlEvents(private_room("mallory")[1], (), True))
    assert visit.closed == ["MalformedFrame"]
    assert visit.node.news == []
    assert visit.node.here == []


# ---- how we stand


def test_lost_server_is_told_once_each_way() -> None:
    """Links live on, so nobody leaves and nobody joins."""
    network, ann, bob = pair()
    ann.events.clear()
    for _ in range(2):
        network.stop_server()
    network.run(60)
    for _ in range(2):
        network.start_server()
    assert ann.news == [StateChanged(RoomState.SIGNALING_LOST, "stopped"), StateChanged(RoomState.JOINED)]
    ann.send("still here")
    network.run(1)
    assert bob.texts() == ["still here"]


def test_room_that_was_left_can_be_used_no_more() -> None:
    """Every intent says so; leaving again says nothing, and what comes late is not heard."""
    network, ann, bob = pair()
    [link] = ann.ends
    ann.leave()
    ann.leave()
    intents = (
        ann.mesh.speak,
        lambda: ann.mesh.set_typing(True, now=network.now),
        lambda: ann.mesh.set_presence("away", now=network.now),
    )
    for intent in intents:
        with pytest.raises(NotJoined, match="Deck"):
            intent()
    for event in (Roster((bob.info,)), SignalingLost("late"), PeerLeftRoom(bob.peer_id, "left")):
        ann.mesh.receive_signaling(event, now=network.now)
    ann.mesh.receive(link, Channel.EVENTS, b"late", now=network.now)
    ann.mesh.link_closed(link, now=network.now)
    assert ann.mesh.outputs() == []
    assert ann.mesh.next_deadline() is None
    assert ann.events_of(StateChanged) == [StateChanged(RoomState.LEFT)]
    assert bob.events_of(MemberLeft) == []
    network.run(1)
    assert [event.reason for event in bob.events_of(MemberLeft)] == ["left"]


def test_reason_of_an_end_that_we_did_not_choose_is_passed_on() -> None:
    """A seat that is lost for good ends the room with the server's sentence."""
    network, ann, _ = pair()
    ann.do(lambda mesh: mesh.leave("the room is full", now=network.now))
    assert ann.news[-1] == StateChanged(RoomState.LEFT, "the room is full")


def test_event_of_no_known_kind_is_our_own_bug() -> None:
    """The match is complete, says the type checker; should it not be, an assert names the event."""
    _, ann, _ = pair()
    with pytest.raises(AssertionError):
        ann.mesh.receive_signaling(object(), now=0.0)  # type: ignore[arg-type]


# ---- one member, two processes


def test_member_with_two_processes_joins_and_leaves_once() -> None:
    """Members are identities; processes come and go unseen."""
    network = Network()
    ann = network.join(network.node("ann"))
    twins = [network.join(network.node("bob")) for _ in range(2)]
    network.run(1)
    assert len(ann.events_of(MemberJoined)) == 1
    ann.send("to both")
    network.run(1)
    assert [twin.texts() for twin in twins] == [["to both"], ["to both"]]
    twins[0].leave()
    network.run(1)
    assert ann.events_of(MemberLeft) == []
    twins[1].leave()
    network.run(1)
    assert len(ann.events_of(MemberLeft)) == 1


def test_frames_without_meaning_to_a_room_are_passed_over() -> None:
    """A goodbye ends in the links; a stop of who was not typing is no news."""
    visit = Visitor.in_room_of("ann")
    visit.node.events.clear()
    visit.say(TypingNotice(False), channel=Channel.EPHEMERAL)
    assert visit.node.news == []
    visit.say(Goodbye())
    assert [type(event) for event in visit.node.news] == [MemberLeft]
    visit.node.mesh.link_opened(LinkId(PeerId("nobody"), bytes(8)), now=0.0)
    assert visit.node.mesh.outputs() == []


# ---- claims: see also tests/network/test_claims.py


NOTARY = Notary()


def vouch(node: Node, subject: str = "") -> None:
    """The server's keys, and its word for the node's key."""
    standing = Standing(NOTARY.keys, NOTARY.attest(identity(node.name), subject) if subject else "")
    node.do(lambda mesh: mesh.receive_standing(standing, now=node.network.now))


def test_word_of_the_server_is_shown_for_both_and_told_when_it_comes() -> None:
    """Linked already, or just about to be: in the introduction, behind it, and for ourselves."""
    network, ann, bob = pair()
    vouch(bob)
    vouch(ann, "alice")
    network.run(1)
    cy = network.node("cy")
    vouch(cy)
    network.join(cy)
    while "cy" not in ann.here:
        network.run(0.001)
    vouch(cy, "carol")
    network.run(1)
    for node in (bob, cy):
        claim = node.member(ann).claim
        assert claim is not None
        assert (claim.subject, claim.name, claim.is_contested) == ("alice", "Alice", False)
    assert [event.member.name for event in bob.events_of(ClaimChanged)] == ["ann", "cy"]
    assert ann.mesh.members[0].claim == bob.member(ann).claim


def test_server_without_keys_vouches_for_nobody() -> None:
    """An attestation alone is worth nothing here; the others know what to make of it."""
    network, ann, bob = pair()
    vouch(bob)
    ann.do(lambda mesh: mesh.receive_standing(Standing(None, NOTARY.attest(identity("ann"))), now=network.now))
    network.run(1)
    assert ann.mesh.members[0].claim is None
    assert bob.member(ann).claim is not None


def test_claims_end_with_the_room() -> None:
    """Who has left is not woken for them, and tells nobody."""
    _, ann, _ = pair()
    vouch(ann, "alice")
    assert ann.mesh.next_deadline() is not None
    ann.leave()
    assert ann.mesh.next_deadline() is None
    told = len(ann.news)
    vouch(ann, "bob")
    ann.do(lambda mesh: mesh.handle_timeout(now=1e9))
    assert len(ann.news) == told
    assert ann.mesh.next_deadline() is None


# ---- people we know: see also test_people.py


def test_second_key_for_a_subject_is_told_and_never_merged() -> None:
    """When the claim comes, not before; both stay members of their own."""
    network, ann, bob = pair()
    [mallory] = network.room_of("mallory")
    vouch(bob)
    for node in (ann, mallory):
        vouch(node, "alice")
        network.run(1)
    [event] = bob.events_of(KeyChanged)
    assert (event.member.id, event.known.id) == (identity("mallory").member_id, identity("ann").member_id)
    assert bob.member(mallory).changed_from == event.known
    assert bob.member(ann).changed_from is None
    assert len(bob.mesh.members) == 3


def test_second_key_for_a_name_in_a_public_room_is_told_behind_its_arrival() -> None:
    """Also after the first one has left."""
    network = Network()
    ann, bob = network.room_of("ann", "bob", is_public=True)
    bob.leave()
    network.run(1)
    visitor = Visitor.in_public_room(network, ann)
    visitor.say(Introduction("BOB", "lobby", "online", ""))
    [event] = ann.events_of(KeyChanged)
    assert (event.known.id, event.member.name) == (identity("bob").member_id, "BOB")
    kinds = [type(each) for each in ann.news]
    assert kinds.index(KeyChanged) == len(kinds) - 1 - kinds[::-1].index(MemberJoined) + 1


def test_verified_member_is_shown_as_such_from_its_arrival() -> None:
    """And told of when it is verified while here; a room that was left tells nothing."""
    network, ann, bob = pair()
    people = ann.mesh._company._recognition._people
    people.verify(identity("bob").member_id, "bob")
    ann.do(lambda mesh: mesh.review_people())
    [event] = ann.events_of(VerificationChanged)
    assert event.member == ann.member(bob)
    assert event.member.verified
    bob.leave()
    network.run(1)
    network.room_of("bob")
    assert [event.member.verified for event in ann.events_of(MemberJoined)] == [False, True]
    ann.leave()
    people.unverify(identity("bob").member_id)
    told = len(ann.news)
    ann.do(lambda mesh: mesh.review_people())
    assert len(ann.news) == told


# ---- who comes in: see also test_governance.py, test_lobby.py, tests/network/test_membership.py


def test_guest_waits_in_the_lobby_until_it_is_admitted() -> None:
    """Those who may admit are told, by name; then it gets what was said before."""
    network = Network()
    ann = network.join(network.node("ann", membership=membership_of("ann", approve=True)))
    cy = network.join(network.node("cy", membership=membership_of("cy", approve=True)))
    network.run(1)
    govern(ann, lambda room: room.admit(identity("cy").member_id, now=network.now))
    network.run(1)
    bob = network.join(network.node("bob", membership=membership_of("bob", approve=True)))
    network.run(1)
    assert bob.mesh.state is RoomState.LOBBY
    assert [event.member.name for event in ann.events_of(MemberWaiting)] == ["cy", "bob"]
    assert [member.name for member in ann.mesh.waiting] == ["bob"]
    assert cy.events_of(MemberWaiting) == []
    assert not bob.mesh.can_enter_soon
    ann.send("not for bob")
    govern(ann, lambda room: room.admit(identity("bob").member_id, now=network.now))
    network.run(1)
    ann.send("for bob too")
    network.run(1)
    assert (cy.texts(), bob.texts()) == (["not for bob", "for bob too"], ["not for bob", "for bob too"])
    assert bob.events_of(StateChanged) == [StateChanged(RoomState.JOINED)]
    assert bob.mesh.stage is Stage.IN


def govern(node: Node, act: Callable[[Governance], None]) -> None:
    """As `Room` does it."""
    act(node.mesh.govern())
    node.do(lambda mesh: mesh.settle(now=node.network.now))


def test_room_that_nobody_has_seen_in_the_lobby_says_nothing_of_it() -> None:
    """`join_room` waits: what happened before it returned is no news."""
    network = Network()
    network.join(network.node("ann"))
    bob = network.node("bob")
    bob.mesh.is_handed_over = False
    network.join(bob)
    assert bob.mesh.can_enter_soon
    network.run(1)
    assert bob.mesh.state is RoomState.JOINED
    assert bob.events_of(StateChanged) == []


def test_guest_that_is_turned_away_leaves_with_the_reason() -> None:
    """In one sentence; nobody saw it come."""
    network = Network()
    ann = network.join(network.node("ann"))
    unknown = InviteSeed(b"never made......", is_open=True)
    bob = network.join(network.node("bob", membership=membership_of("bob", invite=unknown)))
    network.run(1)
    [left] = bob.events_of(StateChanged)
    assert left.state is RoomState.LEFT
    assert left.reason.startswith("no member who is here knows this invite")
    assert bob.mesh.refusal is not None
    assert bob.mesh.refusal.code == "unknown"
    assert ann.news == []


def test_kick_is_seen_by_all_and_frames_in_flight_are_not_heard() -> None:
    """Roles are as before; the open invite is another one."""
    network = Network()
    ann, bob, eve = network.room_of("ann", "bob", "eve")
    invite = ann.mesh.open_invite
    eve.send("on its way")
    govern(ann, lambda room: room.kick(identity("eve").member_id, now=network.now))
    network.run(1)
    for node in (ann, bob):
        assert [(event.member.name, event.reason) for event in node.events_of(MemberLeft)] == [("eve", "removed")]
    assert ann.texts() == []
    assert eve.events_of(StateChanged)[-1] == StateChanged(RoomState.LEFT, "removed")
    assert ann.mesh.open_invite not in (None, invite)
    assert bob.mesh.open_invite is None
    with pytest.raises(NotJoined):
        eve.mesh.govern()


def test_roles_that_change_are_told() -> None:
    """To everybody, and to whom it concerns."""
    network, ann, bob = pair()
    govern(ann, lambda room: room.promote(identity("bob").member_id, "admin", now=network.now))
    network.run(1)
    assert [event.member.role for event in ann.events_of(RoleChanged)] == ["admin"]
    assert [(event.member.is_me, event.member.role) for event in bob.events_of(RoleChanged)] == [(True, "admin")]


def test_frame_of_somebody_who_is_no_member_is_not_heard() -> None:
    """The causal gate: links are cut before, and should one not be, its words count for nothing."""
    _, ann, bob = pair()
    bob_id = bob.mesh.membership.me
    strangers: list[tuple[MemberId, Presence]] = [(identity("eve").member_id, "away"), (bob_id, "away")]
    for member_id, presence in strangers:
        ann.mesh._hear(Received(bob.peer_id, member_id, PresenceUpdate(presence)), now=0.0)
    ann.do(lambda mesh: mesh.settle(now=0.0))
    assert [event.member.name for event in ann.events_of(PresenceChanged)] == ["bob"]


def test_guest_who_loses_the_server_in_the_lobby_comes_back_to_the_lobby() -> None:
    """How we stand in the room is not for the server to say."""
    network = Network()
    bob = network.join(network.node("bob"))
    network.stop_server()
    network.start_server()
    assert [event.state for event in bob.events_of(StateChanged)] == [RoomState.SIGNALING_LOST, RoomState.LOBBY]


def test_guest_who_is_let_in_while_the_server_is_away_is_in_when_it_is_back() -> None:
    """Links live on without the server; the room says one thing at a time."""
    network = Network()
    ann = network.join(network.node("ann", membership=membership_of("ann", approve=True)))
    bob = network.join(network.node("bob", membership=membership_of("bob", approve=True)))
    network.run(1)
    network.stop_server()
    govern(ann, lambda room: room.admit(identity("bob").member_id, now=network.now))
    network.run(1)
    assert [bob.mesh.state, bob.here] == [RoomState.SIGNALING_LOST, ["ann"]]
    network.start_server()
    assert [event.state for event in bob.events_of(StateChanged)] == [RoomState.SIGNALING_LOST, RoomState.JOINED]


def test_seat_is_doubted_when_a_link_falls_silent_and_when_it_is_lost() -> None:
    """What made the link silent may have killed the connection to the server, over which the next link is made."""
    network, ann, bob = pair()
    network.run(60)
    assert ann.doubts == 0
    bob.crash()
    network.run(3)
    assert ann.doubts == 1
    network.run(2)
    assert ann.doubts == 2


def test_people_are_looked_at_anew_when_more_is_known() -> None:
    """Verified in another room, say."""
    _, ann, bob = pair()
    ann.mesh._company._recognition._people.verify(bob.mesh.membership.me, "bob")
    ann.do(lambda mesh: mesh.review_people())
    assert ann.member(bob).verified


def test_owner_of_a_room_that_is_full_is_told() -> None:
    """Its client lets nobody in any more, and has ended the open link."""
    network = Network(config=Config(max_members=2))
    ann, *_ = network.room_of("ann", "bob")
    network.join(network.node("cy"))
    network.run(2)
    assert [event.members for event in ann.events_of(RoomFull)] == [2]
    assert ann.mesh.open_invite is None
