"""Which STUN and TURN server is asked."""

import pytest

from peer.ports import IceServer
from peer.rtc.servers import choose_servers, has_turn

STUN = IceServer(("stun:stun.example:3478",))
TURN = IceServer(("turn:turn.example?transport=udp",), "user", "secret")


def test_no_servers_are_none() -> None:
    """An empty list is passed on as such: aiortc would else ask a server of its own choice."""
    assert choose_servers(()) == ()


def test_first_of_each_kind_is_taken() -> None:
    others = (IceServer(("stun:other.example",)), IceServer(("turn:other.example",), "other", "other"))
    assert choose_servers((STUN, TURN, *others)) == (STUN, TURN)


def test_one_address_of_a_server_is_taken() -> None:
    both = IceServer(("turns:turn.example?transport=tcp", "turn:turn.example", "stun:turn.example"), "user", "secret")
    assert choose_servers((both,)) == (
        IceServer(("stun:turn.example",), "user", "secret"),
        IceServer(("turns:turn.example?transport=tcp",), "user", "secret"),
    )


@pytest.mark.parametrize(
    "url",
    [
        *("", "stun:", "stuns:stun.example", "stun:[::1]:3478", "stun:stun.example?transport=udp", "http://example/"),
        *("turn:turn.example?transport=sctp", "turns:turn.example?transport=udp", "turn:turn.example:port"),
    ],
)
def test_address_that_aiortc_cannot_use_is_passed_over(url: str) -> None:
    assert choose_servers((IceServer((url,), "user", "secret"), STUN, TURN)) == (STUN, TURN)


def test_turn_without_a_user_is_passed_over() -> None:
    """An allocation needs a credential (RFC 8656, section 5): asking without one costs time only."""
    assert choose_servers((IceServer(("turn:turn.example",)), TURN)) == (TURN,)


def test_turn_server_counts_only_if_it_can_be_asked() -> None:
    """Neither a wrong address nor one without a user is worth waiting for."""
    assert has_turn((STUN, TURN))
    assert not has_turn((STUN, IceServer(("turn:turn.example",)), IceServer(("turn:turn.example:port",), "user")))
