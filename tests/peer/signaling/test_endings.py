"""How a path can end, and what follows: every cell of the tables."""

import pytest

from peer.errors import Closed, JoinRefused, SignalingUnreachable
from peer.signaling.endings import (
    CLOSE_CODES,
    ComeBack,
    Ended,
    Ending,
    JoinAgain,
    Poll,
    Replaced,
    StayAway,
    after_close,
    after_error,
    after_upgrade,
    before_welcome,
    concerns_one_signal,
    is_passing,
    pause_of,
)

CLOSES: dict[int | None, type[Ending]] = {
    None: ComeBack,
    1000: ComeBack,
    1001: ComeBack,
    1003: ComeBack,
    1006: ComeBack,
    1009: ComeBack,
    1011: ComeBack,
    4400: ComeBack,
    4401: JoinAgain,
    4404: JoinAgain,
    4408: ComeBack,
    4409: Replaced,
    4429: ComeBack,
    4999: ComeBack,
}


@pytest.mark.parametrize("code", CLOSES)
def test_close_code_says_what_follows(code: int | None) -> None:
    """The table of docs/protocol.md; a code that it does not name is a connection that broke."""
    assert isinstance(after_close(code), CLOSES[code])


@pytest.mark.parametrize("code", CLOSES)
def test_server_may_say_how_long_to_stay_away(code: int | None) -> None:
    """In the frame before the close; where we join again or stay away, it changes nothing."""
    ending = after_close(code, retry_after_s=7.0)
    assert isinstance(ending, CLOSES[code])
    assert getattr(ending, "retry_after_s", 7.0) == 7.0


def test_every_close_code_is_tested() -> None:
    assert set(CLOSE_CODES) <= set(CLOSES)


@pytest.mark.parametrize("code", CLOSES)
def test_break_before_the_welcome_leads_to_polling(code: int | None) -> None:
    """Proxies that half know WebSockets let the upgrade through and drop the rest; a close code is the server's."""
    ending = before_welcome(after_close(code))
    assert isinstance(ending, CLOSES[code] if code in CLOSE_CODES else Poll)


@pytest.mark.parametrize("status", [200, 302, 400, 403, 404, 405, 426, 500, 501, 502, 504])
def test_upgrade_that_a_proxy_may_have_refused_leads_to_polling(status: int) -> None:
    assert isinstance(after_upgrade(status), Poll)


@pytest.mark.parametrize("status", [401, 410])
def test_refused_token_leads_to_another_join(status: int) -> None:
    assert isinstance(after_upgrade(status), JoinAgain)


@pytest.mark.parametrize("status", [429, 503])
def test_busy_server_says_how_long(status: int) -> None:
    assert after_upgrade(status, retry_after_s=4.0) == ComeBack("the server is busy", 4.0)


@pytest.mark.parametrize(
    "code", ["unauthenticated", "invalid_token", "token_expired", "peer_gone", "no_such_room", "no_such_peer"]
)
def test_lost_seat_is_joined_again(code: str) -> None:
    """What a room token is refused with when the token, the peer or the room is gone."""
    assert after_error(JoinRefused(code, "no")) == JoinAgain(code)


def test_passing_refusal_is_waited_out() -> None:
    refusal = JoinRefused("store_unavailable", "no", retry_after_s=2.0)
    assert after_error(refusal) == ComeBack("store_unavailable", 2.0)
    assert is_passing(refusal)
    assert is_passing(JoinRefused("room_full", "no"))


@pytest.mark.parametrize("code", ["wrong_room", "not_found", "method_not_allowed", "a_new_code"])
def test_lasting_refusal_is_for_good(code: str) -> None:
    refusal = JoinRefused(code, "no")
    assert after_error(refusal) == StayAway(refusal)


def test_silent_server_is_tried_again() -> None:
    assert after_error(SignalingUnreachable("http://x", "it hung up")) == ComeBack("it hung up")


def test_path_may_say_itself_how_it_ended() -> None:
    assert after_error(Ended(Replaced())) == Replaced()


def test_our_own_mistake_is_no_ending() -> None:
    """A client that was closed under its seats is a bug of the caller, and shows as one."""
    with pytest.raises(Closed):
        after_error(Closed())


@pytest.mark.parametrize(
    "code", ["no_such_peer", "mailbox_full", "share_full", "body_too_large", "invalid_body", "malformed_json"]
)
def test_refused_envelope_costs_only_itself(code: str) -> None:
    assert concerns_one_signal(JoinRefused(code, "no"))


def test_refused_sender_costs_the_path() -> None:
    assert not concerns_one_signal(JoinRefused("token_expired", "no"))
    assert not concerns_one_signal(SignalingUnreachable("http://x", "no answer"))


@pytest.mark.parametrize(("told", "taken"), [(None, 1.0), (0.0, 1.0), (4.0, 4.0), (1e9, 300.0)])
def test_call_that_came_too_early_waits_as_told(told: float | None, taken: float) -> None:
    """Within bounds: a server can neither have itself hammered nor keep us waiting for ever."""
    assert pause_of(JoinRefused("rate_limited", "too fast", retry_after_s=told)) == taken


def test_other_refusals_are_not_waited_out() -> None:
    """A full mailbox concerns one signal, a full server the whole path."""
    for code in ("mailbox_full", "server_full", "no_such_room"):
        assert pause_of(JoinRefused(code, "no", retry_after_s=1.0)) is None
