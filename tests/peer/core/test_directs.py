"""Direct rooms, as one side decides about them, and as two sides come to agree."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from peer.config import Config
from peer.core.directs import Direct, Directs, Enter, Keep, Order, Tell
from peer.ids import MemberId
from peer.wire.aside_frames import DirectGate

from ...support.keys import Chance, identity

ANN, BOB = (identity(name).member_id for name in ("ann", "bob"))
LOW, MIDDLE, HIGH = (bytes([number]) * 16 for number in (0, 100, 255))


def directs(secret: bytes = MIDDLE, **config: object) -> Directs:
    return Directs(replace(Config(), **config), random_bytes=lambda _: secret, now=0.0)  # type: ignore[arg-type]


def heard(
    one: Directs,
    secret: bytes,
    *,
    by: MemberId = BOB,
    is_answer: bool = False,
    is_open: bool = False,
    is_public: bool = False,
    now: float = 0.0,
) -> list[Order]:
    """What follows from a word of the other's."""
    one.hear(by, DirectGate(secret, is_answer), is_open=is_open, is_public=is_public, now=now)
    return one.orders()


def tell(secret: bytes, *, is_answer: bool = False, to: MemberId = BOB) -> Tell:
    return Tell(to, DirectGate(secret, is_answer))


def stranger(number: int) -> MemberId:
    return identity(f"stranger {number}").member_id


# ---- we begin


def test_room_that_we_start_is_kept_and_told_before_it_is_entered() -> None:
    """The other may be away: nothing is agreed yet."""
    one = directs()
    one.start(BOB)
    assert one.orders() == [Keep(BOB), tell(MIDDLE), Enter(BOB, is_theirs=False)]
    assert one.get(BOB) == Direct(MIDDLE, is_agreed=False, is_unanswered=False)


def test_room_that_is_started_again_is_the_same() -> None:
    """No second secret is drawn."""
    one = Directs(Config(), random_bytes=Chance("any"), now=0.0)
    for _ in range(2):
        one.start(BOB)
    tells = [order.frame.secret for order in one.orders() if isinstance(order, Tell)]
    assert len(tells) == 2
    assert len(set(tells)) == 1


def test_what_waits_is_told_at_the_next_link_up() -> None:
    """As long as nothing was heard of the other, and while we are in the room; to nobody else."""
    one = directs()
    one.meet(BOB, is_open=False)
    assert one.orders() == []
    one.start(BOB)
    one.orders()
    one.meet(BOB, is_open=False)
    assert one.orders() == [tell(MIDDLE)]
    heard(one, MIDDLE, is_answer=True)
    one.meet(BOB, is_open=False)
    assert one.orders() == []
    one.meet(BOB, is_open=True)
    assert one.orders() == [tell(MIDDLE)]
    one.meet(ANN, is_open=True)
    assert one.orders() == []


def test_answer_agrees_and_leads_into_the_room() -> None:
    """It wants no answer."""
    one = directs()
    one.start(BOB)
    one.orders()
    assert heard(one, MIDDLE, is_answer=True, is_open=True) == [Keep(BOB), Enter(BOB, is_theirs=False)]
    assert one.get(BOB) == Direct(MIDDLE, is_agreed=True)


def test_room_is_forgotten() -> None:
    """The next one has a new secret."""
    one = directs()
    one.start(BOB)
    one.forget(BOB)
    one.forget(BOB)
    assert one.get(BOB) is None


def test_what_was_kept_goes_on() -> None:
    """After a restart."""
    one = directs()
    one.restore([(BOB, Direct(LOW, is_agreed=True, is_unanswered=True))])
    one.start(BOB)
    assert one.orders() == [Keep(BOB), tell(LOW), Enter(BOB, is_theirs=False)]
    assert one.get(BOB) == Direct(LOW, is_agreed=True)


# ---- the other begins


def test_room_that_another_opens_is_entered_and_answered() -> None:
    """By the secret that it drew; it waits for a word of ours."""
    one = directs()
    assert heard(one, HIGH) == [Keep(BOB), Enter(BOB, is_theirs=True), tell(HIGH, is_answer=True)]
    assert one.get(BOB) == Direct(HIGH, is_agreed=True, is_unanswered=True)
    one.answer(BOB)
    assert one.orders() == [Keep(BOB)]
    one.answer(BOB)
    one.answer(ANN)
    assert one.orders() == []


def test_answer_to_nothing_opens_nothing() -> None:
    """We have not asked."""
    one = directs()
    assert heard(one, LOW, is_answer=True) == []
    assert one.get(BOB) is None


def test_strangers_of_public_rooms_are_refused_by_a_setting() -> None:
    """Silently; whom we meet in private is let in."""
    one = directs(direct_from_public=False)
    assert heard(one, LOW, is_public=True) == []
    assert one.get(BOB) is None
    assert heard(one, LOW, is_public=False) != []
    assert heard(directs(), LOW, is_public=True) != []


def test_rooms_that_wait_for_our_word_are_bounded() -> None:
    """Whoever comes later is passed over, until we have answered or forgotten somebody."""
    one = directs(max_unanswered_directs=2)
    for number in range(3):
        heard(one, LOW, by=stranger(number))
    assert [one.get(stranger(number)) is not None for number in range(3)] == [True, True, False]
    one.answer(stranger(0))
    one.orders()
    assert heard(one, LOW, by=stranger(2)) != []


