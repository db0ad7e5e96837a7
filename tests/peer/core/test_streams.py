"""Streams of one room: both ends of a link, who may hold how much, and what ends them."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TypeVar

from peer.config import Config
from peer.core.incoming import Incoming
from peer.core.machine import LinkId
from peer.core.outgoing import Outgoing
from peer.core.streams import Carry, Offered, Overdone, StreamOrder, Streams, Violated
from peer.ids import MemberId, PeerId
from peer.wire.frames import StreamCredit, StreamData, StreamDone, StreamFrame, StreamOpen, StreamReset, StreamStop

ANN, BOB = MemberId("ann"), MemberId("bob")
LINK, OTHER = LinkId(PeerId("p"), b"attempt."), LinkId(PeerId("q"), b"attempt.")

Kind = TypeVar("Kind")


@dataclass
class Two:
    """Ann writes, Bob reads, over a link that takes all at once."""

    config: Config = field(default_factory=Config)
    now: float = 0.0
    orders: list[StreamOrder] = field(default_factory=list)
    crossed: list[StreamFrame] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.ann, self.bob = Streams(self.config), Streams(self.config)

    def open(self, *, link: LinkId = LINK) -> Outgoing:
        return self.ann.open(link, BOB, label="a", size=None, now=self.now)

    def offered(self, *, link: LinkId = LINK) -> tuple[Outgoing, Incoming]:
        """A stream of Ann's, and what Bob sees of it."""
        outgoing = self.open(link=link)
        self.run()
        [offered] = self.take(Offered)
        return outgoing, offered.stream

    def run(self) -> None:
        """Until nothing is under way."""
        moved = True
        while moved:
            moved = False
            for side, other, sender in ((self.ann, self.bob, ANN), (self.bob, self.ann, BOB)):
                for link in side.hungry():
                    side.pull(link, budget_bytes=1 << 20, now=self.now)
                for order in side.orders():
                    moved = True
                    if isinstance(order, Carry):
                        self.crossed.append(order.frame)
                        other.receive(order.link, sender, order.frame, now=self.now)
                    else:
                        self.orders.append(order)

    def take(self, kind: type[Kind]) -> list[Kind]:
        found: list[Kind] = [order for order in self.orders if isinstance(order, kind)]
        self.orders = [order for order in self.orders if not isinstance(order, kind)]
        return found

    def read(self, stream: Incoming) -> bytes:
        """All that comes while it is read."""
        data = b""
        while chunk := self.bob.read(stream, now=self.now):
            data += chunk
            self.run()
        self.run()
        return data


def test_bytes_arrive_whole_and_in_order() -> None:
    """And the writer learns that all was read."""
    two = Two(Config(stream_window_bytes=1000))
    outgoing, incoming = two.offered()
    assert (incoming.label, incoming.size, incoming.member) == ("a", None, ANN)
    sent = bytes(range(256)) * 40
    outgoing.write(sent)
    outgoing.is_finishing = True
    two.run()
    assert two.ann.is_finishing
    assert two.bob.read(incoming, now=two.now) is None
    two.run()
    assert two.read(incoming) == sent
    assert incoming.is_read
    assert (outgoing.is_done, outgoing.acknowledged_bytes) == (True, len(sent))
    assert two.crossed[-1] == StreamDone(0)
    assert not two.ann.is_finishing


def test_empty_stream_ends() -> None:
    two = Two()
    outgoing, incoming = two.offered()
    outgoing.is_finishing = True
    two.run()
    assert not outgoing.is_done
    assert two.read(incoming) == b""
    assert outgoing.is_done


def test_end_behind_the_last_chunk_that_was_read() -> None:
    """The reader has all before it hears that it is all."""
    two = Two()
    outgoing, incoming = two.offered()
    two.read(incoming)
    outgoing.write(b"abc")
    two.run()
    assert two.read(incoming) == b"abc"
    outgoing.is_finishing = True
    two.run()
    assert outgoing.is_done


def test_unread_stream_costs_nothing() -> None:
    """Not a byte of it is sent."""
    two = Two()
    outgoing, _ = two.offered()
    outgoing.write(bytes(5000))
    two.run()
    assert two.crossed == [StreamOpen(0, "a", None)]


def test_unread_stream_is_refused_after_a_time() -> None:
    """Both sides learn it; one that is read is left alone, and one that was refused is not refused again."""
    two = Two(Config(stream_accept_s=30.0))
    read, read_there = two.offered()
    two.bob.read(read_there, now=two.now)
    outgoing, incoming = two.offered()
    assert two.bob.next_deadline() == 30.0
    two.bob.handle_timeout(now=29.0)
    two.run()
    assert outgoing.broken is None
    two.bob.handle_timeout(now=30.0)
    two.run()
    assert [each.broken for each in (outgoing, incoming, read)] == ["timeout", "timeout", None]
    assert two.bob.next_deadline() is None


