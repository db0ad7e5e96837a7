"""The limits put together: whom each holds, and what is heard."""

from collections.abc import Sequence

import pytest

from signaling.bounds.gate import Act, Bound, Gate, Headcount
from signaling.bounds.limits import Bucket, Demand, Excess, Rate
from signaling.config import Config
from signaling.errors import (
    InvalidToken,
    NoSuchRoom,
    PeerGone,
    RateLimited,
    ServerFull,
    TokenExpired,
    TooManyConnections,
    Unauthenticated,
)
from signaling.ids import PeerId, PeerKey, RoomId, User, UserId

from ..support import FakeClock

ALICE = User(UserId("alice"), None, is_guest=False)
BOB = User(UserId("bob"), None, is_guest=False)
GUEST = User(UserId("guest-1"), None, is_guest=True)
KEY = PeerKey(RoomId("room"), PeerId("peer"))
OFF = Rate(0, 0.0)


def a_gate(clock: FakeClock, **settings: object) -> Gate:
    return Gate(Config(**{"guests": True, **settings}), clock=clock)  # type: ignore[arg-type]


@pytest.mark.parametrize("act", Act)
async def test_user_and_address_are_held_each_by_its_own(clock: FakeClock, act: Act) -> None:
    """The setting that is reached is named, with the seconds after which it goes on."""
    gate = a_gate(clock, **{f"user_{act}": Rate(2, 10), f"address_{act}": Rate(3, 30)})
    for _ in range(2):
        await gate.check(act, ALICE, "192.0.2.1")
    with pytest.raises(RateLimited, match=f"SIGNALING_USER_{act.upper()} is 2/10") as refused:
        await gate.check(act, ALICE, "192.0.2.2")
    assert (refused.value.bound, refused.value.retry_after_s) == (f"user_{act}", 5)
    await gate.check(act, BOB, "192.0.2.1")
    with pytest.raises(RateLimited) as refused:
        await gate.check(act, BOB, "192.0.2.1")
    assert (refused.value.bound, refused.value.retry_after_s) == (f"address_{act}", 10)
    await gate.check(act, BOB, "192.0.2.2")


async def test_guests_are_held_by_their_address(clock: FakeClock) -> None:
    """Each call gives them a new id, and a name of their own choice would be no limit."""
    gate = a_gate(clock, user_joins=Rate(1, 10), address_joins=Rate(3, 30))
    for _ in range(3):
        await gate.check(Act.JOIN, GUEST, "192.0.2.1")
    with pytest.raises(RateLimited, match="ADDRESS_JOINS"):
        await gate.check(Act.JOIN, GUEST, "192.0.2.1")


async def test_each_act_has_a_pace_of_its_own(clock: FakeClock) -> None:
    """Who has made rooms may still join others."""
    gate = a_gate(clock, user_creates=Rate(1, 10), user_joins=Rate(1, 10))
    await gate.check(Act.CREATE, ALICE, "192.0.2.1")
    await gate.check(Act.JOIN, ALICE, "192.0.2.1")
    with pytest.raises(RateLimited):
        await gate.check(Act.CREATE, ALICE, "192.0.2.1")


async def test_wait_that_is_told_is_enough(clock: FakeClock) -> None:
    """And a second less is not."""
    gate = a_gate(clock, user_joins=Rate(1, 7))
    await gate.check(Act.JOIN, ALICE, "a")
    with pytest.raises(RateLimited) as refused:
        await gate.check(Act.JOIN, ALICE, "a")
    clock.advance(refused.value.retry_after_s - 1)
    with pytest.raises(RateLimited):
        await gate.check(Act.JOIN, ALICE, "a")
    clock.advance(1)
    await gate.check(Act.JOIN, ALICE, "a")


async def test_limiter_that_servers_share_is_asked_for_the_rare_things(clock: FakeClock) -> None:
    """What is too frequent for that stays here."""
    asked: list[Sequence[Demand]] = []

    class Shared:
        async def decide(self, demands: Sequence[Demand], *, now: float) -> Excess | None:
            asked.append(demands)
            return Excess(demands[0], 2.5) if len(asked) > 1 else None

    gate = Gate(Config(guests=True), clock=clock, limiter=Shared())
    await gate.check(Act.JOIN, ALICE, "192.0.2.1")
    with pytest.raises(RateLimited) as refused:
        await gate.check(Act.JOIN, ALICE, "192.0.2.1")
    assert (refused.value.bound, refused.value.retry_after_s) == ("user_joins", 3)
    assert [(each.bound, each.subject) for each in asked[0]] == [
        ("user_joins", "alice"),
        ("address_joins", "192.0.2.1"),
    ]
    gate.check_request("192.0.2.1")
    gate.check_envelope(KEY)
    assert len(asked) == 2


