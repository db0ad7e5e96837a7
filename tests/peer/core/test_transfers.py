"""Streams between the links and the members of one room."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass, field

import pytest

from peer.config import Config
from peer.core.company import Company
from peer.core.contact import Streamed
from peer.core.incoming import Incoming
from peer.core.machine import CloseLink, LinkId, Transmit
from peer.core.membership import Membership
from peer.core.transfers import Transfers
from peer.errors import LinkFailed
from peer.events import StreamOpened
from peer.ids import MemberId
from peer.ports import Channel
from peer.wire.frames import Introduction, StreamData, StreamFrame, StreamOpen, StreamReset, StreamStop

from ...support.insider import Insider
from ...support.keys import START_MS, membership_of
from ...support.links import Bench, bob


class Reader:
    """What a program would be handed."""

    def __init__(self, stream: Incoming) -> None:
        self.stream = stream

    async def read(self) -> bytes:
        raise NotImplementedError

    async def __aiter__(self) -> AsyncIterator[bytes]:
        raise NotImplementedError
        yield b""

    taken_bytes = 0

    def refuse(self, reason: str = "refused") -> None:
        raise NotImplementedError


@dataclass
class Room:
    """Links to Bob, whom the company knows."""

    bench: Bench = field(default_factory=Bench)
    bob: Insider = field(default_factory=bob)
    is_here: bool = True
    membership: Membership | None = None
    """By which it is decided who is heard; everybody by default."""
    config: Config = field(default_factory=Config)

    def __post_init__(self) -> None:
        membership = self.bench.membership
        company = Company.of_room(membership, name="ann", people=None, config=Config(), wall_ms=lambda: START_MS)
        self.link: LinkId = self.bench.linked(self.bob)
        if self.is_here:
            company.welcome(self.bob.member_id, Introduction("bob", "", "online"), now=0.0)
        self.transfers = Transfers(self.bench.links, company, self.membership or membership, self.config)
        self.transfers.read_with = Reader
        self.bob.heard.clear()

    def hear(self, frame: StreamFrame) -> list[StreamOpened]:
        self.transfers.hear(Streamed(self.link, self.bob.member_id, frame), now=0.0)
        self.run()
        return self.transfers.take_events()

    def run(self) -> None:
        while self.transfers.run(now=0.0):
            pass

    def told(self) -> list[object]:
        """What Bob hears of it."""
        for output in self.bench.take(Transmit):
            self.bob.receive(output.channel, output.data)
        return list(self.bob.heard)


def test_stream_takes_the_link_of_its_member() -> None:
    room = Room()
    stream = room.transfers.open(room.bob.member_id, label="a", size=3, now=0.0)
    room.transfers.streams.pull(stream.link, budget_bytes=1, now=0.0)
    room.run()
    assert stream.link == room.link
    assert room.told() == [StreamOpen(0, "a", 3)]


@pytest.mark.parametrize("member", [MemberId("nobody"), MemberId("")])
def test_stream_needs_a_link(member: MemberId) -> None:
    with pytest.raises(LinkFailed, match="wait for its MemberJoined"):
        Room().transfers.open(member, label="a", size=None, now=0.0)


def test_stream_of_a_member_is_shown() -> None:
    """Under a label that can be read."""
    room = Room()
    [opened] = room.hear(StreamOpen(0, " a\nb ", 3))
    assert isinstance(opened.stream, Reader)
    assert (opened.member.name, opened.label, opened.size) == ("bob", "a b", 3)
    assert room.told() == []


def test_stream_of_somebody_who_is_not_here_is_refused() -> None:
    room = Room(is_here=False)
    assert room.hear(StreamOpen(0, "a", 3)) == []
    assert room.told() == [StreamStop(0, "refused")]


def test_stream_that_no_program_could_read_is_refused() -> None:
    room = Room()
    room.transfers.read_with = None
    assert room.hear(StreamOpen(0, "a", 3)) == []
    assert room.told() == [StreamStop(0, "refused")]


def test_no_member_is_not_heard() -> None:
    """Not even what would end its link, which ends anyhow."""
    room = Room(membership=membership_of("ann"))
    room.hear(StreamData(9, b"x"))
    assert room.bench.take(CloseLink) == []


def test_violation_cuts_the_link_and_its_streams() -> None:
    room = Room()
    [opened] = room.hear(StreamOpen(0, "a", 3))
    room.hear(StreamData(0, b"unasked"))
    assert [closed.reason for closed in room.bench.take(CloseLink)] == ["UnexpectedFrame"]
    assert isinstance(opened.stream, Reader)
    assert opened.stream.stream.broken == "lost"
    room.bench.links.cut(room.link, "again", now=0.0)
    room.bench.links.send_on(room.link, StreamReset(0, "late"), now=0.0)
    assert room.told() == []


def test_stream_frames_come_up_from_the_links() -> None:
    """Those, too, that overtook the introduction."""
    bench, other = Bench(), bob()
    link = bench.linked(other)
    bench.say(other, link, StreamOpen(0, "a", None), channel=Channel.BULK)
    assert bench.take(Streamed) == [Streamed(link, other.member_id, StreamOpen(0, "a", None))]


def test_flood_of_streams_cuts_the_link() -> None:
    """With a word, as it may be an honest mistake."""
    room = Room(config=Config(stream_frames_burst=1))
    room.hear(StreamOpen(0, "a", 3))
    room.hear(StreamReset(0, "no"))
    assert [closed.reason for closed in room.bench.take(CloseLink)] == ["flooded"]
    room.bench.links.dismiss(room.link, now=0.0)
    assert room.bench.take(CloseLink) == []