def test_strangers_open_rooms_no_faster_than_we_allow() -> None:
    """All of them together."""
    one = directs(direct_burst=2, direct_per_s=1.0)
    assert [bool(heard(one, LOW, by=stranger(number))) for number in range(3)] == [True, True, False]
    assert heard(one, LOW, by=stranger(3), now=1.0) != []


# ---- both begin


@pytest.mark.parametrize(("theirs", "agreed"), [(LOW, LOW), (HIGH, MIDDLE)])
def test_of_two_secrets_the_smaller_counts(theirs: bytes, agreed: bytes) -> None:
    """Both proposed; each says so to the other."""
    one = directs()
    one.start(BOB)
    one.orders()
    assert heard(one, theirs, is_open=True) == [Keep(BOB), Enter(BOB, is_theirs=False), tell(agreed, is_answer=True)]
    assert one.get(BOB) == Direct(agreed, is_agreed=True)


def test_other_that_answers_with_a_larger_secret_is_told_again() -> None:
    """It has not heard the last word."""
    one = directs(LOW)
    one.start(BOB)
    one.orders()
    assert heard(one, HIGH, is_answer=True, is_open=True)[-1] == tell(LOW)


def test_member_that_calls_again_makes_us_enter_again() -> None:
    """We had left, or were restarted; no faster than we allow."""
    one = directs(direct_burst=2, direct_per_s=1.0)
    one.restore([(BOB, Direct(MIDDLE, is_agreed=True))])
    expected = [Enter(BOB, is_theirs=True), tell(MIDDLE, is_answer=True)]
    assert [heard(one, MIDDLE) for _ in range(3)] == [expected, expected, []]
    assert heard(one, MIDDLE, now=1.0) == expected
    assert heard(one, MIDDLE, is_answer=True) == []


def test_ever_smaller_secrets_move_us_no_faster_than_we_allow() -> None:
    """Each move costs a seat at the server; beyond the allowance nothing changes, and nothing is said."""
    one = directs(HIGH, direct_burst=2, direct_per_s=1.0)
    one.restore([(BOB, Direct(HIGH, is_agreed=True))])
    secrets = [bytes([number]) * 16 for number in (9, 8, 7)]
    answered = [heard(one, secret, is_open=True) for secret in secrets]
    assert answered[:2] == [
        [Keep(BOB), Enter(BOB, is_theirs=False), tell(secret, is_answer=True)] for secret in secrets[:2]
    ]
    assert answered[2] == []
    assert one.get(BOB) is not None
    assert getattr(one.get(BOB), "secret", b"") == secrets[1]


def test_secrets_are_in_no_repr() -> None:
    """It ends up in logs."""
    assert "ddd" not in repr((Direct(b"d" * 16), tell(b"d" * 16)))


# ---- two sides

ACTS = st.lists(st.sampled_from(["ann", "bob", "link", "cut", "deliver"]), max_size=12)


@settings(max_examples=60)
@given(ACTS, st.binary(min_size=16, max_size=16), st.binary(min_size=16, max_size=16))
def test_both_agree_whoever_starts_and_whatever_is_lost(acts: list[str], first: bytes, second: bytes) -> None:
    """One room a pair, and one secret, once a link has carried what waits."""
    pair = Couple(first, second)
    for act in [*acts, "ann", "cut", "link", "deliver", "deliver", "deliver", "deliver"]:
        pair.do(act)
    ann, bob = pair.sides[ANN].get(BOB), pair.sides[BOB].get(ANN)
    assert ann is not None
    assert bob is not None
    assert (ann.secret, ann.is_agreed, bob.is_agreed) == (bob.secret, True, True)


class Couple:
    """Two peers and the link between them, which loses what is on its way when it is cut."""

    def __init__(self, first: bytes, second: bytes) -> None:
        config = Config(direct_burst=1000)
        self.sides = {
            ANN: Directs(config, random_bytes=lambda _: first, now=0.0),
            BOB: Directs(config, random_bytes=lambda _: second, now=0.0),
        }
        self.open: set[MemberId] = set()
        self.under_way: list[tuple[MemberId, DirectGate]] = []
        self.is_linked = False

    def do(self, act: str) -> None:
        match act:
            case "ann" | "bob":
                me, other = (ANN, BOB) if act == "ann" else (BOB, ANN)
                self.sides[me].start(other)
            case "link":
                self.is_linked = True
                for me, other in ((ANN, BOB), (BOB, ANN)):
                    self.sides[me].meet(other, is_open=me in self.open)
            case "cut":
                self.is_linked, self.under_way = False, []
            case _:
                arrived, self.under_way = self.under_way, []
                for to, frame in arrived:
                    sender = BOB if to == ANN else ANN
                    self.sides[to].hear(sender, frame, is_open=to in self.open, is_public=False, now=0.0)
        self.carry_out()

    def carry_out(self) -> None:
        for me, side in self.sides.items():
            for order in side.orders():
                if isinstance(order, Enter):
                    self.open.add(me)
                elif isinstance(order, Tell) and self.is_linked:
                    self.under_way.append((order.member, order.frame))
