"""Signals on their way out."""

from peer.signaling.outbox import MAX_AGE_S, MAX_BODY_BYTES, MAX_SIGNALS, Outbox

from .samples import offer


def taken(outbox: Outbox, *, now: float = 0.0) -> list[str]:
    found = []
    while (signal := outbox.take(now=now)) is not None:
        found.append(signal.body)
    return found


def test_signals_keep_their_order() -> None:
    outbox = Outbox()
    for body in "abc":
        outbox.put(offer(body), now=0.0)
    assert taken(outbox) == ["a", "b", "c"]
    assert taken(outbox) == []


def test_oldest_go_when_it_is_full() -> None:
    """A server that is away for long costs a bounded amount of memory."""
    outbox = Outbox()
    for number in range(MAX_SIGNALS + 2):
        outbox.put(offer(str(number)), now=0.0)
    assert taken(outbox) == [str(number) for number in range(2, MAX_SIGNALS + 2)]


def test_stale_signals_are_dropped() -> None:
    """Both sides have given up that attempt; at exactly 30 s the server would still deliver."""
    outbox = Outbox()
    outbox.put(offer("stale"), now=0.0)
    outbox.put(offer("fresh"), now=0.1)
    assert taken(outbox, now=MAX_AGE_S + 0.1) == ["fresh"]


def test_signals_of_an_attempt_that_was_given_up_since_are_dropped() -> None:
    """No attempt takes longer; nor does the server keep an envelope longer than MAX_AGE_S, however long one may."""
    brief, long = Outbox(max_age_s=10.0), Outbox(max_age_s=60.0)
    for outbox in (brief, long):
        outbox.put(offer("given up"), now=0.0)
        outbox.put(offer("under way"), now=0.1)
    assert taken(brief, now=10.1) == ["under way"]
    assert taken(long, now=MAX_AGE_S + 0.1) == ["under way"]


def test_signal_that_did_not_leave_is_first_again() -> None:
    """And does not get younger by it."""
    outbox = Outbox()
    outbox.put(offer("a"), now=0.0)
    outbox.put(offer("b"), now=20.0)
    first = outbox.take(now=20.0)
    assert first is not None
    outbox.put_back(first)
    assert taken(outbox, now=20.0) == ["a", "b"]
    outbox.put_back(first)
    assert taken(outbox, now=60.0) == []


def test_returned_signal_is_the_oldest_of_a_full_outbox() -> None:
    outbox = Outbox()
    outbox.put(offer("first"), now=0.0)
    first = outbox.take(now=0.0)
    assert first is not None
    for number in range(MAX_SIGNALS):
        outbox.put(offer(str(number)), now=0.0)
    outbox.put_back(first)
    assert taken(outbox)[0] == "0"


def test_body_over_the_limit_is_not_kept() -> None:
    """The server would close the connection for it."""
    outbox = Outbox()
    outbox.put(offer("x" * (MAX_BODY_BYTES + 1)), now=0.0)
    outbox.put(offer("x" * MAX_BODY_BYTES), now=0.0)
    assert [len(body) for body in taken(outbox)] == [MAX_BODY_BYTES]
