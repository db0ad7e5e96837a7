"""A client that floods: what it sends is answered by name or ends its connection, and the others go on."""

import asyncio
import json
import threading
from collections import Counter
from collections.abc import Callable
from typing import Any

import pytest

from .caller import PATIENCE_S, Caller, at_once, callers, frame, frames_of
from .siege import ON_LINUX, Siege, besieged

pytestmark = ON_LINUX

NOBODY = "A" * 22


def close_code(data: bytes) -> int | None:
    """Of the close frame at the end, if there is one."""
    codes = [int.from_bytes(payload[:2], "big") for opcode, payload in frames_of(data) if opcode == 8]
    return codes[-1] if codes else None


def error_codes(data: bytes) -> Counter[str]:
    """Of the error frames."""
    texts = [json.loads(payload) for opcode, payload in frames_of(data) if opcode == 1]
    return Counter(text["error"]["code"] for text in texts if text["type"] == "error")


def member_socket(siege: Siege, caller: Caller) -> str:
    """Make a room and open its WebSocket; answers the peer id."""
    member = caller.enter()
    caller.upgrade(member.token)
    return member.peer_id


@pytest.mark.parametrize(("pace", "code"), [("0", "no_such_peer"), ("5000/60", "rate_limited")])
async def test_messages_to_nobody_are_refused_by_name(pace: str, code: str) -> None:
    """20,000 of them: an error frame for each, until the pace of envelopes holds the sender up; nothing is kept."""
    messages = frame({"type": "offer", "to": NOBODY, "body": "x" * 100}) * 20_000
    farewell = frame({"type": "leave"}) + frame(b"", opcode=8)

    def attack() -> Counter[str]:
        with Caller(siege.port) as caller:
            member_socket(siege, caller)
            return error_codes(caller.exchange(messages + farewell, until=b"rate_limited"))

    async with besieged("--peer-envelopes", pace) as siege:
        answers = await asyncio.to_thread(attack)
        assert 5_000 <= answers["no_such_peer"] < 6_000 if code == "rate_limited" else answers[code] == 20_000
        assert list(answers)[-1] == code
        await siege.see_others_served()
        assert siege.growth_mib() < 16


async def test_frame_of_twenty_megabytes_ends_its_connection() -> None:
    """At once or in fragments of any size: 1009 as soon as it is known, and next to nothing of it is held."""

    def attack() -> list[int | None]:
        with callers(siege.port, len(PARTS)) as attackers:
            for caller in attackers:
                member_socket(siege, caller)
            return [_overfeed(caller, part) for caller, part in zip(attackers, PARTS, strict=True)]

    async with besieged() as siege:
        assert await asyncio.to_thread(attack) == [1009] * len(PARTS)
        await siege.see_others_served()
        assert siege.growth_mib() < 16


PARTS = (20_000_000, 20_000_000, 20_000_000, 1_000_000, 60_000, 5_000, 100)
"""Sizes of fragments."""


