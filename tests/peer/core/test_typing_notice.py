"""Typing notices: the pace of ours, the life of theirs."""

from peer.core.pace import Pace
from peer.core.typing_notice import OurTyping, TheirTyping
from peer.ids import MemberId

BOB, CY = MemberId("bob"), MemberId("cy")


def our_typing(*, burst: int = 20) -> OurTyping:
    return OurTyping(ttl_s=3.0, pace=Pace(burst=burst, per_s=1.0, now=0.0))


def test_one_notice_in_half_its_life_however_fast_one_types() -> None:
    """At each key is fine: a frame leaves every 1.5 s, so that a notice is renewed before it goes stale."""
    ours = our_typing()
    told_at = [tenth / 10 for tenth in range(40) if ours.set_typing(True, now=tenth / 10)]
    assert told_at == [0.0, 1.5, 3.0]


def test_stopping_is_told_once() -> None:
    """Who was not typing cannot stop."""
    ours = our_typing()
    assert not ours.set_typing(False, now=0.0)
    assert ours.set_typing(True, now=0.0)
    assert ours.set_typing(False, now=0.1)
    assert not ours.set_typing(False, now=0.2)
    assert ours.set_typing(True, now=0.3)


def test_who_wavers_tells_less_of_it() -> None:
    """Others cut who sends too much; a stop that was left out mends itself."""
    ours = our_typing(burst=3)
    told = [ours.set_typing(step % 2 == 0, now=0.0) for step in range(6)]
    assert told == [True, True, True, False, False, False]
    assert ours.set_typing(True, now=1.0)


def test_what_was_sent_is_typed_no_more() -> None:
    """Nobody is told, for the message says it."""
    ours = our_typing()
    assert ours.set_typing(True, now=0.0)
    ours.stop()
    assert not ours.set_typing(False, now=0.1)


def test_notice_is_news_until_it_is_known() -> None:
    """Renewals are silent; so is a stop of who was not typing."""
    theirs = TheirTyping(ttl_s=3.0)
    assert theirs.receive_notice(BOB, typing=True, now=0.0)
    assert not theirs.receive_notice(BOB, typing=True, now=1.5)
    assert theirs.receive_notice(BOB, typing=False, now=2.0)
    assert not theirs.receive_notice(BOB, typing=False, now=2.1)


def test_notice_goes_stale_three_seconds_after_its_last_renewal() -> None:
    """A lost "stopped" mends itself."""
    theirs = TheirTyping(ttl_s=3.0)
    assert theirs.next_deadline() is None
    theirs.receive_notice(BOB, typing=True, now=0.0)
    theirs.receive_notice(CY, typing=True, now=1.0)
    theirs.receive_notice(BOB, typing=True, now=1.5)
    assert theirs.next_deadline() == 4.0
    assert theirs.handle_timeout(now=4.0) == [CY]
    assert theirs.next_deadline() == 4.5
    assert theirs.handle_timeout(now=4.4) == []
    assert theirs.handle_timeout(now=4.5) == [BOB]
    assert theirs.next_deadline() is None


def test_whoever_wrote_or_left_is_forgotten() -> None:
    """The answer says whether they were typing."""
    theirs = TheirTyping(ttl_s=3.0)
    theirs.receive_notice(BOB, typing=True, now=0.0)
    assert theirs.forget(BOB)
    assert not theirs.forget(BOB)


def test_after_clear_nothing_is_awaited() -> None:
    """A room that was left must not wake anybody."""
    theirs = TheirTyping(ttl_s=3.0)
    theirs.receive_notice(BOB, typing=True, now=0.0)
    theirs.clear()
    assert theirs.next_deadline() is None
    assert theirs.handle_timeout(now=9.0) == []
