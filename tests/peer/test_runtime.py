"""The driver: one input, drain, one timer; who owns which task, and what is left when it ends."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest

from peer.config import Config
from peer.core.mesh import Mesh
from peer.errors import JoinRefused, LinkFailed
from peer.events import Event, RoomState, StateChanged
from peer.ids import PeerId
from peer.ports import Channel, IceServer, LinkListener, PeerInfo, PeerJoinedRoom, PeerLeftRoom, Roster, SignalingLost
from peer.runtime import Driver, Runtime, wall_ms

from ..support.insider import Insider
from ..support.keys import credentials, membership_of
from ..support.transport import FakeLink, FakeSeat, until


class Bench:
    """A driver between a seat and links that do what the test says."""

    def __init__(self, runtime: Runtime, seat: FakeSeat, config: Config | None = None) -> None:
        self.events: list[Event] = []
        self.links: list[FakeLink] = []
        self.seat = seat
        self.next_fails_with: Exception | None = None
        self.has_defect = False
        """Whether no link can be made, by a mistake that nobody expects."""
        config = config or Config()
        mesh = Mesh(
            membership=membership_of("ann"),
            title="Deck",
            name="ann",
            our_id=seat.peer_id,
            credentials=credentials("ann"),
            config=config,
            wall_ms=wall_ms,
        )
        self.returns = 0
        self.driver = Driver(
            mesh,
            seat=seat,
            open_link=self._open_link,
            runtime=runtime,
            config=config,
            on_event=self.events.append,
            on_return=self._count_return,
        )

    def _count_return(self) -> None:
        self.returns += 1

    def _open_link(self, _servers: tuple[IceServer, ...], listener: LinkListener) -> FakeLink:
        if self.has_defect:
            raise RuntimeError("a defect")
        link = FakeLink(listener)
        link.fails_with, self.next_fails_with = self.next_fails_with, None
        self.links.append(link)
        return link

    def hear(self, event: PeerJoinedRoom | PeerLeftRoom | Roster | SignalingLost) -> None:
        self.seat.says.put_nowait(event)


@pytest.fixture
async def runtime() -> AsyncIterator[Runtime]:
    async with Runtime() as runtime:
        yield runtime


async def started(runtime: Runtime, *present: str, config: Config | None = None) -> Bench:
    bench = Bench(runtime, FakeSeat(*present), config)
    bench.driver.start()
    await asyncio.sleep(0)
    return bench


# ---- outputs carried out


async def test_joining_offers_to_those_present(runtime: Runtime) -> None:
    """A link is made for each, and its offer goes out as a signal."""
    bench = await started(runtime, "bob", "cy")
    await until(lambda: len(bench.seat.sent) == 2)
    assert [(signal.kind, signal.remote) for signal in bench.seat.sent] == [("offer", "bob"), ("offer", "cy")]
    assert len(bench.links) == 2
    await bench.driver.stop()
    assert [link.closes for link in bench.links] == [1, 1]


async def test_answer_and_candidates_reach_the_link_of_their_attempt(runtime: Runtime) -> None:
    """What comes for a link that is gone meanwhile is dropped."""
    bench = await started(runtime, "mallory")
    await until(lambda: bench.seat.sent)
    insider = Insider()
    attempt = insider.read(bench.seat.sent[0], sender=bench.seat.peer_id).attempt
    for kind, text in (("candidate", "candidate:1"), ("answer", "their answer")):
        bench.seat.says.put_nowait(insider.signal(kind, text, attempt=attempt, to=bench.seat.peer_id))  # type: ignore[arg-type]
    [link] = bench.links
    await until(lambda: link.answers)
    assert (link.candidates, link.answers) == (["candidate:1"], ["their answer"])
    await bench.driver.stop()


async def test_candidates_found_later_are_sent_behind_the_offer(runtime: Runtime) -> None:
    """Sealed, as signals of their own."""
    bench = await started(runtime, "mallory")
    await until(lambda: bench.seat.sent)
    bench.links[0].listener.on_candidate("candidate:1")
    assert [signal.kind for signal in bench.seat.sent] == ["offer", "candidate"]
    assert Insider().read(bench.seat.sent[1], sender=bench.seat.peer_id).text == "candidate:1"
    await bench.driver.stop()


async def test_offer_is_answered(runtime: Runtime) -> None:
    """By a link of its own."""
    bench = await started(runtime)
    offer = Insider().signal("offer", attempt=b"attempt.", to=bench.seat.peer_id)
    bench.seat.says.put_nowait(offer)
    await until(lambda: bench.seat.sent)
    assert [signal.kind for signal in bench.seat.sent] == ["answer"]
    await bench.driver.stop()


async def test_work_for_a_link_that_was_closed_meanwhile_is_dropped(runtime: Runtime) -> None:
    """An answer and a candidate, and in the same breath the word that their sender is gone."""
    bench = await started(runtime, "mallory")
    await until(lambda: bench.seat.sent)
    insider = Insider()
    attempt = insider.read(bench.seat.sent[0], sender=bench.seat.peer_id).attempt
    for kind in ("candidate", "answer"):
        bench.seat.says.put_nowait(insider.signal(kind, "late", attempt=attempt, to=bench.seat.peer_id))
    bench.hear(PeerLeftRoom(PeerId("mallory"), "left"))
    [link] = bench.links
    await until(lambda: link.closes)
    assert (link.candidates, link.answers) == ([], [])
    await bench.driver.stop()


async def test_link_that_cannot_be_made_is_closed_and_tried_again(runtime: Runtime) -> None:
    """LinkFailed is the adapter's word for it; the room decides when."""
    bench = Bench(runtime, FakeSeat("bob"), Config(retry_base_s=0.001))
    bench.next_fails_with = LinkFailed("no address")
    bench.driver.start()
    await until(lambda: len(bench.links) == 2)
    assert bench.links[0].closes == 1
    await until(lambda: bench.seat.sent)
    await bench.driver.stop()