def _overfeed(caller: Caller, part: int) -> int | None:
    fragment = frame(bytes(part), opcode=0, is_last=False)
    block = fragment * (1 + 60_000 // part)
    caller.send(frame(b"{", is_last=False))
    for _ in range(1 + 20_000_000 // len(block)):
        if not caller.send(block):
            break
    return close_code(caller.receive_all())


Make = Callable[[str], bytes]

FLOODS: tuple[Make, ...] = (
    lambda _: frame(b"", opcode=9),
    lambda _: frame(b"", opcode=10),
    lambda _: frame({"type": "heartbeat"}),
    lambda me: frame({"type": "offer", "to": me, "body": 1}),
    lambda _: frame({"type": "offer", "to": NOBODY, "body": 1}),
    lambda _: frame(b"", opcode=0, is_last=False),
)
"""Pings, pongs, heartbeats, envelopes to oneself and to nobody, fragments of nothing."""


async def test_flood_of_frames_holds_up_nobody_else() -> None:
    """Twelve connections as fast as they can: each has its turn, and the bystanders have theirs."""

    def attack(caller: Caller, make: Make) -> int:
        one = make(member_socket(siege, caller))
        if one[0] & 15 == 0:
            caller.send(frame(b"{", is_last=False))
        return caller.pour(one * (30_000 // len(one)), seconds=1.0)

    async with besieged() as siege:
        with callers(siege.port, 2 * len(FLOODS)) as attackers:
            flooding = asyncio.create_task(at_once(attack, attackers, FLOODS * 2))
            await siege.see_others_served()
            assert min(await flooding) > 0
            await siege.see_others_served()
        assert siege.growth_mib() < 32


@pytest.mark.long
async def test_floods_that_are_held_up_are_bounded_together() -> None:
    """Each that goes on beyond its pace leaves most of a megabyte waiting: those where most waits are cut."""

    def attack(caller: Caller) -> None:
        member_socket(siege, caller)
        caller.pour(frame(bytes(125), opcode=9) * 500, seconds=0.3)

    async with besieged("--buffered-bytes", str(16 << 20), "--sweep-s", "0.1") as siege:
        with callers(siege.port, 200) as attackers:
            for wave in range(0, 200, 40):
                await at_once(attack, attackers[wave : wave + 40])
                await siege.see_others_served()
        assert await siege.counter('signaling_bound_hits_total{bound="peer_signs"}') > 0
        assert await siege.counter('signaling_bound_hits_total{bound="buffered_bytes"}') > 100
        assert siege.growth_mib() < 140  # without the bound 170


async def test_flood_of_hellos_ends_each_connection() -> None:
    """A thousand WebSockets with a token that is none: the error by name, 4401 or soon 4429, and nothing is kept."""
    hello = frame({"type": "hello", "token": "a.b." + "c" * 4000})

    def attack(_: int) -> Counter[tuple[str, int | None]]:
        outcomes: Counter[tuple[str, int | None]] = Counter()
        for _ in range(250):
            with Caller(siege.port) as caller:
                caller.upgrade()
                caller.send(hello + frame(b"", opcode=8))
                heard = caller.receive_all()
            outcomes[",".join(error_codes(heard)), close_code(heard)] += 1
        return outcomes

    async with besieged("--address-failures", "500/600") as siege:
        outcomes = sum(await at_once(attack, range(4)), Counter())
        assert outcomes.total() == 1000
        assert 500 <= outcomes["invalid_token", 4401] < 600
        assert set(outcomes) == {("invalid_token", 4401), ("rate_limited", 4429)}
        await siege.see_others_served()
        assert siege.growth_mib() < 24


async def test_sockets_that_nobody_reads_are_cut() -> None:
    """Peers that take none of what is sent to them: all are cut, what they hold is bounded, and the senders go on."""

    def attack(caller: Caller, sink: Caller) -> None:
        member = caller.enter()
        other = sink.enter(member.room_id)
        sink.upgrade(other.token)
        caller.upgrade(member.token)
        while not all_cut.is_set():
            caller.pour(frame({"type": "offer", "to": other.peer_id, "body": "x" * 60_000}), seconds=0.2)

    all_cut = threading.Event()
    async with besieged("--out-buffer-bytes", "262144", "--stall-timeout-s", "1") as siege:
        with callers(siege.port, 20) as senders, callers(siege.port, 20, receive_buffer=4096) as sinks:
            flooding = asyncio.create_task(at_once(attack, senders, sinks))
            try:
                async with asyncio.timeout(2 * PATIENCE_S):
                    while await siege.counter('signaling_websockets_closed_total{why="too_slow"}') < 20:
                        await siege.see_others_served()
            finally:
                all_cut.set()
                await flooding
        await siege.see_others_served()
        assert siege.growth_mib() < 20 * 2


async def test_mailboxes_that_nobody_reads_fill_up() -> None:
    """A room of polling peers that do not poll: `mailbox_full`, first for each, then for all, and memory is bounded.

    The sender's share of each is made larger than the mailbox, or it would come first.
    """

    def attack() -> Counter[str]:
        with Caller(siege.port) as sender, Caller(siege.port) as others:
            me = sender.enter()
            peers = [others.enter(me.room_id).peer_id for _ in range(100)]
            sender.upgrade(me.token)
            for to in peers:
                sender.send(frame({"type": "offer", "to": to, "body": "x" * 60_000}) * 40)
            sender.send(frame({"type": "leave"}))
            return error_codes(sender.receive_all())

    async with besieged("--mail-bytes", str(32 << 20), "--sender-bytes", str(2 << 20)) as siege:
        refused = await asyncio.to_thread(attack)
        assert set(refused) == {"mailbox_full"}
        assert refused["mailbox_full"] > 4000 - (32 << 20) / 60_000
        await siege.see_others_served()
        assert siege.growth_mib() < 64


BAD_FRAMES: list[Any] = [
    pytest.param(frame(b'{"type":"heartbeat","x":"\xff"}'), 1007, id="no UTF-8"),
    pytest.param(frame(b'{"type":"heartbeat","x":"\xed\xa0\x80"}'), 1007, id="a surrogate as UTF-8"),
    pytest.param(frame(b'{"type":"offer","to":"\\ud800","body":1}'), 4400, id="half a surrogate pair"),
    pytest.param(frame(b'{"type":"offer","to":"' + NOBODY.encode() + b'","body":' + b"[" * 60_000), 4400, id="deep"),
    pytest.param(frame(b"{}", opcode=3), 1002, id="an opcode that is none"),
    pytest.param(bytes([0xF1]) + frame(b"{}")[1:], 1002, id="reserved bits"),
    pytest.param(frame(bytes(126), opcode=9), 1002, id="a long ping"),
    pytest.param(frame(b"{}", opcode=0), 1002, id="the end of nothing"),
    pytest.param(frame(b"\x03", opcode=8), 1002, id="half a close code"),
    pytest.param(frame(b"\x00\x01", opcode=8), 1002, id="a close code that is none"),
]


async def test_frames_that_are_none_end_their_connection() -> None:
    """Each with the close code that RFC 6455 or our protocol has for it; never a fault in the log."""

    def attack() -> dict[str, int | None]:
        codes = {}
        for param in BAD_FRAMES:
            with Caller(siege.port) as caller:
                member_socket(siege, caller)
                caller.send(param.values[0] + frame(b"", opcode=8))
                codes[param.id] = close_code(caller.receive_all())
        return codes

    async with besieged() as siege:
        assert await asyncio.to_thread(attack) == {param.id: param.values[1] for param in BAD_FRAMES}
        await siege.see_others_served()