def test_requests_are_held_by_address(clock: FakeClock) -> None:
    """Of one address, while another one goes on."""
    gate = a_gate(clock, address_requests=Rate(2, 10))
    for _ in range(2):
        gate.check_request("192.0.2.1")
    with pytest.raises(RateLimited, match="ADDRESS_REQUESTS"):
        gate.check_request("192.0.2.1")
    gate.check_request("192.0.2.2")
    assert gate.remembered == 2


def test_refused_tokens_count_for_their_address(clock: FakeClock) -> None:
    """After too many of them the address hears so; whatever else it is refused for stays what it is."""
    gate = a_gate(clock, address_failures=Rate(2, 10))
    expired, wrong = TokenExpired(), InvalidToken("it is wrong")
    assert gate.harden(expired, "192.0.2.1") is expired
    assert gate.harden(wrong, "192.0.2.1") is wrong
    limited = gate.harden(wrong, "192.0.2.1")
    assert isinstance(limited, RateLimited)
    assert (limited.bound, limited.retry_after_s) == ("address_failures", 5)
    for other in (NoSuchRoom(), Unauthenticated()):
        assert gate.harden(other, "192.0.2.1") is other
    assert gate.harden(wrong, "192.0.2.2") is wrong


def test_peer_has_one_pace_whichever_way_it_sends(clock: FakeClock) -> None:
    """What it took by calls counts for its WebSocket, and the other way round, also across a reconnect."""
    gate = a_gate(clock, peer_envelopes=Rate(4, 8))
    gate.check_envelope(KEY)
    pace = gate.pace_of(KEY)
    assert [pace.take(clock()) for _ in range(3)] == [0.0] * 3
    limited = gate.limited("peer_envelopes", pace.take(clock()))
    assert (limited.bound, limited.retry_after_s) == ("peer_envelopes", 2)
    gate.keep_pace(KEY, pace)
    with pytest.raises(RateLimited):
        gate.check_envelope(KEY)
    assert gate.pace_of(KEY).take(clock()) > 0
    gate.check_envelope(KEY._replace(peer_id=PeerId("other")))


def test_sockets_of_an_address_share_one_pace(clock: FakeClock) -> None:
    """Also one that opens when all others have closed; another address has its own."""
    gate = a_gate(clock, address_envelopes=Rate(3, 6))
    one, other = pace_of(gate, "192.0.2.1"), pace_of(gate, "192.0.2.1")
    assert [one.take(clock()), other.take(clock()), one.take(clock())] == [0.0] * 3
    assert other.take(clock()) > 0
    gate.keep_paces(gate.address_paces("192.0.2.1"))
    del one, other
    assert pace_of(gate, "192.0.2.1").take(clock()) > 0
    assert pace_of(gate, "192.0.2.2").take(clock()) == 0


def pace_of(gate: Gate, address: str) -> Bucket:
    """Of an address around which there is no network."""
    ((demand, pace),) = gate.address_paces(address)
    assert demand.bound == "address_envelopes"
    return pace


HERE, THERE, FAR = "2001:db8:1:2::/64", "2001:db8:1:3::/64", "2001:db8:2:2::/64"
"""Two addresses of one /48, and one of another."""


@pytest.mark.parametrize("act", Act)
async def test_addresses_of_one_network_are_held_together_too(clock: FakeClock, act: Act) -> None:
    """Some times over: or who has a /48 would have 65,536 times what others have."""
    gate = a_gate(clock, network_factor=2, **{f"address_{act}": Rate(2, 10)})
    for address in (HERE, THERE):
        for _ in range(2):
            await gate.check(act, GUEST, address)
    with pytest.raises(
        RateLimited, match="SIGNALING_NETWORK_FACTOR is 2, so that a whole IPv6 /48 has 4/10"
    ) as refused:
        await gate.check(act, GUEST, "2001:db8:1:4::/64")
    assert (refused.value.bound, refused.value.retry_after_s) == ("network_factor", 3)
    await gate.check(act, GUEST, FAR)


def test_requests_and_failures_of_one_network_are_held_together_too(clock: FakeClock) -> None:
    """Each by its own rate."""
    gate = a_gate(clock, network_factor=2, address_requests=Rate(1, 10), address_failures=Rate(1, 10))
    wrong = InvalidToken("it is wrong")
    for address in (HERE, THERE):
        gate.check_request(address)
        assert gate.harden(wrong, address) is wrong
    with pytest.raises(RateLimited, match="NETWORK_FACTOR"):
        gate.check_request("2001:db8:1:4::/64")
    limited = gate.harden(wrong, "2001:db8:1:4::/64")
    assert isinstance(limited, RateLimited)
    assert limited.bound == "network_factor"
    gate.check_request(FAR)


