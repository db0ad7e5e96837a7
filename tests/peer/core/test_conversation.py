"""What is said in a room, and to whom it is owed. Whole rooms are in test_mesh.py and tests/network/."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import pytest

from peer.config import Config
from peer.core.company import Company
from peer.core.contact import Linked, Parted
from peer.core.conversation import Conversation
from peer.errors import BadSetting, OutboxFull
from peer.events import MemberJoined, Message, StatusChanged, TypingChanged
from peer.ids import MemberId, PeerId, Topic
from peer.wire.frames import AttestationUpdate, Chat, Confirmed, Heartbeat, Introduction, PresenceUpdate, TypingNotice

from ...support.keys import START_MS, Chance, identity, membership_of

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
            room=Topic("topic"),
            config=self.config,
            random_bytes=Chance("talk"),
            wall_ms=lambda: START_MS,
        )

    def say(self, frame: Any, *, now: float, to: PeerId | None = None) -> int:
        assert now == NOW
        self.said.append((to, frame))
        return len(self.linked) if to is None else 1

    def send(self, text: str, *, waiting: tuple[PeerId, ...] = ()) -> Message:
        return self.talk.send(text, emote_ids=(), custom_emoji_ids=(), waiting=waiting, now=NOW)

    def welcome(self, name: str, peer: PeerId, *, told: Introduction | None = None, title: str = "") -> None:
        introduction = Introduction(name, title, "online")
        self.talk.welcome(Linked(peer, member(name), introduction, told or self.talk.introduction), now=NOW)

    def texts(self, to: PeerId | None) -> list[str]:
        return [frame.text for each, frame in self.said if each == to and isinstance(frame, Chat)]


def test_message_goes_to_all_who_are_linked() -> None:
    """And is sent by that."""
    bench = Bench()
    bench.welcome("bob", BOB)
    assert bench.send("ahoy").status == "sent"
    assert bench.texts(None) == ["ahoy"]


def test_draft_goes_to_whoever_comes_first() -> None:
    """The status follows."""
    bench = Bench()
    draft = bench.send("anybody?")
    assert draft.status == "draft"
    assert bench.talk.owes([CY])
    bench.welcome("bob", BOB)
    assert bench.texts(BOB) == ["anybody?"]
    assert bench.talk.take_events() == [StatusChanged(draft.id, "sent")]
    bench.welcome("cy", CY)
    assert bench.texts(CY) == []


def test_too_many_drafts_are_refused() -> None:
    """Memory is bounded."""
    bench = Bench(config=Config(max_pending_messages=1))
    bench.send("one")
    with pytest.raises(OutboxFull):
        bench.send("two")


def test_who_is_on_its_way_gets_what_was_said_meanwhile() -> None:
    """Unless it turns out to be none of its business."""
    bench = Bench()
    bench.welcome("bob", BOB)
    bench.send("soon", waiting=(CY, PeerId("eve")))
    assert bench.talk.owes([CY])
    bench.talk.forget(PeerId("eve"))
    bench.welcome("cy", CY)
    bench.welcome("eve", PeerId("eve"))
    assert bench.texts(CY) == ["soon"]
    assert bench.texts(PeerId("eve")) == []


def test_typing_is_told_at_its_pace_and_ends_with_the_message() -> None:
    """Renewed at half of its time to live."""
    bench = Bench(linked=[BOB])
    for _ in range(3):
        bench.talk.set_typing(True, now=NOW)
    assert bench.said == [(None, TypingNotice(True))]
    bench.send("done")
    bench.talk.set_typing(False, now=NOW)
    assert [type(frame) for _, frame in bench.said] == [TypingNotice, Chat]


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


async def test_message_is_heard_once_and_ends_its_typing() -> None:
    """Links that take another's place may repeat it; a reply goes where the room says."""
    bench = Bench()
    bench.talk.reply_with(lambda text: _echo(bench, text))
    bench.welcome("bob", BOB)
    bench.talk.hear(BOB, member("bob"), TypingNotice(True), now=NOW)
    for _ in range(2):
        bench.talk.hear(BOB, member("bob"), Chat(bytes(16), START_MS, "ahoy"), now=NOW)
    assert [type(event) for event in bench.company.take_events()] == [MemberJoined, TypingChanged, TypingChanged]
    [heard] = bench.talk.take_events()
    assert isinstance(heard, Message)
    assert (heard.text, heard.sender.name) == ("ahoy", "bob")
    assert (await heard.reply("back")).text == "back"


async def _echo(bench: Bench, text: str) -> Message:
    return bench.send(text)


def test_message_of_nobody_who_is_here_is_not_heard() -> None:
    """Its link has ended since."""
    bench = Bench()
    bench.talk.hear(BOB, member("bob"), Chat(bytes(16), START_MS, "ahoy"), now=NOW)
    assert bench.talk.take_events() == []


def test_message_is_owed_until_everybody_who_was_linked_confirmed_it() -> None:
    """Whoever is about to leave asks those who have not."""
    bench = Bench()
    bench.welcome("bob", BOB)
    bench.welcome("cy", CY)
    sent = bench.send("ahoy")
    bench.talk.hear(BOB, member("bob"), Confirmed(1), now=NOW)
    assert bench.talk.take_events() == []
    assert bench.talk.owes([])
    bench.talk.ask_for_confirmation(now=NOW)
    assert bench.said[-1] == (CY, Heartbeat())
    bench.talk.hear(CY, member("cy"), Confirmed(1), now=NOW)
    assert bench.talk.take_events() == [StatusChanged(sent.id, "delivered")]
    assert not bench.talk.owes([])


def test_who_was_lost_gets_what_it_missed_in_order() -> None:
    """What was on its way, and what was said since; under whatever peer id it comes back."""
    bench = Bench()
    bench.welcome("bob", BOB)
    bench.send("on its way")
    bench.talk.part(Parted(BOB, member("bob"), "lost"))
    bench.send("meanwhile", waiting=(BOB,))
    bench.talk.forget(BOB)
    bench.welcome("bob", PeerId("again"))
    assert bench.texts(PeerId("again")) == ["on its way", "meanwhile"]


def test_owed_messages_do_not_fill_the_link() -> None:
    """They come in waves, confirmed one by one; what is said meanwhile comes behind them, to others at once."""
    bench = Bench(config=Config(high_water_bytes=1000))
    bench.welcome("bob", BOB)
    bench.welcome("cy", CY)
    bench.talk.part(Parted(BOB, member("bob"), "lost"))
    texts = [str(number) * 400 for number in range(5)]
    for text in texts:
        bench.send(text)
    bench.talk.hear(CY, member("cy"), Confirmed(5), now=NOW)
    bench.welcome("bob", BOB)
    assert bench.texts(BOB) == texts[:3]
    bench.send("new")
    assert (bench.texts(BOB), bench.texts(CY)) == (texts[:3], ["new"])
    bench.talk.hear(BOB, member("bob"), Confirmed(3), now=NOW)
    assert bench.texts(BOB) == [*texts, "new"]


@pytest.mark.parametrize("is_told_to_forget", [True, False])
def test_who_left_or_is_no_member_gets_nothing(is_told_to_forget: bool) -> None:
    """What is said after a goodbye is none of its business."""
    bench = Bench()
    bench.welcome("bob", BOB)
    bench.send("on its way")
    bench.talk.part(Parted(BOB, member("bob"), "lost" if is_told_to_forget else "left"))
    if is_told_to_forget:
        bench.talk.forget(BOB, member=member("bob"))
    bench.welcome("bob", BOB)
    assert bench.texts(BOB) == []
