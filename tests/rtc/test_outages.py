"""Servers and peers that die: links outlive the server, the room is taken up again, who is lost is missed."""

import asyncio
import logging
import signal
import socket
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from dataclasses import replace
from pathlib import Path

import pytest

import peer
from peer.events import RoomState
from signaling.app import running_server

from .rooms import GUESTS, IMPATIENT, ROOT, Attendee, Company, server_process, spawned

pytestmark = pytest.mark.rtc

WATCHFUL = peer.Config(heartbeat_s=0.2, lost_after_s=1.0, last_words_s=0.2)

Life = Callable[[int], AbstractAsyncContextManager[str]]
"""Starts a server on this port; its end is the end of the block."""


@asynccontextmanager
async def _forgetful(port: int) -> AsyncIterator[str]:
    """In this process, with an empty memory each time."""
    async with running_server(replace(GUESTS, port=port)) as server:
        yield server


def _killed(store: Path) -> Life:
    """In a process of its own, on the same embedded store each time; it ends by SIGKILL."""

    @asynccontextmanager
    async def life(port: int) -> AsyncIterator[str]:
        async with server_process(f"diskcache:{store}", port=port) as (server, child):
            yield server
            child.send_signal(signal.SIGKILL)
            await child.wait()

    return life


@pytest.fixture(params=["memory that is empty again", "embedded store after SIGKILL"])
def life(request: pytest.FixtureRequest, tmp_path: Path) -> Life:
    return _forgetful if request.param.startswith("memory") else _killed(tmp_path / "store")


async def lost(attendee: Attendee) -> None:
    change = await attendee.ear.next(peer.StateChanged)
    assert change.state is RoomState.SIGNALING_LOST
    assert change.reason


async def joined(attendee: Attendee) -> None:
    assert (await attendee.ear.next(peer.StateChanged)).state is RoomState.JOINED


async def test_conversation_outlives_its_server(life: Life) -> None:
    """Links live on, each is told once; on its return nothing breaks or is told twice, and newcomers are let in."""
    async with AsyncExitStack() as first, Company() as company:
        server = await first.enter_async_context(life(0))
        alice, bob = await company.pair(server, config=IMPATIENT)
        await first.aclose()
        await asyncio.gather(lost(alice), lost(bob))
        await alice.say("are you still there?")
        await (await bob.hear("are you still there?")).reply("as ever")
        await alice.hear("as ever")
        async with life(int(server.rpartition(":")[2])):
            await asyncio.gather(joined(alice), joined(bob))
            carol = await company.join(alice.invite, "carol")
            await carol.meet(alice, bob)
            await carol.say("what did I miss?")
            await asyncio.gather(alice.hear("what did I miss?"), bob.hear("what did I miss?"))
            for each, others in ((alice, ["bob", "carol"]), (bob, ["alice", "carol"])):
                assert [event.member.name for event in each.ear.of(peer.MemberJoined)] == others
                assert each.ear.of(peer.MemberLeft) == []
                assert [change.state for change in each.ear.of(peer.StateChanged)] == ["signaling-lost", "joined"]
            await company.close()


async def test_server_that_comes_and_goes_is_taken_as_it_comes(life: Life) -> None:
    """Three outages in a row: each is told, and the links are those of the beginning."""
    async with AsyncExitStack() as stack, Company() as company:
        server = await stack.enter_async_context(life(0))
        alice, bob = await company.pair(server, config=IMPATIENT)
        for number in range(3):
            await stack.aclose()
            await asyncio.gather(lost(alice), lost(bob))
            await stack.enter_async_context(life(int(server.rpartition(":")[2])))
            await asyncio.gather(joined(alice), joined(bob))
            await alice.say(f"outage {number}")
            await bob.hear(f"outage {number}")
        assert len(alice.ear.of(peer.MemberJoined)) == len(bob.ear.of(peer.MemberJoined)) == 1
        await company.close()


