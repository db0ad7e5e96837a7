"""Who the server says the members are: what is shown, when it lapses, whom it flags."""

from __future__ import annotations

import pytest

from peer.attestation import LEEWAY_S
from peer.core.claims import Claims, Standing
from peer.events import Claim
from peer.ids import MemberId

from ...support.attestations import NOW_S, Notary
from ...support.keys import identity

NOTARY = Notary()
ANN, BOB = identity("ann"), identity("bob")


class Book:
    """The claims of one room, and a clock for both kinds of time."""

    def __init__(self, *, keys: bool = True) -> None:
        self.claims = Claims(max_name_chars=64)
        self.now = 1000.0
        if keys:
            self.learn()

    @property
    def wall_s(self) -> float:
        return NOW_S - 1000.0 + self.now

    def learn(self, notary: Notary = NOTARY) -> None:
        self.claims.learn_keys(notary.keys, now=self.now, wall_s=self.wall_s)

    def hear(self, member: MemberId, text: str) -> None:
        self.claims.hear(member, text, now=self.now, wall_s=self.wall_s)

    def advance(self, seconds: float) -> None:
        self.now += seconds
        self.claims.lapse(now=self.now)

    def names(self) -> dict[MemberId, str | None]:
        return {member: claim.name for member, claim in self.claims.all().items()}


def test_claim_is_what_the_server_attests() -> None:
    """Subject, name, and whose word it is."""
    book = Book()
    book.hear(ANN.member_id, NOTARY.attest(ANN))
    claim = Claim(subject="alice", name="Alice", issuer="https://chat.example")
    assert book.claims.all() == {ANN.member_id: claim}


@pytest.mark.parametrize(
    "text",
    [
        "",
        "ahoy",
        NOTARY.attest(BOB),
        NOTARY.attest(ANN, exp=NOW_S - LEEWAY_S - 1),
        Notary(2).attest(ANN),
        NOTARY.attest(ANN, header={"typ": "JWT"}),
        NOTARY.attest(ANN, "alice\u202e"),
        NOTARY.attest(ANN, "ali\nce"),
        NOTARY.attest(ANN, "ali\tce"),
    ],
    ids=["none", "rubbish", "another key", "expired", "another server", "another type", "bidi", "line", "tab"],
)
def test_what_cannot_be_taken_is_no_claim(text: str) -> None:
    """Nor is a subject that hides or steers, which is compared and so cannot be cleaned."""
    book = Book()
    book.hear(ANN.member_id, text)
    assert book.claims.all() == {}
    assert book.claims.next_deadline() is None


def test_name_is_cleaned_like_all_names() -> None:
    """A name that shows nothing is none."""
    book = Book()
    book.hear(ANN.member_id, NOTARY.attest(ANN, name="Al\u202eice\x1b[0m"))
    book.hear(BOB.member_id, NOTARY.attest(BOB, "bob", name="\u200b"))
    assert book.names() == {ANN.member_id: "Al ice [0m", BOB.member_id: None}


def test_keys_that_come_later_judge_what_was_heard() -> None:
    """And keys that change judge it again."""
    book = Book(keys=False)
    book.hear(ANN.member_id, NOTARY.attest(ANN))
    assert book.names() == {}
    book.learn()
    assert book.names() == {ANN.member_id: "Alice"}
    book.learn(Notary(2))
    assert book.names() == {}


def test_claim_lapses() -> None:
    """When its time is over, leeway included; a newer one goes on."""
    book = Book()
    book.hear(ANN.member_id, NOTARY.attest(ANN, life_s=100))
    book.hear(BOB.member_id, NOTARY.attest(BOB, "bob", life_s=100))
    assert book.claims.next_deadline() == 1000 + 100 + LEEWAY_S
    book.advance(200)
    book.hear(BOB.member_id, NOTARY.attest(BOB, "bob", life_s=900))
    book.advance(LEEWAY_S - 101)
    assert book.names() == {ANN.member_id: "Alice", BOB.member_id: "Bob"}
    book.advance(1)
    assert book.names() == {BOB.member_id: "Bob"}
    assert book.claims.next_deadline() == 1000 + 900 + LEEWAY_S


def test_two_keys_of_one_user_are_flagged_both() -> None:
    """Until one of them lapses or is forgotten; whoever came first has no better right."""
    book = Book()
    book.hear(ANN.member_id, NOTARY.attest(ANN))
    book.hear(BOB.member_id, NOTARY.attest(BOB, life_s=100))
    assert {claim.is_contested for claim in book.claims.all().values()} == {True}
    book.advance(100 + LEEWAY_S)
    assert [claim.is_contested for claim in book.claims.all().values()] == [False]
    book.hear(BOB.member_id, NOTARY.attest(BOB))
    book.claims.retain([ANN.member_id])
    assert [claim.is_contested for claim in book.claims.all().values()] == [False]


def test_empty_attestation_changes_nothing() -> None:
    """A second process of a member may have none."""
    book = Book()
    book.hear(ANN.member_id, NOTARY.attest(ANN))
    book.hear(ANN.member_id, "")
    assert book.names() == {ANN.member_id: "Alice"}


def test_worse_attestation_takes_the_place_of_a_better_one() -> None:
    """What a member shows last is what counts."""
    book = Book()
    book.hear(ANN.member_id, NOTARY.attest(ANN))
    book.hear(ANN.member_id, "rubbish")
    assert book.names() == {}


def test_flood_of_attestations_is_not_looked_at() -> None:
    """Each costs a signature check: ten at once, then one in six seconds; the same one again costs nothing."""
    book = Book()

    def last_seen(first: int) -> str:
        for number in range(first, first + 100):
            for _ in range(3):
                book.hear(ANN.member_id, NOTARY.attest(ANN, f"alice {number}"))
        return book.claims.all()[ANN.member_id].subject

    assert last_seen(0) == "alice 9"
    book.advance(6)
    assert last_seen(100) == "alice 100"
    book.hear(BOB.member_id, NOTARY.attest(BOB, "bob"))
    assert BOB.member_id in book.names()


def test_keys_that_were_known_change_nothing() -> None:
    """They come again with each look at the server."""
    book = Book()
    book.hear(ANN.member_id, NOTARY.attest(ANN))
    book.learn()
    assert book.names() == {ANN.member_id: "Alice"}


def test_standing_hides_its_attestation() -> None:
    """It is for members, and long."""
    assert "a.b.c" not in repr(Standing(None, "a.b.c"))
