"""Signatures of many events, looked at on all cores: what a catch-up costs is nearly nothing else.

OpenSSL does not hold up other threads while it works, so each core takes its share, that of the event loop's thread
among them, which waits for the rest. Messages that come one by one never come here. The answers are those of `verify`.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

from .crypto.identity import verify
from .log.event import Signed

__all__ = ["Signatures"]


class Signatures:
    """The threads of one `Peer`; they start with the first batch."""

    def __init__(self, cores: int | None = None) -> None:
        """As many as this machine has, if not said otherwise."""
        self._cores = cores or os.cpu_count() or 1
        self._threads: ThreadPoolExecutor | None = None

    def verify_all(self, signed: Sequence[Signed]) -> list[bool]:
        """Whether each was signed as it says, in this order."""
        share = -(-len(signed) // self._cores) or 1
        ours, *others = [signed[first : first + share] for first in range(0, len(signed), share)] or [[]]
        working = [self._pool().submit(_verify_each, part) for part in others]
        return [*_verify_each(ours), *(answer for each in working for answer in each.result())]

    def close(self) -> None:
        """The threads end; a later batch starts them again. May be called twice."""
        threads, self._threads = self._threads, None
        if threads is not None:
            threads.shutdown()

    def _pool(self) -> ThreadPoolExecutor:
        if self._threads is None:
            self._threads = ThreadPoolExecutor(self._cores - 1, thread_name_prefix="speaktube-signatures")
        return self._threads


def _verify_each(signed: Sequence[Signed]) -> list[bool]:
    return [verify(*each) for each in signed]
