"""One mailbox: order, kinds, time, and a share for each sender."""

from dataclasses import replace

import pytest

from signaling.ids import PeerId
from signaling.store.mailbox import Mailbox
from signaling.store.port import Limits, Mail, Refusal
from signaling.store.rows import NO_SENDER, Letter

LIMITS = Limits(mailbox_entries=4, mailbox_bytes=40, sender_entries=2, sender_bytes=25)
ALICE, BOB = PeerId("alice"), PeerId("bob")
FREE = 1 << 20


def a_letter(serial: int, sender: PeerId = ALICE, *, kind: str = "offer", frame: bytes = b"x") -> Letter:
    return Letter(serial, kind, frame, 30.0 + serial, sender)  # type: ignore[arg-type]


def filled(*letters: Letter) -> Mailbox:
    mailbox = Mailbox()
    for letter in letters:
        mailbox.add(letter)
    return mailbox


def check(mailbox: Mailbox, sender: PeerId, size: int = 1, *, free: int = FREE) -> Refusal | None:
    return mailbox.check(Mail("offer", b"x" * size), sender, LIMITS, free=free)


def test_sender_has_a_share_of_the_entries_and_of_the_bytes() -> None:
    """Whichever is used up first; others are not held to it, and a notice has none."""
    mailbox = filled(a_letter(1), a_letter(2))
    assert (check(mailbox, ALICE), check(mailbox, BOB), check(mailbox, NO_SENDER)) == (Refusal.SHARE_FULL, None, None)
    mailbox = filled(a_letter(1, frame=b"x" * 20))
    assert (check(mailbox, ALICE, 5), check(mailbox, ALICE, 6)) == (None, Refusal.SHARE_FULL)
    assert check(mailbox, BOB, 20) is None


@pytest.mark.parametrize(("size", "free"), [(21, FREE), (5, 4)])
def test_mailbox_holds_so_many_bytes_and_no_more_than_all_leave(size: int, free: int) -> None:
    """Its own bound, and what is free in all together."""
    mailbox = filled(a_letter(1, frame=b"x" * 20))
    assert check(mailbox, BOB, size, free=free) is Refusal.MAILBOX_FULL


def test_mailbox_holds_so_many_letters() -> None:
    """Notices too."""
    mailbox = filled(a_letter(1), a_letter(2), a_letter(3, BOB), a_letter(4, BOB))
    assert check(mailbox, PeerId("carol")) is Refusal.MAILBOX_FULL
    assert check(mailbox, NO_SENDER) is Refusal.MAILBOX_FULL


def test_share_comes_back_as_letters_go() -> None:
    """Old ones, those of a kind, and all; nothing is remembered of who has nothing waiting."""
    mailbox = filled(a_letter(1), a_letter(2, kind="bye"), a_letter(3, BOB))
    assert [each.serial for each in mailbox.drop_old(31.0)] == [1]
    assert check(mailbox, ALICE) is None
    assert [each.serial for each in mailbox.take("bye")] == [2]
    assert mailbox.take("bye") == []
    assert [each.serial for each in mailbox.take()] == [3]
    assert (mailbox.ends_at, mailbox._shares, mailbox._size) == (None, {}, 0)


def test_first_letter_says_when_to_look_again() -> None:
    """They expire in the order in which they came."""
    mailbox = filled(a_letter(1), replace(a_letter(2), sender=NO_SENDER))
    assert mailbox.ends_at == 31.0
    assert mailbox.drop_old(30.9) == []
