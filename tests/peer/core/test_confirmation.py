"""What has arrived, what is sent again, and what may be called delivered."""

from __future__ import annotations

from peer.core.confirmation import MAX_AWAY, Confirmation, Confirmer, Sent, in_order
from peer.ids import MemberId, PeerId
from peer.wire.frames import Chat

BOB, CY = MemberId("bob"), MemberId("cy")
B1, B2, C1 = PeerId("bob 1"), PeerId("bob 2"), PeerId("cy 1")


def sent(number: int) -> Sent:
    return Sent(number, Chat(number.to_bytes(16), 0, f"message {number}"))


def numbers(messages: list[Sent]) -> list[int]:
    return [each.number for each in messages]


def ids(*given: int) -> list[bytes]:
    return [number.to_bytes(16) for number in given]


def linked(*lines: tuple[PeerId, MemberId], limit: int = 8, wave_bytes: int = 1000) -> Confirmation:
    confirmation = Confirmation(limit=limit, wave_bytes=wave_bytes)
    for peer, member in lines:
        assert confirmation.link(peer, member) == []
    return confirmation


# ---- the receiver


def test_messages_are_confirmed_together_after_a_moment() -> None:
    """The first of them sets the time; nothing new, nothing said."""
    confirmer = Confirmer(0.2)
    assert confirmer.next_deadline() is None
    for number in range(5):
        confirmer.take_in(now=10 + number / 100)
    assert confirmer.next_deadline() == 10.2
    assert confirmer.maybe_confirm(now=10.1) is None
    assert confirmer.maybe_confirm(now=10.2) == 5
    assert confirmer.maybe_confirm(now=11.0) is None


def test_many_messages_are_confirmed_at_once() -> None:
    """Their sender keeps only so many."""
    confirmer = Confirmer(0.2)
    for _ in range(32):
        confirmer.take_in(now=10.0)
    assert confirmer.maybe_confirm(now=10.0) == 32


def test_confirmation_that_is_asked_for_comes_at_once() -> None:
    """If there is any to give."""
    confirmer = Confirmer(0.2)
    assert confirmer.maybe_confirm(at_once=True, now=10.0) is None
    confirmer.take_in(now=10.0)
    assert confirmer.maybe_confirm(at_once=True, now=10.0) == 1


# ---- delivered


def test_message_is_delivered_when_everybody_confirmed_it() -> None:
    """Everybody who was linked when it was sent; once."""
    confirmation = linked((B1, BOB), (C1, CY))
    for number in range(3):
        confirmation.send(sent(number))
    assert confirmation.confirm(B1, 2) == []
    assert confirmation.unsettled() == [B1, C1]
    assert confirmation.confirm(C1, 3) == ids(0, 1)
    assert confirmation.confirm(B1, 3) == ids(2)
    assert confirmation.confirm(B1, 3) == []
    assert not confirmation.is_awaited


def test_more_than_was_sent_cannot_be_confirmed() -> None:
    """What is sent later is not confirmed by what they said before; less than before says nothing."""
    confirmation = linked((B1, BOB))
    confirmation.send(sent(0))
    assert confirmation.confirm(B1, 1000) == ids(0)
    confirmation.send(sent(1))
    assert confirmation.confirm(B1, 1) == []
    assert confirmation.confirm(B1, 2) == ids(1)
    assert confirmation.confirm(PeerId("nobody"), 1) == []


def test_who_gets_it_later_does_not_make_it_delivered_again() -> None:
    """It was not linked when it was sent; a draft is delivered to whoever gets it first."""
    confirmation = linked((B1, BOB))
    confirmation.send(sent(0))
    confirmation.confirm(B1, 1)
    confirmation.link(C1, CY)
    confirmation.owe(C1, [sent(0)])
    confirmation.resume(C1)
    assert confirmation.confirm(C1, 1) == []
    confirmation.owe(C1, [sent(1)], first=ids(1))
    confirmation.resume(C1)
    assert confirmation.confirm(C1, 2) == ids(1)


def test_message_to_nobody_is_neither_sent_nor_delivered() -> None:
    confirmation = Confirmation(limit=8, wave_bytes=1000)
    assert not confirmation.has_listeners
    confirmation.send(sent(0))
    assert not confirmation.is_awaited


# ---- links that end


def test_what_a_lost_link_left_open_is_sent_again_under_any_peer_id() -> None:
    """And what was said meanwhile, in order; then it counts from one again."""
    confirmation = linked((B1, BOB), (C1, CY))
    for number in range(3):
        confirmation.send(sent(number))
    confirmation.confirm(B1, 1)
    confirmation.confirm(C1, 3)
    confirmation.lose(B1)
    confirmation.send(sent(3))
    missing = confirmation.link(B2, BOB)
    assert numbers(missing) == [1, 2, 3]
    confirmation.owe(B2, missing)
    assert numbers(confirmation.resume(B2)) == [1, 2, 3]
    assert confirmation.confirm(B2, 2) == ids(1, 2)
    confirmation.confirm(C1, 4)
    assert confirmation.confirm(B2, 3) == []


