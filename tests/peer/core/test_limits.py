"""What one link may say, and how fast."""

from __future__ import annotations

import pytest

from peer.config import Config
from peer.core.limits import Limits
from peer.errors import Flooded
from peer.ports import Channel
from peer.wire.frames import ControlMore, Frame, MessageEvents, PresenceUpdate, StreamEnd, TypingNotice

CHAT = MessageEvents((b"hello",), False)


@pytest.mark.parametrize("frame", [CHAT, PresenceUpdate("away"), None], ids=str)
def test_talk_is_bounded(frame: Frame | None) -> None:
    """Whatever it is: a type that nobody knows costs as much as one that is known."""
    limits = Limits(Config(receive_burst=3, receive_per_s=1.0), now=0.0)
    for _ in range(3):
        limits.hear(Channel.EVENTS, frame, now=0.0)
    with pytest.raises(Flooded):
        limits.hear(Channel.EVENTS, frame, now=0.0)
    limits.hear(Channel.EVENTS, frame, now=1.0)


def test_what_passes_is_bounded_before_it_is_opened() -> None:
    """Garbage is dropped there, and would be free otherwise."""
    limits = Limits(Config(passing_burst=3, passing_per_s=1.0), now=0.0)
    for _ in range(3):
        limits.meet(Channel.EPHEMERAL, now=0.0)
        limits.hear(Channel.EPHEMERAL, TypingNotice(True), now=0.0)
    with pytest.raises(Flooded):
        limits.meet(Channel.EPHEMERAL, now=0.0)
    limits.meet(Channel.EVENTS, now=0.0)
    limits.meet(Channel.BULK, now=0.0)


def test_frames_with_allowances_of_their_own_cost_nothing_here() -> None:
    limits = Limits(Config(receive_burst=1, receive_per_s=1.0), now=0.0)
    for _ in range(10):
        limits.hear(Channel.EVENTS, ControlMore(), now=0.0)
        limits.hear(Channel.BULK, StreamEnd(0), now=0.0)
    limits.hear(Channel.EVENTS, CHAT, now=0.0)


def test_honest_sender_is_never_too_fast() -> None:
    """Not even after a stall of half a minute, behind which all comes at once that had waited before it."""
    config = Config()
    limits = Limits(config, now=0.0)
    for _ in range(config.max_pending_messages + config.send_burst + round(30 * config.send_per_s)):
        limits.hear(Channel.EVENTS, CHAT, now=30.0)
    for second in range(31, 600):
        for _ in range(round(config.send_per_s)):
            limits.hear(Channel.EVENTS, CHAT, now=float(second))


def test_honest_typing_is_never_too_fast() -> None:
    """With a heartbeat each second."""
    config = Config()
    limits = Limits(config, now=0.0)
    for _ in range(config.typing_burst + round(30 * (config.typing_per_s + 1))):
        limits.meet(Channel.EPHEMERAL, now=30.0)
