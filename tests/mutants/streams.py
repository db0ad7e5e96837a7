"""Checks of streams, of what a link may send, and of who floods, each taken away."""

from __future__ import annotations

from .mutation import Mutation

__all__ = ["MUTATIONS"]

_CORE = "peer/core"
_LANE = ("tests/peer/core/test_lane.py",)
_STREAMS = ("tests/peer/core/test_streams.py", "tests/peer/core/test_incoming.py")
_FOREIGN = ("tests/peer/rtc/test_foreign_logs.py",)
_LIMITS = ("tests/peer/core/test_limits.py", "tests/peer/core/test_links.py")

MUTATIONS = (
    Mutation(
        "data beyond the credit is taken",
        _CORE,
        {"if self.is_ended or self._received > self._limit:": "if self.is_ended:"},
        (*_STREAMS, *_LANE),
    ),
    Mutation(
        "streams beyond the bound are opened",
        _CORE,
        {"if len(self.incoming) >= self.config.max_incoming_streams:": "if False:"},
        _LANE,
    ),
    Mutation("stream out of turn is opened", _CORE, {"if frame.number != self._their_next:": "if False:"}, _LANE),
    Mutation(
        "room holds more than its bound",
        _CORE,
        {"if held[stream.member] < self._share(held.total() - held[stream.member]):": "if True:"},
        _STREAMS,
    ),
    Mutation(
        "one member holds all windows",
        _CORE,
        {"return (self._max_funded - others + 1) // 2": "return self._max_funded - others"},
        _STREAMS,
    ),
    Mutation("idle streams keep their windows", _CORE, {'self.refuse(victims[0], "idle")': "pass"}, _STREAMS),
    Mutation(
        "small chunks are free",
        _CORE,
        {"if isinstance(frame, StreamData) and len(frame.data) >= _FAIR_BYTES:": "if isinstance(frame, StreamData):"},
        ("tests/peer/core/test_lane.py",),
    ),
    Mutation(
        "credit that says nothing new is free",
        _CORE,
        {"credit.taken - stream.acknowledged_bytes >= MAX_CHUNK_BYTES": "True"},
        _LANE,
    ),
    Mutation(
        "credit for what was never sent is believed",
        _CORE,
        {"if progress < 0 or credit.taken > self._sent or": "if progress < 0 or"},
        ("tests/peer/core/test_outgoing.py",),
    ),
    Mutation(
        "talk is not bounded", _CORE, {"        if not self._talk.spend(now=now):\n": "        if False:\n"}, _LIMITS
    ),
    Mutation(
        "garbage on the ephemeral channel is free",
        _CORE,
        {"            self._limits.meet(channel, now=now)\n": ""},
        _LIMITS,
    ),
    Mutation(
        "flood of control frames is forgotten with its link",
        _CORE,
        {'self._cut(entry, "flooded", is_flood=True)': 'self._cut(entry, "flooded")'},
        _LIMITS,
    ),
    Mutation(
        "relay that lasts no time is refreshed without end",
        "peer/rtc",
        {'max(MIN_LIFETIME_S, attributes["LIFETIME"])': 'attributes["LIFETIME"]'},
        ("tests/peer/rtc/test_relays.py",),
    ),
    Mutation(
        "addresses that aioice logs are let through",
        "peer/rtc",
        {"            logger.setLevel(logging.WARNING)\n": "            pass\n"},
        _FOREIGN,
    ),
    Mutation(
        "who flooded comes back under another peer id",
        _CORE,
        {"return may_come and not self.floods.is_paused(member, now=now)": "return may_come"},
        ("tests/peer/core/test_links.py",),
    ),
    Mutation(
        "stream of somebody who is no member is heard",
        _CORE,
        {"if self._membership.is_member(streamed.member):": "if True:"},
        ("tests/peer/core/test_transfers.py",),
    ),
)
