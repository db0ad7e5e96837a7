"""Who is in a room and what they tell of themselves. Whole rooms are in test_mesh.py and tests/network/."""

from __future__ import annotations

from dataclasses import dataclass, field

import pytest

from peer.config import Config
from peer.core.claims import Standing
from peer.core.company import Company
from peer.core.contact import Changed
from peer.core.people import People
from peer.core.recognition import Recognition
from peer.events import (
    ClaimChanged,
    ConnectionChanged,
    MemberJoined,
    MemberLeft,
    PresenceChanged,
    Role,
    RoleChanged,
    TypingChanged,
    VerificationChanged,
)
from peer.events import Member as Someone
from peer.ids import MemberId, PeerId
from peer.wire.frames import AttestationUpdate, Introduction, PresenceUpdate, TypingNotice

from ...support.attestations import Notary
from ...support.keys import START_MS, identity, membership_of

NOTARY = Notary()

ANN, BOB = (identity(name).member_id for name in ("ann", "bob"))
HELLO = Introduction("bob", "Deck", "online")


@dataclass
class Bench:
    """Ann's company."""

    roles: dict[MemberId, Role] = field(default_factory=dict)
    people: People = field(default_factory=lambda: People(limit=10))

    def __post_init__(self) -> None:
        self.company = Company(
            Someone(id=ANN, name="ann", is_me=True),
            role_of=lambda member: self.roles.get(member, "member"),
            recognition=Recognition(self.people, public_room=None, wall_ms=lambda: START_MS),
            config=Config(),
            wall_ms=lambda: START_MS,
        )

    def told(self) -> list[object]:
        return list(self.company.take_events())

    def with_bob(self) -> Bench:
        self.company.welcome(BOB, HELLO, now=0.0)
        assert [type(event) for event in self.told()] == [MemberJoined]
        return self


def test_member_is_welcomed_once_and_missed_once() -> None:
    """A link that took another one's place is no second arrival; the reason of the end is passed on."""
    bench = Bench().with_bob()
    bench.company.welcome(BOB, Introduction("bob", "Deck", "away"), now=1.0)
    assert [type(event) for event in bench.told()] == [PresenceChanged]
    bench.company.welcome(BOB, Introduction("bob", "Deck", "away"), now=1.0)
    assert bench.told() == []
    bench.company.bid_farewell(BOB, "removed")
    [left] = bench.told()
    assert isinstance(left, MemberLeft)
    assert (left.member.id, left.reason, left.member.presence) == (BOB, "removed", "offline")
    assert bench.company.get(BOB) is None


def test_member_that_is_lost_may_come_back() -> None:
    """It stays known as one who is offline."""
    bench = Bench().with_bob()
    bench.company.bid_farewell(BOB, "lost")
    assert [type(event) for event in bench.told()] == [MemberLeft]
    assert [member.presence for member in bench.company.members] == ["online", "offline"]
    assert [type(event) for event in bench.with_bob().told()] == []


def test_farewell_to_a_stranger_is_our_own_bug() -> None:
    """The links tell of the end of what they told the beginning of."""
    with pytest.raises(AssertionError, match="unlinked before"):
        Bench().company.bid_farewell(BOB, "lost")


def test_presence_and_typing_are_news_once() -> None:
    """And typing goes stale by itself, or ends with what was typed."""
    bench = Bench().with_bob()
    for frame in (PresenceUpdate("online"), PresenceUpdate("away"), PresenceUpdate("away")):
        bench.company.hear(BOB, frame, now=1.0)
    assert [type(event) for event in bench.told()] == [PresenceChanged]
    bench.company.hear(BOB, TypingNotice(True), now=1.0)
    bench.company.hear(BOB, TypingNotice(True), now=2.0)
    deadline = bench.company.next_deadline()
    assert deadline == 5.0
    bench.company.handle_timeout(now=deadline)
    bench.company.stop_typing(BOB)
    bench.company.hear(BOB, TypingNotice(True), now=6.0)
    bench.company.stop_typing(BOB)
    typing = [event.typing for event in bench.told() if isinstance(event, TypingChanged)]
    assert typing == [True, False, True, False]


def test_typing_of_a_stranger_is_our_own_bug() -> None:
    """Frames are heard from members alone."""
    with pytest.raises(AssertionError, match="typing without being here"):
        Bench().company.hear(BOB, TypingNotice(True), now=0.0)