@pytest.mark.allow_logged_errors
async def test_defect_of_an_adapter_is_logged_and_the_room_lives(
    runtime: Runtime, caplog: pytest.LogCaptureFixture
) -> None:
    """The attempt runs into its timeout; the other peer is met."""
    bench = Bench(runtime, FakeSeat("bob", "cy"))
    bench.next_fails_with = ValueError("a defect")
    bench.driver.start()
    await until(lambda: bench.seat.sent)
    assert [signal.remote for signal in bench.seat.sent] == ["cy"]
    assert "failed" in caplog.text
    await bench.driver.stop()


async def test_frames_for_a_link_that_is_gone_are_dropped(runtime: Runtime) -> None:
    """It may close while it is sent to; what it reports then is heard after the rest was carried out."""
    bench = await started(runtime)
    insider = Insider()
    bench.seat.says.put_nowait(insider.signal("offer", attempt=b"attempt.", to=bench.seat.peer_id))
    await until(lambda: bench.seat.sent)
    [link] = bench.links
    link.on_send = lambda: link.listener.on_closed("broke while sending")
    link.listener.on_open()
    assert len(link.sent) == 1
    link.listener.on_frame(Channel.EVENTS, b"late")
    assert len(link.sent) == 1
    await bench.driver.stop()
    assert link.closes == 1


# ---- time


async def test_timer_wakes_the_machine_at_its_deadline(runtime: Runtime) -> None:
    """A joiner that never offers is offered to."""
    bench = await started(runtime, config=Config(offer_turn_s=0.002))
    bench.hear(PeerJoinedRoom(PeerInfo(PeerId("bob"), "", "")))
    await until(lambda: bench.seat.sent)
    assert bench.seat.sent[0].kind == "offer"
    await bench.driver.stop()


@pytest.mark.allow_logged_errors
async def test_timer_that_fails_is_set_again(runtime: Runtime, caplog: pytest.LogCaptureFixture) -> None:
    """Without one a room would be deaf to all that takes time, for good; the log says what failed."""
    bench = await started(runtime, config=Config(offer_turn_s=0.002, link_timeout_s=0.005, retry_base_s=0.001))
    bench.has_defect = True
    bench.hear(PeerJoinedRoom(PeerInfo(PeerId("bob"), "", "")))
    await until(lambda: "! the timer of a room failed" in caplog.text)
    bench.has_defect = False
    await until(lambda: bench.seat.sent)
    assert bench.seat.sent[0].kind == "offer"
    await bench.driver.stop()


async def test_earlier_deadline_moves_the_timer_forwards(runtime: Runtime) -> None:
    """One timer for all: ten seconds for one peer, then none at all for another."""
    bench = await started(runtime)
    bench.hear(PeerJoinedRoom(PeerInfo(PeerId("bob"), "", "")))
    await asyncio.sleep(0)
    bench.hear(Roster((PeerInfo(PeerId("z-cy"), "", ""),)))
    await until(lambda: bench.seat.sent)
    assert bench.seat.sent[0].remote == "z-cy"
    await bench.driver.stop()


async def test_changed_network_makes_the_seat_anew_and_tries_everybody(runtime: Runtime) -> None:
    """Whoever is present is offered to, though its turn was first."""
    bench = await started(runtime, config=Config(offer_turn_s=60))
    bench.hear(PeerJoinedRoom(PeerInfo(PeerId("bob"), "", "")))
    await asyncio.sleep(0)
    bench.driver.probe()
    await until(lambda: bench.seat.sent)
    assert (bench.seat.renewals, bench.seat.sent[0].remote) == (1, "bob")
    await bench.driver.stop()


async def test_link_that_is_lost_has_the_seat_probed(runtime: Runtime) -> None:
    """It is over the seat that the next one is made."""
    bench = await started(runtime, "bob", config=Config(link_timeout_s=0.002))
    await until(lambda: bench.seat.probes)
    await bench.driver.stop()


async def test_nothing_is_awaited_after_the_end(runtime: Runtime) -> None:
    """The guard of the tests would find a timer left on the loop."""
    bench = await started(runtime, "bob")
    bench.hear(PeerJoinedRoom(PeerInfo(PeerId("cy"), "", "")))
    await asyncio.sleep(0)
    await bench.driver.stop()
    assert bench.driver.mesh.next_deadline() is None


