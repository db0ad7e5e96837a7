"""When keys are renewed, and when they are too old; what a rekey is, is tested with the keys."""

from __future__ import annotations

from dataclasses import dataclass, field

import pytest

from peer.config import Config
from peer.core.epochs import Epochs
from peer.errors import HandshakeFailed, KeyExhausted, MalformedFrame

from ..crypto.key_pair import KeyPair

SMALL = b"\x90"
CONFIG = Config(rekey_after_s=600.0, rekey_after_frames=1000, rekey_after_bytes=10**6)


@dataclass
class Line:
    """Both ends, and a wire that hands over whatever they want to say."""

    config: Config = CONFIG
    now: float = 0.0
    keys: KeyPair = field(default_factory=KeyPair)
    swallowed: int = 0
    """So many frames of the left's rekey are yet to be kept back by somebody on the path."""

    def __post_init__(self) -> None:
        self.left = Epochs(self.keys.left, config=self.config, now=self.now)
        self.right = Epochs(self.keys.right, config=self.config, now=self.now)

    def settle(self) -> None:
        """Deliver until nothing is left to deliver."""
        while True:
            from_left, from_right = self.left.outputs(), self.right.outputs()
            if not from_left and not from_right:
                return
            for frame in from_left[self.swallowed :]:
                assert self.right.open("events", frame, now=self.now) is None
            for frame in from_right:
                assert self.left.open("events", frame, now=self.now) is None

    def say(self, sender: Epochs, *, channel: str = "events", text: bytes = SMALL) -> None:
        receiver = self.right if sender is self.left else self.left
        assert receiver.open(channel, sender.seal(channel, text), now=self.now) == text
        self.settle()

    def wait(self, seconds: float) -> None:
        """Both are woken whenever they asked for it."""
        end = self.now + seconds
        while True:
            deadlines = [each for each in (self.left.next_deadline(), self.right.next_deadline()) if each is not None]
            if not deadlines or min(deadlines) > end:
                break
            self.now = max(self.now, min(deadlines))
            for side in (self.left, self.right):
                side.handle_timeout(now=self.now)
            self.settle()
        self.now = end

    @property
    def epochs(self) -> tuple[int, int]:
        return self.left.number, self.right.number


def test_keys_are_renewed_every_ten_minutes() -> None:
    line = Line()
    line.wait(599.9)
    assert line.epochs == (0, 0)
    line.wait(0.1)
    assert line.epochs == (1, 1)
    line.wait(1200.0)
    assert line.epochs == (3, 3)
    line.say(line.left)
    line.say(line.right)


def test_defaults_are_those_of_the_specification() -> None:
    config = Config()
    assert (config.rekey_after_s, config.rekey_after_frames, config.rekey_after_bytes) == (600.0, 2**20, 2**30)
    assert config.max_epoch_age_s == 1800.0


@pytest.mark.parametrize("channel", ["events", "ephemeral"])
@pytest.mark.parametrize("talker", ["left", "right"])
def test_keys_are_renewed_after_so_many_frames_whoever_sent_them(talker: str, channel: str) -> None:
    line = Line(Config(rekey_after_frames=10))
    for _ in range(9):
        line.say(getattr(line, talker), channel=channel)
    assert line.epochs == (0, 0)
    line.say(getattr(line, talker), channel=channel)
    assert line.epochs == (1, 1)
    for _ in range(9):
        line.say(getattr(line, talker), channel=channel)
    assert line.epochs == (1, 1)


@pytest.mark.parametrize("talker", ["left", "right"])
def test_keys_are_renewed_after_so_many_bytes(talker: str) -> None:
    line = Line(Config(rekey_after_bytes=2000))
    line.say(getattr(line, talker), text=b"\x90" + bytes(900))
    assert line.epochs == (0, 0)
    line.say(getattr(line, talker), text=b"\x90" + bytes(1100))
    assert line.epochs == (1, 1)


