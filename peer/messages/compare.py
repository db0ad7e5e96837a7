"""What two members compare of their messages, and what one lacks that the other holds (docs/protocol.md, part 3).

    digest  = first 16 bytes of SHA-256 over all logs in order: key ‖ fork seq | 0, 4 ‖ for each event id ‖ wordless? 1
    part    = MessagePack [from 40, below 40 | empty, floor [hlc, id], [log, …]]     "below" empty: to the end
    log     = [key: author 32 ‖ incarnation 8, fork seq | 0, ranges [first, count, first, count, …], fingerprint]
    fingerprint = first 16 bytes of SHA-256 over the ids of the events in these ranges, in order

What is compared is what the window keeps, from a horizon on: the clock value before which one of the two is told
nothing. An event without the words that nobody took back is in no range. Ranges alone would hide a fork behind holes:
two members may hold other events in the same places, and their fingerprints tell.
"""

from __future__ import annotations

import hashlib
from bisect import bisect_right
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import pairwise
from typing import Annotated

import msgspec

from ..errors import MalformedFrame
from ..log.event import MAX_HLC, MAX_SEQ, EventId
from ..log.summary import DIGEST_BYTES, batches
from .bodies import Kind
from .holdings import Holdings
from .logs import Fork
from .said import Place, Said, place_of

__all__ = ["DIGEST_BYTES", "Horizon", "Part", "decode_part", "digest_of", "encode_parts", "missing"]

_KEY_BYTES = 40
_FINGERPRINT_BYTES = 16
_HEAD_BYTES = 192
"""More than a part has besides its logs."""
_MAX_RANGES = 4096
"""Of one log in one part; a log of more holes is said to be held in fewer places than it is."""

Horizon = int
"""A clock value; 0 for no horizon."""

_Key = Annotated[bytes, msgspec.Meta(min_length=_KEY_BYTES, max_length=_KEY_BYTES)]
_Bound = Annotated[bytes, msgspec.Meta(max_length=_KEY_BYTES)]
_Seq = Annotated[int, msgspec.Meta(ge=0, le=MAX_SEQ)]


class _Log(msgspec.Struct, array_like=True, frozen=True, forbid_unknown_fields=True):
    key: _Key
    fork: _Seq
    ranges: Annotated[tuple[_Seq, ...], msgspec.Meta(max_length=2 * _MAX_RANGES)]
    fingerprint: Annotated[bytes, msgspec.Meta(min_length=_FINGERPRINT_BYTES, max_length=_FINGERPRINT_BYTES)]


class _Floor(msgspec.Struct, array_like=True, frozen=True, forbid_unknown_fields=True):
    hlc: Annotated[int, msgspec.Meta(ge=-1, le=MAX_HLC)]
    id: Annotated[bytes, msgspec.Meta(max_length=33)]


class Part(msgspec.Struct, array_like=True, frozen=True, forbid_unknown_fields=True):
    """What one member holds of a stretch of logs."""

    start: _Bound
    below: _Bound
    floor: _Floor
    logs: tuple[_Log, ...]


_decoder = msgspec.msgpack.Decoder(Part)
_WORDLESS = b"\0", b"\1"
_NO_EVENTS = hashlib.sha256().digest()[:_FINGERPRINT_BYTES]


@dataclass(frozen=True, slots=True)
class _Held:
    """One log of ours as it is compared."""

    fork: Fork | None
    said: list[Said]
    """By sequence."""

    @property
    def fork_seq(self) -> int:
        return self.fork.seq if self.fork is not None else 0


def digest_of(holdings: Holdings, horizon: Horizon) -> bytes:
    """The same where the same is kept and the same forks are known; the order of arrival has no part in it."""
    version, digests = holdings.digests
    if version != holdings.version:
        holdings.digests = holdings.version, (digests := {})
    if horizon not in digests:
        digests[horizon] = _digest_of(holdings, horizon)
    return digests[horizon]


def _digest_of(holdings: Holdings, horizon: Horizon) -> bytes:
    digest = hashlib.sha256()
    for key, held in _compared(holdings, horizon):
        digest.update(key + held.fork_seq.to_bytes(4, "big"))
        digest.update(b"".join(said.id + _WORDLESS[holdings.lacks_words(said)] for said in held.said))
    return digest.digest()[:DIGEST_BYTES]


def encode_parts(holdings: Holdings, horizon: Horizon) -> list[bytes]:
    """At least one part, so that whoever holds nothing can say so."""
    logs = [(key, msgspec.msgpack.encode(_log(key, held, holdings))) for key, held in _compared(holdings, horizon)]
    stretches = list(batches(logs, holdings.limits.max_frame_bytes - _HEAD_BYTES)) or [[]]
    starts = [b"", *(stretch[0][0] for stretch in stretches[1:])]
    floor = list(holdings.window.floor)
    return [
        msgspec.msgpack.encode([start, below, floor, [msgspec.Raw(log) for _, log in stretch]])
        for start, below, stretch in zip(starts, [*starts[1:], b""], stretches, strict=True)
    ]


