"""A client that takes what is for all, or reaches for what is not its own."""

import asyncio
import json
from collections import Counter
from typing import Any

from .caller import Caller, Member, at_once, callers, frame
from .siege import ON_LINUX, besieged

pytestmark = ON_LINUX

CREATE = ("POST", "/signaling/create-room")


def outcome(status: int, answer: Any) -> str:
    """The error's code, or the status where all went well."""
    return answer["error"]["code"] if "error" in answer else str(status)


async def test_rooms_made_in_a_loop_end_at_the_bounds() -> None:
    """First the pace of each address, then the number of rooms; who is in a room already does not notice."""

    def attack(number: int) -> Counter[str]:
        with Caller(siege.port, source=f"127.0.0.{number + 2}") as caller:
            return Counter(outcome(*caller.ask(*CREATE, b'{"isPublic":true}')) for _ in range(400))

    async with besieged("--address-creates", "300/600", "--max-rooms", "1000") as siege:
        made = sum(await at_once(attack, range(5)), Counter())
        assert 400 < made["rate_limited"] <= 5 * 100  # a place comes back every two seconds
        assert made["too_many_rooms"] > 400
        assert set(made) == {"200", "rate_limited", "too_many_rooms"}
        await siege.see_members_served()
        assert await siege.counter("signaling_rooms") == 1000
        assert siege.growth_mib() < 16


async def test_joins_and_leaves_in_a_loop_fill_no_mailbox_over() -> None:
    """A hundred peers that never look are told of each: their mailboxes are full, the room is as before."""

    def attack() -> Counter[str]:
        with Caller(siege.port) as caller:
            room_id = caller.enter().room_id
            for _ in range(100):
                caller.enter(room_id)
            outcomes: Counter[str] = Counter()
            for _ in range(300):
                me = caller.enter(room_id)
                outcomes[outcome(*caller.ask("POST", "/signaling/leave-room", b"", bearer(me)))] += 1
            return outcomes

    async with besieged() as siege:
        attacking = asyncio.create_task(asyncio.to_thread(attack))
        await siege.see_others_served()
        assert await attacking == {"200": 300}
        assert await siege.counter('signaling_bound_hits_total{bound="mailbox_entries"}') > 100
        assert siege.growth_mib() < 48


def bearer(member: Member) -> str:
    return f"Authorization: Bearer {member.token}"


async def test_token_of_another_room_opens_nothing() -> None:
    """By every call and by WebSocket, a thousand times; and the room that it is for stays as it was."""

    def attack() -> Counter[str]:
        with callers(siege.port, 2) as (ours, theirs):
            mine, other = ours.enter(), theirs.enter()
            outcomes: Counter[str] = Counter()
            envelope = json.dumps({"roomId": other.room_id, "to": other.peer_id, "body": 1}).encode()
            elsewhere = json.dumps({"roomId": other.room_id}).encode()
            for _ in range(100):
                for kind in ("offer", "answer", "candidate", "bye"):
                    outcomes[outcome(*ours.ask("POST", f"/signaling/{kind}", envelope, bearer(mine)))] += 1
                    outcomes[outcome(*ours.ask("GET", f"/signaling/{kind}/{other.room_id}", b"", bearer(mine)))] += 1
                for call in ("heartbeat", "leave-room"):
                    outcomes[outcome(*ours.ask("POST", f"/signaling/{call}", elsewhere, bearer(mine)))] += 1
                outcomes[outcome(*ours.ask("GET", f"/signaling/inbox/{other.room_id}", b"", bearer(mine)))] += 1
            ours.upgrade(mine.token)
            stranger = frame({"type": "offer", "to": other.peer_id, "body": 1})
            refused = ours.exchange(stranger * 100 + frame({"type": "leave"}) + frame(b"", opcode=8))
            outcomes["no_such_peer"] += refused.count(b'"no_such_peer"')
            status, heard = theirs.ask("POST", "/signaling/heartbeat", b"", bearer(other))
            assert (status, heard["peers"]) == (200, [])
            status, inbox = theirs.ask("GET", f"/signaling/inbox/{other.room_id}", b"", bearer(other))
            assert (status, inbox) == (200, {"envelopes": []})
            return outcomes

    async with besieged() as siege:
        attacking = asyncio.create_task(asyncio.to_thread(attack))
        await siege.see_others_served()
        assert await attacking == {"wrong_room": 1100, "no_such_peer": 100}