def test_sockets_of_one_network_share_a_wider_pace(clock: FakeClock) -> None:
    """Beside that of each address."""
    gate = a_gate(clock, network_factor=2, address_envelopes=Rate(2, 10))
    (_, here), (demand, wide) = gate.address_paces(HERE)
    (_, there), (_, same) = gate.address_paces(THERE)
    assert wide is same
    assert here is not there
    assert [wide.take(clock()) for _ in range(4)] == [0.0] * 4
    assert wide.take(clock()) == pytest.approx(2.5)
    assert gate.limited_by(demand, 2.5).bound == "network_factor"


def test_sockets_of_one_network_are_counted_together_too(clock: FakeClock) -> None:
    """Who leaves makes place, and who was refused is not counted."""
    gate = a_gate(clock, network_factor=2, address_connections=2)
    for address in (HERE, HERE, THERE):
        gate.enter_socket(address)
    with pytest.raises(TooManyConnections, match="ADDRESS_CONNECTIONS"):
        gate.enter_socket(HERE)
    gate.enter_socket(THERE)
    with pytest.raises(TooManyConnections, match="NETWORK_FACTOR"):
        gate.enter_socket("2001:db8:1:4::/64")
    gate.enter_socket("192.0.2.1")
    for address in (HERE, HERE, THERE, THERE, "192.0.2.1"):
        gate.leave_socket(address)
    assert (len(gate.sockets), len(gate.networks)) == (0, 0)


def test_caller_with_a_room_token_has_a_pace_of_its_own(clock: FakeClock) -> None:
    """Others behind its address do not use it up, nor it theirs; all such callers together have one too."""
    gate = a_gate(clock, peer_requests=Rate(2, 10), address_calls=Rate(5, 50), address_requests=Rate(1, 10))
    other = KEY._replace(peer_id=PeerId("other"))
    gate.check_request("192.0.2.1")
    with pytest.raises(RateLimited, match="ADDRESS_REQUESTS"):
        gate.check_request("192.0.2.1")
    for caller in (KEY, other) * 2:
        gate.check_call(caller, "192.0.2.1")
    with pytest.raises(RateLimited, match="PEER_REQUESTS") as refused:
        gate.check_call(KEY, "192.0.2.1")
    assert refused.value.retry_after_s == 5
    gate.check_call(KEY._replace(peer_id=PeerId("third")), "192.0.2.1")
    with pytest.raises(RateLimited, match="ADDRESS_CALLS"):
        gate.check_call(KEY._replace(peer_id=PeerId("fourth")), "192.0.2.1")
    gate.check_call(KEY._replace(peer_id=PeerId("fourth")), "192.0.2.2")


def test_token_of_a_peer_that_is_gone_counts_for_its_address(clock: FakeClock) -> None:
    """Or tokens of peers that left would each have a pace, for as long as a token lives."""
    gate = a_gate(clock, address_requests=Rate(1, 10))
    gone = PeerGone()
    assert gate.harden(gone, "192.0.2.1") is gone
    assert isinstance(gate.harden(gone, "192.0.2.1"), RateLimited)


def test_limit_that_is_off_holds_nobody(clock: FakeClock) -> None:
    """And nothing is remembered for it."""
    gate = a_gate(clock, address_requests=OFF, peer_envelopes=OFF)
    for _ in range(10_000):
        gate.check_request("192.0.2.1")
    assert gate.new_pace("peer_envelopes").take(clock()) == 0
    assert gate.remembered == 0


def test_heads_are_counted_each_and_together() -> None:
    """Who leaves makes place, and is not remembered."""
    count = Headcount(Bound("user_connections", 2), Bound("max_connections", 3))
    count.enter("a")
    count.enter("a")
    with pytest.raises(TooManyConnections, match="SIGNALING_USER_CONNECTIONS"):
        count.enter("a")
    count.enter("b")
    with pytest.raises(ServerFull, match="SIGNALING_MAX_CONNECTIONS"):
        count.enter("c")
    assert (count.total, len(count)) == (3, 2)
    for name in "aab":
        count.leave(name)
    assert (count.total, len(count)) == (0, 0)


def test_heads_may_be_bounded_each_alone() -> None:
    """With no word about all of them."""
    count = Headcount(Bound("user_connections", 1))
    for name in "abc":
        count.enter(name)
    count.leave("a")
    count.enter("a")
    with pytest.raises(TooManyConnections):
        count.enter("a")
