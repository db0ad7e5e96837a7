"""What two replicas compare: a digest, and a summary that says where they differ (docs/protocol.md, part 3).

    part  = MessagePack [from 40, below 40 | empty, [log, …]]        logs in order; "below" empty: to the end
    log   = [author 32 ‖ incarnation 8, tip seq, fork seq | 0, marks]
    marks = 8 bytes of the ids at tip, tip - 1, tip - 3, tip - 7, …, as long as these are 1 or more

The marks find where two logs part, so that a fork is seen by whoever compares, holes and truncation included. Each
part answers for its stretch of logs alone, so any of them may be lost.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator
from typing import Annotated

import msgspec

from ..errors import MalformedFrame
from .chains import Chain, Chains
from .event import LogId
from .facts import Fact, order_of

__all__ = ["DIGEST_BYTES", "Part", "batches", "decode_part", "digest_of", "encode_parts", "lacking"]

DIGEST_BYTES = 16
_KEY_BYTES = 40
_MARK_BYTES = 8
_MAX_MARKS = 33
_HEAD_BYTES = 128
"""More than a part has besides its logs."""
_FRAMING_BYTES = 5
"""MessagePack's, of a byte string."""

_Key = Annotated[bytes, msgspec.Meta(min_length=_KEY_BYTES, max_length=_KEY_BYTES)]
_Seq = Annotated[int, msgspec.Meta(ge=0, lt=2**32)]


class _Tip(msgspec.Struct, array_like=True, frozen=True, forbid_unknown_fields=True):
    key: _Key
    seq: _Seq
    fork: _Seq
    marks: Annotated[bytes, msgspec.Meta(max_length=_MARK_BYTES * _MAX_MARKS)]


class Part(msgspec.Struct, array_like=True, frozen=True, forbid_unknown_fields=True):
    """What one member holds of a stretch of logs."""

    start: Annotated[bytes, msgspec.Meta(max_length=_KEY_BYTES)]
    below: Annotated[bytes, msgspec.Meta(max_length=_KEY_BYTES)]
    tips: tuple[_Tip, ...]


_decoder = msgspec.msgpack.Decoder(Part)


def decode_part(encoded: bytes, *, max_bytes: int) -> Part:
    """Raise MalformedFrame, and nothing else."""
    if len(encoded) > max_bytes:
        raise MalformedFrame(f"a part of a summary has at most {max_bytes} bytes")
    try:
        return _decoder.decode(encoded)
    except (msgspec.MsgspecError, ValueError, RecursionError) as error:
        raise MalformedFrame(f"not a part of a summary: {error}") from error


def digest_of(chains: Chains) -> bytes:
    """The same where the same events are held and the same forks known; the order of arrival has no part in it."""
    digest = hashlib.sha256()
    for log, chain in sorted(chains.logs.items()):
        tip_id = chain.facts[-1].id if chain.facts else bytes(32)
        digest.update(_key(log) + len(chain.facts).to_bytes(4, "big") + _fork_seq(chain).to_bytes(4, "big") + tip_id)
    return digest.digest()[:DIGEST_BYTES]


def encode_parts(chains: Chains, *, max_bytes: int) -> list[bytes]:
    """At least one part, so that whoever holds nothing can say so."""
    tips = [(_key(log), msgspec.msgpack.encode(_tip(log, chain))) for log, chain in sorted(chains.logs.items())]
    stretches = list(batches(tips, max_bytes - _HEAD_BYTES)) or [[]]
    starts = [b"", *(stretch[0][0] for stretch in stretches[1:])]
    return [
        msgspec.msgpack.encode([start, below, [msgspec.Raw(tip) for _, tip in stretch]])
        for start, below, stretch in zip(starts, [*starts[1:], b""], stretches, strict=True)
    ]


def lacking(part: Part, chains: Chains) -> list[Fact]:
    """What the sender of this part does not hold, each event behind those that it builds on."""
    theirs = {tip.key: tip for tip in part.tips}
    facts: list[Fact] = []
    for log, chain in chains.logs.items():
        key = _key(log)
        if part.start <= key and (not part.below or key < part.below):
            facts.extend(_lacking_of(chain, theirs.get(key, _Tip(key, 0, 0, b""))))
    return sorted(facts, key=order_of)


def batches(items: Iterable[tuple[bytes, bytes]], max_bytes: int) -> Iterator[list[tuple[bytes, bytes]]]:
    """Runs of items whose second parts, five bytes of framing each, stay within this size."""
    batch: list[tuple[bytes, bytes]] = []
    size = 0
    for item in items:
        item_bytes = len(item[1]) + _FRAMING_BYTES
        if batch and size + item_bytes > max_bytes:
            yield batch
            batch, size = [], 0
        batch.append(item)
        size += item_bytes
    if batch:
        yield batch


def _lacking_of(chain: Chain, tip: _Tip) -> list[Fact]:
    ours, end = chain.fork, len(chain.facts)
    knows_fork = 0 < tip.fork <= (ours.seq if ours is not None else end + 1)
    if tip.fork:
        end = min(end, tip.fork - 1)
    facts = chain.facts[_common(chain, tip) : end]
    return facts if knows_fork or ours is None else [*facts, *ours.proof]


def _common(chain: Chain, tip: _Tip) -> int:
    """How far both surely hold the same; where nothing contradicts, the shorter of the two."""
    marks = {seq: tip.marks[start : start + _MARK_BYTES] for start, seq in _marked(tip.seq) if seq <= len(chain.facts)}
    if all(chain.facts[seq - 1].id[:_MARK_BYTES] == mark for seq, mark in marks.items()):
        return min(tip.seq, len(chain.facts))
    return max((seq for seq, mark in marks.items() if chain.facts[seq - 1].id[:_MARK_BYTES] == mark), default=0)


def _tip(log: LogId, chain: Chain) -> _Tip:
    seq = len(chain.facts)
    marks = b"".join(chain.facts[marked - 1].id[:_MARK_BYTES] for _, marked in _marked(seq))
    return _Tip(_key(log), seq, _fork_seq(chain), marks)


def _marked(seq: int) -> list[tuple[int, int]]:
    """Where each mark stands in the bytes, and which sequence number it is of."""
    return [(_MARK_BYTES * step, seq + 1 - 2**step) for step in range(_MAX_MARKS) if seq + 1 - 2**step >= 1]


def _fork_seq(chain: Chain) -> int:
    return chain.fork.seq if chain.fork is not None else 0


def _key(log: LogId) -> bytes:
    return log.author + log.incarnation