def decode_part(encoded: bytes, *, max_bytes: int) -> Part:
    """Raise MalformedFrame, and nothing else."""
    if len(encoded) > max_bytes:
        raise MalformedFrame(f"a part of a summary has at most {max_bytes} bytes")
    try:
        part = _decoder.decode(encoded)
    except (msgspec.MsgspecError, ValueError, RecursionError) as error:
        raise MalformedFrame(f"not a part of a summary: {error}") from error
    if any(not _is_rising(log.ranges) for log in part.logs):
        raise MalformedFrame("ranges of a log rise, with holes between them")
    return part


def missing(part: Part, holdings: Holdings, horizon: Horizon) -> list[Said]:
    """What the sender of this part lacks of what we keep: proofs of forks first, then the newest first."""
    theirs = {log.key: log for log in part.logs}
    floor = (part.floor.hlc, EventId(part.floor.id))
    proofs: list[Said] = []
    lacking: list[Said] = []
    for key, held in _compared(holdings, horizon):
        if part.start <= key and (not part.below or key < part.below):
            log = theirs.get(key, _Log(key, 0, (), _NO_EVENTS))
            proofs += _proof_for(log, held)
            lacking += _lacking(log, held)
    pinned = holdings.window.pinned
    wanted = (said for said in lacking if _is_wanted(said, floor, pinned))
    return [*proofs, *sorted(wanted, key=place_of, reverse=True)]


def _compared(holdings: Holdings, horizon: Horizon) -> Iterator[tuple[bytes, _Held]]:
    """Our logs, by key; also those of which nothing is left but their fork."""
    kept, forks = holdings.window.kept, holdings.logs.forks
    for log in sorted({*holdings.logs.names, *forks}):
        events = [
            said
            for said in holdings.logs.of_log(log)
            if said.id in kept and (said.anchor[0] >= horizon or said.kind is Kind.SETTING)
        ]
        if events or log in forks:
            yield log.author + log.incarnation, _Held(forks.get(log), events)


def _log(key: bytes, held: _Held, holdings: Holdings) -> _Log:
    whole = [said for said in held.said if not holdings.lacks_words(said)]
    ranges = _ranges(said.seq for said in whole)[: 2 * _MAX_RANGES]
    return _Log(key, held.fork_seq, ranges, _fingerprint(whole[: sum(ranges[1::2])]))


def _ranges(seqs: Iterable[int]) -> tuple[int, ...]:
    """First and count of each run."""
    ranges: list[int] = []
    for seq in seqs:
        if ranges and seq == ranges[-2] + ranges[-1]:
            ranges[-1] += 1
        else:
            ranges += [seq, 1]
    return tuple(ranges)


def _is_rising(ranges: tuple[int, ...]) -> bool:
    firsts, counts = ranges[::2], ranges[1::2]
    if len(firsts) != len(counts) or not all(counts):
        return False
    runs = zip(firsts, counts, strict=True)
    return all(first + count < later for (first, count), (later, _) in pairwise(runs))


def _fingerprint(said: Iterable[Said]) -> bytes:
    return hashlib.sha256(b"".join(one.id for one in said)).digest()[:_FINGERPRINT_BYTES]


def _proof_for(log: _Log, held: _Held) -> tuple[Said, ...]:
    """Where they know no fork, or a higher one."""
    if held.fork is None or 0 < log.fork <= held.fork.seq:
        return ()
    return held.fork.proof


def _lacking(log: _Log, held: _Held) -> list[Said]:
    """What is in no range of theirs; all, where what is in their ranges is not what we hold there."""
    below = log.fork or MAX_SEQ + 1
    said = [one for one in held.said if one.seq < below]
    firsts, counts = log.ranges[::2], log.ranges[1::2]
    common = [one for one in said if _is_in(one.seq, firsts, counts)]
    if len(common) == sum(counts) and _fingerprint(common) != log.fingerprint:
        return said
    return [one for one in said if not _is_in(one.seq, firsts, counts)]


def _is_in(seq: int, firsts: tuple[int, ...], counts: tuple[int, ...]) -> bool:
    position = bisect_right(firsts, seq) - 1
    return position >= 0 and seq < firsts[position] + counts[position]


def _is_wanted(said: Said, floor: Place, pinned: frozenset[EventId]) -> bool:
    """Whether it would be kept there, as far as we can tell."""
    if said.kind in {Kind.TEXT, Kind.EDIT, Kind.REACTION}:
        return said.anchor >= floor or said.anchor[1] in pinned
    return True
