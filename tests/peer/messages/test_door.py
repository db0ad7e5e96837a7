"""The way in: what is refused, and at which cost."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from peer.log.chains import Refusal
from peer.log.control import Level
from peer.log.event import Signed, hlc_at, seal_event
from peer.messages.bodies import Delete, Edit, Pin, Reaction
from peer.messages.door import Door
from peer.messages.holdings import Holdings
from peer.messages.rules import PublicRules
from peer.messages.said import Said, stripped
from peer.messages.window import Limits, Window

from ...support.keys import identity
from ..log.replicas import Verifications, public_key
from .desks import NOW_MS, PUBLIC_ROOM, Desk, holding, public_pen
from .test_said import header


class Gate:
    """A door, and how often it looked at a signature."""

    def __init__(self, holdings: Holdings | None = None, room_id: bytes = PUBLIC_ROOM) -> None:
        self.holdings = holdings or Holdings(PublicRules(), Limits())
        self.checks = Verifications()
        self.batches: list[int] = []
        self.door = Door(self.holdings, room_id=room_id, verify=self.checks, verify_all=self.verify_all)  # type: ignore[arg-type]

    def verify_all(self, signed: Sequence[Signed]) -> list[bool]:
        self.batches.append(len(signed))
        return [self.checks(*each) for each in signed]

    def tell(self, *said: Said | bytes) -> list[Refusal]:
        encoded = [each if isinstance(each, bytes) else each.encoded for each in said]
        self.intake = self.door.receive(encoded, now_ms=NOW_MS + 1000)
        return [reason for _, reason in self.intake.refused]


def test_genuine_message_is_taken_once() -> None:
    """A duplicate is free."""
    gate, text = Gate(), public_pen("ann").write("ahoy")
    assert gate.tell(text) == []
    assert [said.id for said in gate.intake.accepted] == [text.id]
    assert gate.intake.is_news
    assert gate.tell(text, text) == []
    assert not gate.intake.is_news
    assert gate.checks.count == 1


def test_forged_message_changes_nothing() -> None:
    gate, text = Gate(), public_pen("ann").write("ahoy")
    assert gate.tell(text.encoded.replace(text.event.signature, bytes(64))) == [Refusal.SIGNATURE]
    assert gate.intake.is_hostile
    assert gate.tell(b"junk") == [Refusal.MALFORMED]
    assert gate.intake.is_hostile
    assert gate.holdings.logs.held == {}


def test_many_are_verified_in_one_go() -> None:
    """And each once, without those that something cheaper refuses or that are held."""
    gate, pen = Gate(), public_pen("ann")
    texts = [pen.write(str(number)) for number in range(12)]
    late = pen.write("soon", hlc=hlc_at(NOW_MS + 200_000))
    forged = texts[5].encoded.replace(texts[5].event.signature, bytes(64))
    assert gate.tell(texts[0]) == []
    assert gate.tell(*texts[:5], texts[4], forged, *texts[6:], late) == [Refusal.SIGNATURE, Refusal.FUTURE]
    assert gate.intake.is_hostile
    assert gate.batches == [11]
    assert gate.checks.count == 12
    assert gate.holdings.logs.held.keys() == {text.id for text in texts} - {texts[5].id}


def test_few_are_verified_one_by_one() -> None:
    """A message that comes by itself goes no detour."""
    gate, pen = Gate(), public_pen("ann")
    assert gate.tell(*(pen.write(str(number)) for number in range(7))) == []
    assert gate.batches == []
    assert gate.checks.count == 7


def test_kind_of_a_later_version_is_passed_over() -> None:
    gate = Gate()
    event = seal_event(header(kind=200), b"\x90", identity=identity("ann"), room_id=PUBLIC_ROOM)
    assert gate.tell(event.encoded) == [Refusal.NOT_ALLOWED]
    assert not gate.intake.is_hostile


def test_stranger_costs_no_signature_check_and_is_asked_about() -> None:
    desk = Desk()
    gate = Gate(Holdings(desk.rules(), Limits()), desk.room.id)
    assert gate.tell(desk.pen("eve").write("ahoy")) == [Refusal.STRANGER]
    assert gate.intake.is_behind
    assert gate.intake.has_left_over
    assert gate.checks.count == 0


def test_future_is_put_off() -> None:
    gate = Gate()
    text = public_pen("ann").write("soon", hlc=hlc_at(NOW_MS + 121_001))
    assert gate.tell(text) == [Refusal.FUTURE]
    assert gate.intake.has_left_over
    assert not gate.intake.is_hostile
    assert gate.checks.count == 0


def test_fork_is_found_and_what_is_behind_it_refused() -> None:
    gate, pen = Gate(), public_pen("ann")
    first = pen.write("1")
    second, other = pen.write("2"), pen.write("2'", after=first)
    assert gate.tell(first, second) == []
    assert gate.tell(other) == []
    assert [fork.seq for fork in gate.intake.forks] == [2]
    assert gate.tell(other, second) == []
    third = pen.write("3", after=second)
    assert gate.tell(third) == [Refusal.FORKED]
    assert gate.checks.count == 3
    assert set(gate.holdings.logs.held) == {first.id}


def test_lower_half_of_a_proof_counts_as_a_message() -> None:
    gate, pen = Gate(), public_pen("ann")
    first = pen.write("1")
    late = pen.write("5", seq=5, prev=bytes(32), hlc=first.hlc)
    assert gate.tell(stripped(late), stripped(first)) == []
    assert gate.tell(first) == []
    assert gate.holdings.logs.held[first.id].body is not None


def test_both_halves_of_a_proof_are_taken_though_neither_would_be_kept() -> None:
    """Below the floor, where retention has let the log go."""
    desk = Desk(bob=Level.MEMBER)
    pen = desk.pen("bob")
    first = pen.write("1")
    second, other = pen.write("2"), pen.write("2'", after=first)
    gate = Gate(holding([*_late(desk)], rules=desk.rules(), limits=Limits(max_texts=1)),
                desk.room.id)  # fmt: skip
    assert gate.holdings.window.floor > other.place
    assert gate.tell(second) == [Refusal.FULL]
    assert gate.tell(stripped(second), stripped(other)) == []
    assert len(gate.intake.forks) == 1
    assert gate.tell(first, second, first, other) == [Refusal.FULL, Refusal.FULL]


def _late(desk: Desk) -> list[Said]:
    pen = desk.pen("ann", b"many....")
    pen.now_ms += 50
    return pen.texts(3)


def test_forged_half_proves_nothing() -> None:
    gate, pen = Gate(), public_pen("ann")
    first, other = pen.write("1"), pen.write("1'", seq=1, prev=b"")
    forged = other.encoded.replace(other.event.signature, bytes(64))
    assert gate.tell(first, forged) == [Refusal.SIGNATURE]
    assert gate.holdings.logs.forks == {}
    assert gate.holdings.counts(first.id)


def test_proof_that_contradicts_what_is_held_below_it_cuts_there() -> None:
    """Else the same events, told in another order, would be cut elsewhere."""
    pen = public_pen("ann")
    first = pen.write("1")
    low, high = pen.write("2", prev=bytes(32)), pen.write("3", prev=bytes(32))
    gate = Gate()
    gate.tell(first)
    gate.tell(stripped(low), stripped(high))
    assert [fork.seq for fork in gate.intake.forks] == [1]
    assert gate.holdings.logs.held == {}


def test_what_is_below_the_floor_costs_no_signature_check() -> None:
    pen = public_pen("ann")
    texts = pen.texts(5)
    gate = Gate(holding(texts[2:], limits=Limits(max_texts=3)))
    assert gate.tell(texts[0]) == []
    gate = Gate(holding(texts[2:], limits=Limits(max_texts=3)))
    assert gate.holdings.window.floor == texts[2].place
    assert gate.tell(texts[0], pen.write(Edit("x"), ref=texts[0])) == [Refusal.FULL, Refusal.FULL]
    assert gate.checks.count == 0
    assert gate.tell(pen.write(Delete(), ref=texts[0]), pen.write("new")) == []


def test_floor_that_has_dropped_since_is_looked_at_again() -> None:
    desk = Desk(bob=Level.MODERATOR)
    old, new = desk.pen("ann").texts(2)
    gate = Gate(holding([new], rules=desk.rules(), limits=Limits(max_texts=1)), desk.room.id)
    assert not gate.holdings.window.spans(old.place)
    gate.holdings.put(desk.pen("bob", highest=True).write(Pin(True), ref=old))
    assert gate.tell(old) == []
    assert gate.holdings.counts(old.id)


class Watched(Holdings):
    """Counts how often somebody wants to know exactly what is kept."""

    looks = 0

    @property
    def window(self) -> Window:
        self.looks += 1
        return super().window


def test_many_below_the_floor_have_it_worked_out_once() -> None:
    """Between deletions that are taken in: somebody would hold up everybody else by a few frames."""
    pen = public_pen("ann")
    low, *high = pen.texts(4)
    holdings = Watched(PublicRules(), Limits(max_texts=3))
    for said in high:
        holdings.put(said)
    gate = Gate(holdings)
    assert not holdings.window.spans(low.place)
    holdings.looks = 0
    mixed = [pen.write(body, ref=low) for _ in range(10) for body in (Delete(), Reaction("x", False, True))]
    assert gate.tell(*mixed) == [Refusal.FULL] * 10
    assert len(gate.intake.accepted) == 10
    assert holdings.looks == 1


def test_void_message_of_a_member_is_parked_while_there_is_place() -> None:
    """Its right may be known later: the control log is asked for."""
    desk = Desk(bob=Level.MEMBER)
    gate = Gate(Holdings(desk.rules(), Limits(max_void=1)), desk.room.id)
    pen = desk.pen("bob")
    assert gate.tell(pen.write("a", auth=bytes(32))) == []
    assert gate.intake.is_behind
    assert not gate.intake.is_news
    assert gate.tell(pen.write("b", auth=bytes(32))) == [Refusal.FULL]
    assert gate.holdings.void_count == 1


def test_words_come_by_another_copy_and_its_signature_is_not_kept() -> None:
    gate, text = Gate(), public_pen("ann").write("ahoy")
    gate.tell(stripped(text))
    assert gate.holdings.lacks_words(gate.holdings.logs.held[text.id])
    malleated = text.encoded.replace(text.event.signature, bytes(64))
    assert gate.tell(malleated) == []
    assert gate.intake.is_news
    assert gate.holdings.logs.held[text.id].encoded == text.encoded


def test_what_was_kept_is_taken_in_without_looking_at_signatures() -> None:
    """Forks are found again by their proofs, and what does not fit is passed over."""
    pen = public_pen("ann")
    first = pen.write("1")
    second, other, third = pen.write("2"), pen.write("2'", after=first), pen.write("3")
    gate = Gate()
    gate.door.restore([data.encoded for data in (first, stripped(second), stripped(other), third)] + [b"junk"])
    assert gate.checks.count == 0
    assert set(gate.holdings.logs.held) == {first.id}
    assert len(gate.holdings.logs.forks) == 1
    gate.door.restore([first.encoded])
    assert public_key("ann") == first.author


def test_fork_beyond_all_bounds_is_refused_without_a_place_for_it() -> None:
    pen = public_pen("ann")
    first, other = pen.write("1"), pen.write("1'", seq=1, prev=b"")
    gate = Gate(Holdings(PublicRules(), Limits(max_forks=0)))
    gate.tell(first)
    gate.tell(other)
    assert list(gate.holdings.logs.held) == [first.id]
    gate.door.restore([first.encoded, other.encoded])
    assert list(gate.holdings.logs.held) == [first.id]


@pytest.mark.parametrize("order", [(0, 1), (1, 0)])
def test_order_of_arrival_decides_nothing(order: tuple[int, int]) -> None:
    pen = public_pen("ann")
    text = pen.write("a")
    both = [text, pen.write(Delete(), ref=text)]
    gate = Gate()
    for number in order:
        gate.tell(both[number])
    assert gate.holdings.logs.held[text.id].body is None