def test_room_holds_no_more_than_its_bound() -> None:
    """Of streams read at once, the later get their first byte when others have ended, however they end."""
    two = Two(Config(stream_window_bytes=1000, max_unread_bytes=4000))
    streams = [two.offered(link=link) for link in (LINK, LINK, OTHER, OTHER, LINK)]
    for outgoing, incoming in streams:
        outgoing.write(bytes(3000))
        two.bob.read(incoming, now=two.now)
    two.run()
    assert [outgoing.unsent_bytes for outgoing, _ in streams] == [2000, 2000, 3000, 3000, 3000]
    two.bob.refuse(streams[0][1], "enough")
    two.bob.refuse(streams[3][1], "enough")
    two.run()
    assert streams[2][0].unsent_bytes == 2000
    two.ann.abort(streams[1][0], "enough")
    two.run()
    assert streams[4][0].unsent_bytes == 2000


def idle(two: Two, member: MemberId, number: int) -> list[Incoming]:
    """Streams that a member begins, each on a link of its own, and which are read."""
    streams = []
    for each in range(number):
        link = LinkId(PeerId(f"{member} {each}"), b"attempt.")
        two.bob.receive(link, member, StreamOpen(0, "", None), now=two.now)
        [offered] = [order for order in two.bob.orders() if isinstance(order, Offered)]
        two.bob.read(offered.stream, now=two.now)
        streams.append(offered.stream)
    return streams


def credited(two: Two) -> set[MemberId]:
    """Whose streams may begin, by what was said last."""
    orders = [order for order in two.bob.orders() if isinstance(order, Carry)]
    return {MemberId(order.link.peer.split()[0]) for order in orders if isinstance(order.frame, StreamCredit)}


def test_idle_streams_of_one_member_do_not_keep_others_from_beginning() -> None:
    """One member holds half of what the others leave, so that the next finds something."""
    two = Two()
    idle(two, MemberId("mallory"), 32)
    two.bob.orders()
    for name in ("ann", "cy", "dan"):
        idle(two, MemberId(name), 8)
    assert len(two.bob._funded) == 16 + 8 + 4 + 2
    two.bob.read(idle(two, MemberId("eve"), 1)[0], now=two.now)
    assert len(two.bob._funded) == 31


def test_idle_streams_give_way_to_a_member_that_has_none() -> None:
    """Made-up identities can hold all windows, but not for nothing; what is used stays."""
    two = Two(Config(stream_window_bytes=4000, max_unread_bytes=8000, stream_idle_s=30.0))
    idle(two, MemberId("mallory"), 1)
    [used] = idle(two, MemberId("ann"), 1)
    two.bob.handle_timeout(now=1000.0)
    assert two.bob.next_deadline() is None
    two.now = 1000.0
    idle(two, MemberId("cy"), 1)
    assert (credited(two), two.bob.next_deadline()) == (set(), 1030.0)
    two.bob.receive(used.link, used.member, StreamData(0, bytes(1024)), now=1001.0)
    two.bob.read(used, now=1001.0)
    two.bob.handle_timeout(now=1029.0)
    assert two.bob.orders() == []
    two.bob.handle_timeout(now=1030.0)
    orders = [order for order in two.bob.orders() if isinstance(order, Carry)]
    assert [order.frame for order in orders] == [StreamCredit(0, 0, 4000), StreamStop(0, "idle")]
    assert (used.broken, two.bob.next_deadline()) == (None, None)


def test_idle_stream_gives_way_to_others_of_its_member_alone() -> None:
    """Who holds its share can gain nothing from what others hold; what is there to be read is not idle."""
    two = Two(Config(stream_window_bytes=4000, max_unread_bytes=16000, stream_idle_s=30.0))
    [other] = idle(two, MemberId("ann"), 1)
    first, second, third = idle(two, MemberId("bob"), 3)
    two.bob.receive(first.link, first.member, StreamData(0, b"x"), now=0.0)
    two.bob.handle_timeout(now=30.0)
    assert [each.broken for each in (other, first, second, third)] == [None, None, "idle", None]
    assert credited(two) == {"bob"}


def test_who_waits_where_nothing_is_idle_waits_on() -> None:
    """It is looked at again, until nobody waits."""
    two = Two(Config(stream_window_bytes=4000, max_unread_bytes=4000, stream_idle_s=30.0))
    [used] = idle(two, MemberId("ann"), 1)
    [waiting] = idle(two, MemberId("bob"), 1)
    two.bob.receive(used.link, used.member, StreamData(0, b"x"), now=0.0)
    two.bob.handle_timeout(now=30.0)
    assert two.bob.next_deadline() == 60.0
    two.bob.part(waiting.link, "lost")
    two.bob.handle_timeout(now=60.0)
    assert (used.broken, two.bob.next_deadline()) == (None, None)


