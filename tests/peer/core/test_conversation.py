"""What members tell each other in passing. Whole rooms are in test_mesh.py and tests/network/."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import pytest

from peer.config import Config
from peer.core.company import Company
from peer.core.contact import Linked
from peer.core.conversation import Conversation
from peer.errors import BadSetting
from peer.events import MemberJoined, TypingChanged
from peer.ids import MemberId, PeerId
from peer.wire.frames import AttestationUpdate, Introduction, PresenceUpdate, TypingNotice

from ...support.keys import START_MS, identity, membership_of

BOB, CY = PeerId("bob's process"), PeerId("cy's process")
NOW = 100.0


def member(name: str) -> MemberId:
    return identity(name).member_id


@dataclass
class Bench:
    """What ann says, and to whom; the test decides who is linked."""

    linked: list[PeerId] = field(default_factory=list)
    config: Config = field(default_factory=Config)
    title: str = "Deck"
    name: str = "ann"
    said: list[tuple[PeerId | None, Any]] = field(default_factory=list)

    def __post_init__(self) -> None:
        membership = membership_of(self.name)
        self.company = Company.of_room(
            membership, name=self.name, people=None, config=self.config, wall_ms=lambda: START_MS
        )
        self.talk = Conversation(
            self.company,
            say=self.say,
            title=self.title,
            config=self.config,
        )

    def say(self, frame: Any, *, now: float, to: PeerId | None = None) -> int:
        assert now == NOW
        self.said.append((to, frame))
        return len(self.linked) if to is None else 1

    def welcome(self, name: str, peer: PeerId, *, told: Introduction | None = None, title: str = "") -> None:
        introduction = Introduction(name, title, "online")
        self.talk.welcome(Linked(peer, member(name), introduction, told or self.talk.introduction), now=NOW)


def test_typing_is_told_at_its_pace_and_ends_with_the_message() -> None:
    """Renewed at half of its time to live."""
    bench = Bench(linked=[BOB])
    for _ in range(3):
        bench.talk.set_typing(True, now=NOW)
    assert bench.said == [(None, TypingNotice(True))]
    bench.talk.stop_typing()
    bench.talk.set_typing(False, now=NOW)
    assert [type(frame) for _, frame in bench.said] == [TypingNotice]


def test_presence_is_told_where_it_is_news() -> None:
    """Also to a newcomer to whom we introduced ourselves before."""
    bench = Bench(linked=[BOB])
    before = bench.talk.introduction
    for _ in range(2):
        bench.talk.set_presence("away", now=NOW)
    bench.welcome("cy", CY, told=before)
    bench.welcome("dan", PeerId("dan"))
    assert bench.said == [(None, PresenceUpdate("away")), (CY, PresenceUpdate("away"))]
    with pytest.raises(BadSetting):
        bench.talk.set_presence("busy", now=NOW)  # type: ignore[arg-type]


def test_attestation_is_told_where_it_is_news() -> None:
    """An empty one says nothing."""
    bench = Bench(linked=[BOB])
    before = bench.talk.introduction
    for text in ("", "vouched", "vouched"):
        bench.talk.set_attestation(text, now=NOW)
    bench.welcome("cy", CY, told=before)
    bench.welcome("dan", PeerId("dan"))
    assert bench.said == [(None, AttestationUpdate("vouched")), (CY, AttestationUpdate("vouched"))]
    assert bench.talk.introduction.attestation == "vouched"


def test_title_is_any_members_word_until_the_owner_is_here() -> None:
    """Ann founded the room."""
    bench = Bench(name="bob", title="")
    bench.welcome("cy", CY, title="cy says")
    assert bench.talk.title == "cy says"
    bench.welcome("dan", PeerId("dan"), title="dan says")
    assert bench.talk.title == "cy says"
    assert bench.talk.introduction.title == "cy says"


def test_title_is_the_owners_word() -> None:
    """Unless it cannot be read."""
    bench = Bench(title="Deck")
    bench.company.role_of = lambda _: "owner"
    bench.welcome("cy", CY, title="Bridge")
    bench.welcome("cy", CY, title="\u200b")
    assert bench.talk.title == "Bridge"


def test_what_a_member_tells_of_itself_is_heard() -> None:
    """The company keeps it."""
    bench = Bench()
    bench.welcome("bob", BOB)
    bench.talk.hear(member("bob"), TypingNotice(True), now=NOW)
    assert [type(event) for event in bench.company.take_events()] == [MemberJoined, TypingChanged]
