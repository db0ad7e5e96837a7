"""What people read of a room."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest

import peer
from peer.ids import MemberId, MessageId, Topic
from peer.shown import Told, describe, describe_member, describe_state, excerpt, find, marked, plain_name

ADA = peer.Member(id=MemberId("ada-key-0123456789"), name="ada", role="owner", is_me=True)
BOB = peer.Member(id=MemberId("bob-key-0123456789"), name="bob")
OLD_BOB = peer.Acquaintance(id=MemberId("old-key-0123456789"), name="✓bob", verified=False)
CLAIM = peer.Claim(subject="7", name=None, issuer="home")
SAID = peer.Message(
    id=MessageId("ab"),
    room=Topic("t"),
    sender=BOB,
    text="up\nand \x1b[2J away",
    sent_at=datetime(2026, 1, 2, tzinfo=UTC),
)


@pytest.mark.parametrize(
    ("event", "told"),
    [
        (peer.MemberJoined(BOB), "bob is here (member, bob-key-)"),
        (peer.MemberLeft(BOB, "left"), "bob left"),
        (peer.MemberLeft(BOB, "lost"), "bob was lost"),
        (peer.MemberAdded(BOB), None),
        (peer.MemberRemoved(BOB), None),
        (peer.MemberRemoved(replace(BOB, presence="offline")), "bob belongs to the room no more"),
        (peer.MemberWaiting(BOB), "!bob waits to be let in: /admit bob-key-"),
        (peer.RoomFull(9), "!the room is full (9 members): nobody comes in by a link any more"),
        (peer.RoleChanged(ADA), "you are owner now"),
        (peer.RoleChanged(replace(BOB, role="admin")), "bob is admin now"),
        (peer.PresenceChanged(replace(BOB, presence="away")), "bob is away"),
        (
            peer.KeyChanged(BOB, OLD_BOB),
            "!bob (bob-key-) has another key than the person you met as bob (old-key-): "
            "a new device, or somebody else. /verify bob-key-",
        ),
        (
            peer.KeyChanged(BOB, replace(OLD_BOB, verified=True)),
            "!bob (bob-key-) has another key than the person whom you verified (old-key-): "
            "a new device, or somebody else. /verify bob-key-",
        ),
        (peer.ClaimChanged(BOB), None),
        (peer.ClaimChanged(replace(BOB, claim=CLAIM)), None),
        (
            peer.ClaimChanged(replace(BOB, claim=replace(CLAIM, is_contested=True))),
            "!bob (bob-key-): another key here bears the same claim",
        ),
        (peer.AuthorForked(BOB), "!bob (bob-key-) said two things at once: what it says counts no more"),
        (peer.VerificationChanged(replace(BOB, verified=True)), "bob's key is verified"),
        (peer.VerificationChanged(BOB), "bob's key is not verified now"),
        (peer.MessageEdited(SAID), "bob edited: up and [2J away"),
        (peer.MessageDeleted(SAID), "a message of bob was taken back"),
        (peer.MessagePinned(replace(SAID, is_pinned=True)), "pinned: bob: up and [2J away"),
        (peer.MessagePinned(SAID), "pinned no more: bob: up and [2J away"),
        (peer.ReactionChanged(SAID, BOB, "👍", is_on=True), "bob put 👍 at bob: up and [2J away"),
        (peer.ReactionChanged(SAID, BOB, "a1", is_on=False, custom=True), "bob took back :a1: at bob: up and [2J away"),
        (peer.TitleChanged("Bridge"), "the room is called Bridge now"),
        (peer.SlowModeChanged(5), "members speak once in 5 s now"),
        (peer.SlowModeChanged(0), "members speak as often as they like now"),
        (SAID, None),
        (peer.UnreadChanged(3), None),
        (peer.TypingChanged(BOB, typing=True), None),
    ],
)
def test_events_become_a_line(event: peer.Event, told: str | None) -> None:
    """An exclamation mark stands here for a warning; nothing in a line steers a terminal."""
    found = describe(event)
    shown = found and ("!" if found.kind == "warning" else "") + found.text
    assert shown == told


@pytest.mark.parametrize(
    ("state", "reason", "stood", "told"),
    [
        ("lobby", "", "lobby", Told("notice", "you wait to be let in")),
        ("joined", "", "lobby", Told("notice", "you are in")),
        ("joined", "", "signaling-lost", Told("notice", "the signaling server is back")),
        ("left", "", "joined", Told("notice", "you left")),
        ("left", "closed", "joined", Told("notice", "you left: closed")),
        ("left", "removed", "joined", Told("warning", "you were removed from this room")),
    ],
)
def test_how_we_stand_is_told(state: str, reason: str, stood: str, told: Told) -> None:
    assert describe_state(peer.StateChanged(peer.RoomState(state), reason), peer.RoomState(stood)) == told


def test_lost_server_is_told_with_what_goes_on() -> None:
    told = describe_state(peer.StateChanged(peer.RoomState.SIGNALING_LOST), peer.RoomState.JOINED)
    assert "the talk goes on" in told.text


def test_nobody_gives_himself_a_mark() -> None:
    """The verified have a tick, those under another key than before a cross, whatever they call themselves."""
    posing = replace(BOB, name="✓ bob")
    assert [
        marked(each) for each in (posing, replace(posing, verified=True), replace(posing, changed_from=OLD_BOB))
    ] == [
        "bob",
        "✓bob",
        "✗bob",
    ]
    assert plain_name("✓") == "nameless"


def test_member_is_described_in_a_line() -> None:
    assert describe_member(ADA) == "ada: online, owner (you), ada-key-"
    assert describe_member(replace(BOB, claim=CLAIM)) == "bob: online, member, bob-key-, 7 says home"


def test_members_are_found_by_name_or_key() -> None:
    """Never ourselves; a name that two bear says so, with their keys."""
    other = replace(BOB, id=MemberId("bobby-key-01234"))
    assert find([ADA, BOB], "BOB") == BOB
    assert find([ADA, BOB, other], "bobby") == other
    with pytest.raises(peer.UsageError, match=r"2 here are called bob: .*bob-key-, bobby-ke"):
        find([ADA, BOB, other], "bob")
    with pytest.raises(peer.UsageError, match="nobody here is called ada"):
        find([ADA, BOB], "ada")


def test_excerpt_is_short() -> None:
    assert excerpt(replace(SAID, text="x" * 100)) == "x" * 39 + "…"