def test_link_in_the_place_of_another_one_begins_with_what_is_open() -> None:
    """The old one may have carried it, or not."""
    confirmation = linked((B1, BOB))
    confirmation.send(sent(0))
    assert numbers(confirmation.link(B1, BOB)) == [0]


def test_second_process_of_a_member_gets_what_the_first_has_not_confirmed() -> None:
    """The first may be dead already."""
    confirmation = linked((B1, BOB))
    confirmation.send(sent(0))
    assert numbers(confirmation.link(B2, BOB)) == [0]


def test_device_that_was_lost_misses_nothing_though_another_one_is_linked() -> None:
    """What the one has confirmed, the other may never have seen."""
    confirmation = linked((B1, BOB), (B2, BOB))
    for number in range(2):
        confirmation.send(sent(number))
    confirmation.confirm(B1, 1)
    confirmation.confirm(B2, 2)
    confirmation.lose(B1)
    confirmation.send(sent(2))
    confirmation.confirm(B2, 3)
    assert numbers(confirmation.link(B1, BOB)) == [1, 2]


def test_second_loss_keeps_what_the_first_one_left() -> None:
    """Up to the bound, and in order."""
    confirmation = linked((B1, BOB), (B2, BOB), limit=2)
    for number in range(2):
        confirmation.send(sent(number))
    confirmation.lose(B1)
    confirmation.send(sent(2))
    confirmation.lose(B2)
    assert numbers(confirmation.link(B1, BOB)) == [1, 2]


def test_who_said_goodbye_is_owed_nothing_and_confirms_nothing() -> None:
    """What it did not confirm is never called delivered."""
    confirmation = linked((B1, BOB), (C1, CY))
    confirmation.send(sent(0))
    confirmation.part(B1)
    confirmation.part(B1)
    confirmation.lose(B1)
    assert confirmation.confirm(C1, 1) == []
    assert confirmation.link(B2, BOB) == []
    assert confirmation._undelivered == {}


# ---- waves


def test_owed_messages_go_in_waves_and_new_ones_behind_them() -> None:
    """No more at once than a link holds; the next when all before is confirmed."""
    confirmation = linked((C1, CY), limit=4, wave_bytes=25)
    confirmation.link(B1, BOB)
    confirmation.owe(B1, [sent(number) for number in range(5)])
    assert numbers(confirmation.resume(B1)) == [0, 1, 2]
    assert confirmation.send(sent(5)) == [C1]
    assert confirmation.resume(B1) == []
    confirmation.confirm(B1, 2)
    assert confirmation.resume(B1) == []
    confirmation.confirm(B1, 3)
    assert numbers(confirmation.resume(B1)) == [3, 4, 5]
    assert confirmation.send(sent(6)) == [None]
    confirmation.confirm(B1, 7)
    confirmation.confirm(C1, 2)
    assert not confirmation.is_awaited
    assert confirmation.resume(PeerId("nobody")) == []


def test_what_waits_for_its_wave_is_owed_and_bounded() -> None:
    """A link that never confirms holds no more than any other."""
    confirmation = linked((B1, BOB), limit=3, wave_bytes=1)
    confirmation.owe(B1, [sent(number) for number in range(3)])
    assert numbers(confirmation.resume(B1)) == [0]
    for number in range(3, 6):
        confirmation.send(sent(number))
    assert (confirmation.is_awaited, confirmation.unsettled()) == (True, [B1])
    assert numbers(confirmation.link(B2, BOB)) == [0, 3, 4, 5]
    confirmation.lose(B1)
    assert numbers(confirmation.link(B1, BOB)) == [3, 4, 5]


# ---- bounds


def test_of_too_much_for_a_link_the_oldest_goes() -> None:
    """It is never called delivered, and what follows is counted rightly."""
    confirmation = linked((B1, BOB), limit=2)
    for number in range(4):
        confirmation.send(sent(number))
    assert confirmation.confirm(B1, 3) == ids(2)
    confirmation.lose(B1)
    assert numbers(confirmation.link(B1, BOB)) == [3]


def test_of_too_much_for_a_lost_member_the_oldest_goes() -> None:
    """The same for too many lost members."""
    confirmation = linked((B1, BOB), limit=2)
    confirmation.lose(B1)
    for number in range(4):
        confirmation.send(sent(number))
    assert numbers(confirmation.link(B1, BOB)) == [2, 3]
    for number in range(MAX_AWAY + 1):
        confirmation.link(PeerId(f"peer {number}"), MemberId(f"member {number}"))
        confirmation.lose(PeerId(f"peer {number}"))
    assert len(confirmation._owed) == MAX_AWAY


def test_messages_are_ordered_as_they_were_written_each_once() -> None:
    """Several lists may name the same one."""
    assert numbers(in_order([sent(2), sent(0), sent(2), sent(1)])) == [0, 1, 2]