# ---- the end


async def test_stopping_twice_says_goodbye_once(runtime: Runtime) -> None:
    """Also at the same time."""
    bench = await started(runtime)
    await asyncio.gather(bench.driver.stop(), bench.driver.stop())
    await bench.driver.stop()
    assert bench.events == [StateChanged(RoomState.LEFT)]


async def test_stopping_what_was_never_started_is_fine(runtime: Runtime) -> None:
    """There is no seat to keep yet."""
    bench = Bench(runtime, FakeSeat())
    await bench.driver.stop()
    assert bench.driver.mesh.state is RoomState.LEFT


async def test_stop_waits_for_a_link_to_whom_something_is_owed(runtime: Runtime) -> None:
    """Until it is open, or nobody is there any more: then there is no reason to stay."""
    bench = await started(runtime, "bob")
    bench.driver.mesh.speak().send("last words", now=bench.driver.now)
    stopping = asyncio.create_task(bench.driver.stop())
    for _ in range(5):
        await asyncio.sleep(0)
    assert bench.seat.left == 0
    bench.hear(PeerLeftRoom(PeerId("bob"), "left"))
    async with asyncio.timeout(1):
        await stopping
    assert bench.seat.left == 1


async def test_stop_waits_for_links_to_flush(runtime: Runtime) -> None:
    """Goodbye would be lost with the process."""
    bench = await started(runtime, "bob")
    [link] = bench.links
    link.closing_takes = asyncio.Event()
    stopping = asyncio.create_task(bench.driver.stop())
    await until(lambda: link.closes)
    for _ in range(5):
        await asyncio.sleep(0)
    assert not stopping.done()
    link.closing_takes.set()
    await stopping


async def test_cancelled_stop_leaves_no_seat_behind() -> None:
    """Ctrl-C twice, or a time limit around the block: the server does not answer, and nothing hangs for it."""
    seat = FakeSeat()
    seat.leaving_takes = asyncio.Event()

    async def live() -> None:
        async with Runtime() as runtime:
            bench = Bench(runtime, seat)
            bench.driver.start()
            try:
                await bench.driver.stop()
            except asyncio.CancelledError:
                cancelled.append(True)

    cancelled: list[bool] = []
    task = asyncio.create_task(live())
    await until(lambda: seat.left)
    task.cancel()
    async with asyncio.timeout(1):
        await task
    assert cancelled == [True]


async def test_seat_that_is_lost_for_good_ends_the_room_with_its_reason(runtime: Runtime) -> None:
    """The server says no: links are closed, the others are told goodbye, the reader learns why."""
    bench = await started(runtime, "bob")
    bench.seat.says.put_nowait(JoinRefused("room_full", "the room is full"))
    await until(lambda: any(isinstance(event, StateChanged) for event in bench.events))
    assert bench.events[-1:] == [StateChanged(RoomState.LEFT, "the room is full")]
    await bench.driver.stop()
    assert [link.closes for link in bench.links] == [1]


async def test_server_that_comes_and_goes_is_told_as_it_is(runtime: Runtime) -> None:
    """Events pass the driver in order."""
    bench = await started(runtime)
    bench.hear(SignalingLost("it went"))
    bench.hear(Roster(()))
    await until(lambda: len(bench.events) == 2)
    assert bench.events == [StateChanged(RoomState.SIGNALING_LOST, "it went"), StateChanged(RoomState.JOINED)]
    await bench.driver.stop()


async def test_server_returns_at_first_and_after_each_outage(runtime: Runtime) -> None:
    """A roster that comes while all is well is no return."""
    bench = await started(runtime)
    for event in (Roster(()), Roster(()), SignalingLost("it went"), SignalingLost("still"), Roster(()), Roster(())):
        bench.hear(event)
    await until(lambda: len(bench.events) == 2)
    await bench.driver.stop()
    assert bench.returns == 2


# ---- back-pressure


async def test_sender_waits_while_a_link_is_full(runtime: Runtime) -> None:
    """And only then."""
    bench = await started(runtime, "bob", "cy", config=Config(high_water_bytes=1000))
    full, free = bench.links
    full.buffered_bytes, free.buffered_bytes = 1001, 1000
    waiting = asyncio.create_task(bench.driver.wait_drained())
    await until(lambda: full.waited)
    assert not waiting.done()
    full.drained.set()
    await waiting
    assert free.waited == 0
    await bench.driver.stop()


async def test_link_that_takes_nothing_holds_up_nobody_for_ever(runtime: Runtime) -> None:
    """The sender goes on; the link is closed by itself when its buffer is full."""
    bench = await started(runtime, "bob", "cy", config=Config(high_water_bytes=1000, slow_link_s=0.01))
    stuck, full = bench.links
    stuck.buffered_bytes = full.buffered_bytes = 1001
    async with asyncio.timeout(5):
        await bench.driver.wait_drained()
    assert (stuck.waited, full.waited) == (1, 0)
    await bench.driver.stop()


def test_wall_clock_is_in_milliseconds() -> None:
    """Since 1970; this was written in 2026."""
    assert 1_700_000_000_000 < wall_ms() < 10_000_000_000_000