def test_roles_that_changed_are_told_for_who_is_here() -> None:
    """Ourselves included; nothing is told where nothing changed."""
    bench = Bench().with_bob()
    bench.company.rank(lambda _: True)
    assert bench.told() == []
    bench.roles = {ANN: "owner", BOB: "admin"}
    bench.company.rank(lambda _: True)
    news = [event.member for event in bench.told() if isinstance(event, RoleChanged)]
    assert [(member.id, member.role) for member in news] == [(ANN, "owner"), (BOB, "admin")]
    assert [member.role for member in bench.company.members] == ["owner", "admin"]


def test_strangers_name_is_made_fit_to_be_read() -> None:
    """Whoever waits may call itself what it likes."""
    company = Bench().company
    assert company.stranger(BOB, "\x1b[31mbob\n").name == "[31mbob"
    assert company.stranger(BOB, "").name == "nameless"


def test_attestation_that_cannot_be_checked_says_nothing() -> None:
    """Claims are covered in test_claims.py."""
    bench = Bench().with_bob()
    bench.company.hear(BOB, AttestationUpdate("a.b.c"), now=1.0)
    bench.company.hear_of_us("a.b.c", now=1.0)
    assert bench.told() == []


def test_verified_person_is_told_until_the_room_is_left() -> None:
    """Then there is nobody to tell."""
    bench = Bench().with_bob()
    bench.people.verify(BOB, "bob")
    bench.company.review_people()
    assert [type(event) for event in bench.told()] == [VerificationChanged]
    bench.company.disband()
    bench.people.unverify(BOB)
    bench.company.review_people()
    bench.company.handle_timeout(now=100.0)
    assert bench.told() == []
    assert bench.company.next_deadline() is None


def test_own_presence_is_news_once() -> None:
    """Saying the same again tells nobody."""
    company = Bench().company
    assert [company.set_our_presence("away") for _ in range(2)] == [True, False]
    assert company.me.presence == "away"


def test_claim_is_told_when_the_servers_keys_come() -> None:
    """Whatever came first; somebody else's is remembered of them, ours is not."""
    bench = Bench().with_bob()
    for member, say in ((BOB, bench.company.hear), (ANN, None)):
        text = NOTARY.attest(identity("bob" if member == BOB else "ann"), member[:5])
        if say is not None:
            say(member, AttestationUpdate(text), now=0.0)
        else:
            bench.company.hear_of_us(text, now=0.0)
    bench.company.learn_keys(Standing(None), now=0.0)
    assert bench.told() == []
    bench.company.learn_keys(Standing(NOTARY.keys), now=0.0)
    claims = [event.member for event in bench.told() if isinstance(event, ClaimChanged)]
    assert {member.id for member in claims} == {ANN, BOB}
    bench.company.handle_timeout(now=1e9)
    assert [type(event) for event in bench.told()] == [ClaimChanged, ClaimChanged]


def test_company_of_a_room_knows_ourselves_by_our_role() -> None:
    """Ann founded it; whom we know elsewhere is known here."""
    people = People(limit=10)
    people.verify(BOB, "bob")
    company = Company.of_room(
        membership_of("ann"), name="ann", people=people, config=Config(), wall_ms=lambda: START_MS
    )
    assert (company.me.id, company.me.role, company.me.is_me) == (ANN, "owner", True)
    company.welcome(BOB, HELLO, now=0.0)
    assert company.members[1].verified


def test_states_of_connections_are_told_with_the_member_once_it_is_known() -> None:
    """A stranger is a peer without a member; of these only so many are told."""
    bench = Bench().with_bob()
    bench.company.connect(Changed(PeerId("one"), BOB, "suspect", "silent"), now=0.0)
    [change] = bench.company.take_events()
    assert isinstance(change, ConnectionChanged)
    assert (change.state, change.reason, change.member) == ("suspect", "silent", bench.company.get(BOB))
    assert bench.company.members[1].connection == "suspect"
    for number in range(1000):
        bench.company.connect(Changed(PeerId(f"made up {number}"), None, "new", ""), now=0.0)
    told = bench.company.take_events()
    assert 0 < len(told) <= Config().stranger_events_burst
    assert {event.member for event in told if isinstance(event, ConnectionChanged)} == {None}
