"""Which STUN and TURN server is asked."""

import pytest

from peer.ports import IceServer
from peer.rtc.servers import Plan, Server, choose_servers, has_turn, plan_servers

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


def _plan(*urls: str, max_stun: int = 4, max_turn: int = 3) -> Plan:
    return plan_servers((IceServer(urls, "user", "secret"),), max_stun=max_stun, max_turn=max_turn)


def test_several_servers_of_each_kind_are_planned() -> None:
    """Each once, in the order in which they are named, up to a bound."""
    plan = _plan("stun:a.example", "stun:b.example:3000", "stun:a.example:3478", "stun:c.example", max_stun=2)
    assert plan == Plan(stun=(Server("a.example", 3478), Server("b.example", 3000)))


def test_every_turn_server_has_its_turn_before_a_second_address_of_one() -> None:
    """And UDP comes before TCP before TLS: when a server is dead, another one is among the few that are asked."""
    urls = [f"{scheme}:{host}.example?transport=tcp" for host in "ab" for scheme in ("turns", "turn")]
    plan = _plan(*urls, "turn:a.example", "turn:b.example", max_turn=5)
    assert [(each.host[0], each.carrier, each.port) for each in plan.turn] == [
        *(("a", "udp", 3478), ("b", "udp", 3478)),
        *(("a", "tcp", 3478), ("b", "tcp", 3478)),
        ("a", "tls", 5349),
    ]
    assert {(each.username, each.credential) for each in plan.turn} == {("user", "secret")}
    assert "secret" not in repr(plan)


def test_servers_may_be_named_by_ipv6_literals() -> None:
    """In brackets (RFC 7064, section 3.1)."""
    plan = _plan("stun:[::1]", "turn:[2001:db8::1]:4000?transport=tcp")
    assert plan.stun == (Server("::1", 3478),)
    assert [(each.host, each.port) for each in plan.turn] == [("2001:db8::1", 4000)]


@pytest.mark.parametrize(
    "url",
    [
        *("", "stun:", "stuns:a.example", "stun:::1", "stun:[1.2.3.4]", "stun:[::1", "stun:[]", "stun:a.example:0"),
        *("turn:a.example?transport=sctp", "turns:a.example?transport=udp", "stun:a.example:65536", "stun:[:::]"),
    ],
)
def test_address_that_nobody_can_ask_is_not_planned(url: str) -> None:
    assert _plan(url) == Plan()