def test_renewal_starts_once_however_much_is_sent_meanwhile() -> None:
    """Traffic goes on under the keys there are."""
    line = Line(Config(rekey_after_frames=5))
    frames = [line.left.seal("events", SMALL) for _ in range(50)]
    rekey = line.left.outputs()
    assert len(rekey) == 1
    line.now = 601.0
    line.left.handle_timeout(now=line.now)
    assert line.left.outputs() == []
    for frame in frames:
        assert line.right.open("events", frame, now=line.now) == SMALL
    line.right.open("events", rekey[0], now=line.now)
    line.settle()
    assert line.epochs == (1, 1)


def test_time_counts_from_the_last_renewal() -> None:
    line = Line(Config(rekey_after_frames=10))
    line.now = 500.0
    for _ in range(10):
        line.say(line.left)
    assert line.epochs == (1, 1)
    line.wait(599.0)
    assert line.epochs == (1, 1)
    line.wait(1.0)
    assert line.epochs == (2, 2)


def test_keys_that_are_worn_again_at_once_are_renewed_a_second_later() -> None:
    """The next frame after that begins it: the other side refuses one that comes sooner."""
    line = Line(Config(rekey_after_frames=10))
    for _ in range(40):
        line.say(line.left)
    assert line.epochs == (1, 1)
    line.now = 1.0
    line.say(line.right)
    assert line.epochs == (2, 2)


def test_keys_are_not_renewed_by_time_sooner_than_a_second_either() -> None:
    """Whatever the setting says."""
    line = Line(Config(rekey_after_s=0.1))
    line.wait(10.0)
    assert line.epochs == (10, 10)


def test_renewal_that_comes_sooner_than_a_second_later_is_refused() -> None:
    """Whoever is so eager is nobody honest."""
    line = Line()
    line.left = Epochs(line.keys.left, config=Config(rekey_after_frames=1, min_rekey_interval_s=0.0), now=0.0)
    line.say(line.left)
    assert line.epochs == (1, 1)
    with pytest.raises(HandshakeFailed, match="just now"):
        line.say(line.left)


def test_suppressed_renewal_ends_the_link_after_half_an_hour() -> None:
    """At both ends: by time, and by whatever is received."""
    line = Line(swallowed=1)
    line.wait(1799.9)
    assert line.epochs == (0, 0)
    line.say(line.left)
    frames = line.left.seal("events", SMALL), line.right.seal("events", SMALL)
    line.now = 1800.0
    assert line.left.next_deadline() == line.right.next_deadline() == line.now
    for side, frame in ((line.left, frames[1]), (line.right, frames[0])):
        with pytest.raises(KeyExhausted):
            side.open("events", frame, now=line.now)
        with pytest.raises(KeyExhausted):
            side.handle_timeout(now=line.now)


def test_frames_on_their_way_are_opened_for_two_minutes_after_a_renewal() -> None:
    line = Line()
    late, too_late = (line.right.seal("ephemeral", SMALL) for _ in range(2))
    line.wait(600.0)
    assert line.epochs == (1, 1)
    line.wait(119.9)
    assert line.left.open("ephemeral", late, now=line.now) == SMALL
    line.wait(0.1)
    with pytest.raises(MalformedFrame):
        line.left.open("ephemeral", too_late, now=line.now)


@pytest.mark.parametrize("channel", ["ephemeral", "bulk"])
def test_messages_of_a_rekey_count_on_events_only(channel: str) -> None:
    """Elsewhere they are whatever the application makes of them."""
    line = Line()
    line.say(line.left, channel=channel, text=b"\x01" + bytes(48))
    assert line.epochs == (0, 0)


def test_empty_plaintext_is_no_message_of_a_rekey() -> None:
    line = Line()
    line.say(line.left, text=b"")


def test_what_a_rekey_refuses_passes_through() -> None:
    line = Line()
    with pytest.raises(HandshakeFailed):
        line.right.open("events", line.left.seal("events", b"\x01" + bytes(48)), now=0.0)
    assert line.right.outputs() == []
