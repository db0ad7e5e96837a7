"""Claims over real parts: a server that attests, peers with JWTs, data channels."""

import itertools
import time
from dataclasses import replace
from typing import Any

import jwt
import pytest

import peer
from peer.rtc.ice import ADDRESSES_SETTING
from signaling.app import running_server
from signaling.config import Config

from .rooms import IMPATIENT, Attendee, Company

pytestmark = pytest.mark.rtc

SECRET = "0123456789abcdef0123456789abcdef"


@pytest.fixture(autouse=True)
def _loopback_only(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(ADDRESSES_SETTING, "127.0.0.1")


def config(**settings: Any) -> Config:
    return Config(**{"store": "memory:", "port": 0, "jwt_secret": SECRET, "guests": True, **settings})


def token(sub: str) -> str:
    return jwt.encode(
        {"sub": sub, "name": sub.title(), "exp": int(time.time()) + 600, "iss": "https://id.example"}, SECRET, "HS256"
    )


def claim_of(attendee: Attendee, other: Attendee) -> peer.Claim | None:
    """What one sees of the other."""
    return next((member.claim for member in attendee.room.members if member.id == other.me.id), None)


async def claimed(attendee: Attendee, other: Attendee) -> peer.Claim:
    """Wait until one sees a claim of the other."""
    await attendee.ear.until(lambda: claim_of(attendee, other))
    claim = claim_of(attendee, other)
    assert claim is not None
    return claim


@pytest.mark.parametrize("public", [True, False])
async def test_members_see_whom_the_server_takes_each_other_for(public: bool) -> None:
    """A name of one's own choosing beside the one that the server attests; a guest has none."""
    fresh = (token("alice") for _ in itertools.count())
    async with running_server(config(issuer="https://chat.example")) as server, Company() as company:
        alice = await company.create(server, "captain", "Deck", public=public, token=lambda: next(fresh))
        bob = await company.join(alice.invite, "alice", token=token("bob"))
        guest = await company.join(alice.invite, "alice")
        await alice.meet(bob, guest)
        await bob.meet(guest)
        for one in (bob, guest):
            assert await claimed(one, alice) == peer.Claim(subject="alice", name="Alice", issuer="https://chat.example")
        assert (await claimed(alice, bob)).subject == "bob"
        assert claim_of(alice, guest) is None
        assert claim_of(alice, alice) == claim_of(bob, alice)
        await alice.say("ahoy")
        message = await guest.hear("ahoy")
        assert message.sender.claim == claim_of(guest, alice)
        assert message.sender.name == "captain"


async def test_second_device_of_a_user_is_another_member_and_flagged() -> None:
    """For everybody, its owner included."""
    async with running_server(config()) as server, Company() as company:
        alice = await company.create(server, "alice", token=token("alice"))
        twin = await company.join(alice.invite, "alice too", token=token("alice"))
        bob = await company.join(alice.invite, "bob")
        await alice.meet(twin, bob)
        await bob.meet(twin)
        for one, other in itertools.product((alice, twin, bob), (alice, twin)):
            await one.ear.until(lambda: (claim := claim_of(one, other)) and claim.is_contested)  # noqa: B023
        assert len({member.id for member in bob.room.members}) == 3
        changed = {event.member.id for event in alice.ear.of(peer.ClaimChanged)}
        assert alice.me.id in changed


async def test_server_that_lost_its_key_is_asked_again() -> None:
    """It comes back with an empty store: newcomers, who know its new key alone, see the claims of those who stayed."""
    quick = replace(IMPATIENT, attestation_retry_s=0.05)
    company = Company()
    async with running_server(config()) as server:
        port = int(server.rpartition(":")[2])
        alice = await company.create(server, "alice", token=token("alice"), config=quick)
        bob = await company.join(alice.invite, "bob", config=quick)
        await claimed(bob, alice)
    async with company, running_server(config(port=port)) as server:
        for one in (alice, bob):
            states = [peer.RoomState.SIGNALING_LOST, peer.RoomState.JOINED]
            await one.ear.until(lambda: [each.state for each in one.ear.of(peer.StateChanged)] == states)  # noqa: B023
        carol = await company.join(alice.invite, "carol", config=quick)
        await carol.meet(alice, bob)
        assert (await claimed(carol, alice)).subject == "alice"