def test_writer_gives_up() -> None:
    """The reader learns it, and what it has not read is gone."""
    two = Two()
    outgoing, incoming = two.offered()
    two.bob.read(incoming, now=two.now)
    outgoing.write(b"abc")
    two.run()
    two.ann.abort(outgoing, "changed my mind")
    two.run()
    assert (outgoing.broken, incoming.broken) == ("changed my mind", "changed my mind")
    assert two.bob.read(incoming, now=two.now) is None
    assert two.crossed[-1] == StreamReset(0, "changed my mind")


def test_reader_gives_up() -> None:
    two = Two()
    outgoing, incoming = two.offered()
    two.bob.refuse(incoming, "refused")
    two.run()
    assert (outgoing.broken, incoming.broken) == ("refused", "refused")
    assert two.crossed[-2:] == [StreamStop(0, "refused"), StreamReset(0, "given up")]


def test_end_of_a_link_breaks_its_streams_alone() -> None:
    """Both ends learn it, and how far the reader was."""
    two = Two(Config(stream_window_bytes=1000))
    first, read = two.offered()
    second, other = two.offered(link=OTHER)
    first.write(bytes(1500))
    two.bob.read(read, now=two.now)
    two.run()
    assert two.bob.read(read, now=two.now) == bytes(1000)
    two.run()
    for side in (two.ann, two.bob):
        side.retain(lambda link: link == OTHER)
    assert (first.broken, first.acknowledged_bytes, read.broken) == ("lost", 1000, "lost")
    assert (second.broken, other.broken) == (None, None)
    assert two.bob.read(read, now=two.now) is None
    two.bob.refuse(read, "too late")
    two.ann.abort(first, "too late")
    assert first.broken == "lost"


def test_stream_taken_when_its_link_was_gone_already() -> None:
    """It is broken, and holds no place."""
    two = Two()
    _, incoming = two.offered()
    two.bob.part(LINK, "lost")
    assert two.bob.read(incoming, now=two.now) is None
    assert (incoming.broken, two.bob.orders()) == ("lost", [])


def test_end_of_a_member_breaks_its_streams_alone() -> None:
    two = Two()
    outgoing, incoming = two.offered()
    two.bob.part_with(BOB, "removed")
    assert incoming.broken is None
    two.bob.part_with(ANN, "removed")
    assert incoming.broken == "removed"
    two.ann.part_with_all("left")
    two.ann.part(LINK, "again")
    assert outgoing.broken == "left"


def test_violation_ends_the_link() -> None:
    two = Two()
    two.bob.receive(LINK, ANN, StreamData(0, b"x"), now=0.0)
    assert two.bob.orders() == [Violated(LINK, "UnexpectedFrame")]


def test_link_is_filled_no_further_than_it_has_room() -> None:
    """To one frame."""
    two = Two()
    outgoing, incoming = two.offered()
    two.bob.read(incoming, now=two.now)
    two.run()
    outgoing.write(bytes(200_000))
    two.ann.pull(LINK, budget_bytes=65_536, now=0.0)
    assert len(two.ann.orders()) == 4
    two.ann.pull(OTHER, budget_bytes=65_536, now=0.0)
    assert two.ann.orders() == []


def test_what_waits_for_the_allowance_leaves_in_time() -> None:
    """Little pieces that came too fast."""
    two = Two(Config(stream_frames_burst=12, stream_frames_per_s=256.0))
    outgoing, incoming = two.offered()
    two.bob.read(incoming, now=two.now)
    for _ in range(3):
        outgoing.write(b"x")
        two.run()
    assert (outgoing.unsent_bytes, two.ann.hungry(), two.ann.next_deadline()) == (1, [], 2 / 256)
    two.ann.handle_timeout(now=0.005)
    assert two.ann.next_deadline() == 2 / 256
    two.now = 0.01
    two.ann.handle_timeout(now=0.01)
    two.run()
    assert outgoing.unsent_bytes == 0


def test_flood_is_told_apart() -> None:
    """It is an honest mistake perhaps."""
    two = Two(Config(stream_frames_burst=1))
    two.bob.receive(LINK, ANN, StreamOpen(0, "", None), now=0.0)
    two.bob.receive(LINK, ANN, StreamReset(0, ""), now=0.0)
    assert two.bob.orders()[-1] == Overdone(LINK)


def test_member_gains_nothing_by_what_others_leave_idle() -> None:
    """It holds its share already; their windows are for those who have none."""
    two = Two(Config(stream_window_bytes=4000, max_unread_bytes=8000, stream_idle_s=30.0))
    [other] = idle(two, MemberId("ann"), 1)
    used, _ = idle(two, MemberId("bob"), 2)
    two.bob.receive(used.link, used.member, StreamData(0, b"x"), now=0.0)
    two.bob.orders()
    two.bob.handle_timeout(now=30.0)
    assert (other.broken, used.broken, two.bob.orders()) == (None, None, [])