async def test_ten_peers_do_not_come_back_in_one_burst(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """Their server is killed, and started on its store: no link is made anew, what is said meanwhile comes once."""
    caplog.set_level(logging.DEBUG, "peer")
    config = peer.Config(signaling_backoff_base_s=1.0, signaling_backoff_max_s=1.5)
    life = _killed(tmp_path / "store")
    async with AsyncExitStack() as first, Company() as company:
        server = await first.enter_async_context(life(0))
        crowd = [await company.create(server, "p0", config=config)]
        crowd += await asyncio.gather(*(company.join(crowd[0].invite, f"p{n}", config=config) for n in range(1, 10)))
        for each in crowd:
            await each.ear.until(lambda each=each: len(each.here()) == 9)  # type: ignore[misc]
        await first.aclose()
        await asyncio.gather(*map(lost, crowd))
        caplog.clear()
        await crowd[3].say("is it only me?")
        await asyncio.gather(*(each.hear_all(1) for each in crowd if each is not crowd[3]))
        async with life(int(server.rpartition(":")[2])):
            await asyncio.gather(*map(joined, crowd))
            came = sorted(each.created for each in caplog.records if each.msg.startswith("= signaling connected"))
            assert len(came) == 10
            assert max(sum(begin <= moment < begin + 0.1 for moment in came) for begin in came) <= 6
            assert [each for each in caplog.records if each.msg == "= link %s begins"] == []
            for each in crowd:
                assert each.heard() == ([] if each is crowd[3] else ["is it only me?"])
                assert (len(each.ear.of(peer.MemberJoined)), each.ear.of(peer.MemberLeft)) == (9, [])
            await company.close()


async def test_who_leaves_during_an_outage_is_missed(life: Life) -> None:
    """The goodbye goes over the link; leaving takes no longer than it may."""
    async with AsyncExitStack() as first, Company() as company:
        alice, bob = await company.pair(await first.enter_async_context(life(0)), config=IMPATIENT)
        await first.aclose()
        await asyncio.gather(lost(alice), lost(bob))
        async with asyncio.timeout(5):
            await bob.room.leave()
        assert (await alice.ear.next(peer.MemberLeft)).reason == "left"
        await alice.room.leave()


async def test_killed_peer_is_lost_to_the_others_in_time(server: str, company: Company) -> None:
    """No goodbye, no word of the server: silence alone, for as long as is configured."""
    alice, bob = await company.pair(server, config=WATCHFUL)
    script = str(ROOT / "tests" / "rtc" / "peer_process.py")
    times = (str(WATCHFUL.heartbeat_s), str(WATCHFUL.lost_after_s))
    async with spawned(script, alice.invite, *times) as victim:
        await alice.see("victim")
        await bob.see("victim")
        victim.send_signal(signal.SIGKILL)
        await victim.wait()
        killed_at = asyncio.get_running_loop().time()
        for each in (alice, bob):
            left = await each.ear.next(peer.MemberLeft)
            assert (left.member.name, left.member.presence, left.reason) == ("victim", "offline", "lost")
            assert left.member.last_seen is not None
        silence_s = asyncio.get_running_loop().time() - killed_at
        assert WATCHFUL.lost_after_s - WATCHFUL.heartbeat_s - 0.1 < silence_s < WATCHFUL.lost_after_s + 1
    assert alice.here() == {"bob"}
    await alice.say("only us now")
    await bob.hear("only us now")


async def test_absent_server_is_named() -> None:
    """Nobody listens: a sentence with the address, whatever is asked."""
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        server = f"http://127.0.0.1:{unused.getsockname()[1]}"
        async with peer.Peer(server, name="alice") as me:
            for attempt in (me.create_room("Deck"), me.join_room("Deck"), me.list_rooms()):
                with pytest.raises(peer.SignalingUnreachable, match=server):
                    await attempt


async def test_invite_to_a_dead_server_says_so(life: Life) -> None:
    async with AsyncExitStack() as first:
        server = await first.enter_async_context(life(0))
        async with peer.Peer(server, name="alice") as me:
            invite = (await me.create_room("Deck")).invite
        assert invite is not None
        await first.aclose()
        async with peer.Peer(server, name="bob") as me:
            with pytest.raises(peer.SignalingUnreachable):
                await me.join_room(invite)


async def test_frozen_and_killed_process_is_missed_within_five_seconds(server: str, company: Company) -> None:
    """With the times as they are; the frozen one is suspect first, and a member again soon after it goes on."""
    alice = await company.create(server, "alice")
    script = str(ROOT / "tests" / "rtc" / "peer_process.py")
    defaults = peer.Config()
    async with spawned(script, alice.invite, str(defaults.heartbeat_s), str(defaults.lost_after_s)) as victim:
        first = await alice.ear.next(peer.MemberJoined)
        for how in (signal.SIGSTOP, signal.SIGKILL):
            victim.send_signal(how)
            stopped_at = asyncio.get_running_loop().time()
            assert (await alice.ear.next(peer.MemberLeft)).reason == "lost"
            assert asyncio.get_running_loop().time() - stopped_at < 5
            last = [change.state for change in alice.ear.of(peer.ConnectionChanged) if change.member][-2:]
            assert last == ["suspect", "lost"]
            if how is signal.SIGSTOP:
                await alice.say("while you were frozen")
                victim.send_signal(signal.SIGCONT)
                again = await alice.ear.next(peer.MemberJoined)
                assert again.member.id == first.member.id
                assert asyncio.get_running_loop().time() - stopped_at < 10
                await alice.ear.until(lambda: alice.ear.of(peer.StatusChanged))
