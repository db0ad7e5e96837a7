"""Somebody who talks until killed: `python -m tests.crash.writer FOLDER`.

For each line on standard input a process is forked, since starting Python anew takes longer than all that it does. It
opens the folder, tells what it found there, and goes on where that ends: it writes drafts, says them, deletes, purges.
What it tells on standard output is what others would have got: `said` only once the store has promised that it is safe.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
import os
import random
import sys
from collections.abc import Callable
from pathlib import Path

import msgspec

from peer.errors import StoreError
from peer.keys.at_rest import RestKey
from peer.log.event import EventId, hlc_at
from peer.log.record import LogChanges, Shown, Summary
from peer.store.database import DATABASE_FILE, open_database
from peer.store.log_rows import LogRows
from peer.store.messages import SealedMessageStore

from ..support.said import DECK, HOLD

__all__ = ["KEPT", "found_in"]

KEPT = 20
"""Messages; those before them are purged."""


def tell(word: str, what: object) -> None:
    os.write(1, json.dumps([word, what]).encode() + b"\n")  # one write, so that no kill cuts a line in two


def event_of(seq: int, nonce: bytes) -> tuple[EventId, bytes]:
    """What it says under this number: another thing each time that it says it."""
    data = msgspec.msgpack.encode((seq, nonce))
    return EventId(hashlib.sha256(data).digest()), data


async def found_in(store: SealedMessageStore) -> dict[str, object]:
    """All that is kept, in a form that can be compared."""
    record = await store.load(DECK)
    events = sorted(msgspec.msgpack.decode(event, type=tuple[int, bytes]) for event in record.events)
    return {
        "seq": int(record.state or b"0"),
        "events": {seq: event_of(seq, nonce)[0].hex() for seq, nonce in events},
        "shown": [[row.text, row.id.hex()] for row in await store.page(DECK, limit=10 * KEPT)],
        "drafts": [key.decode() for key in record.drafts],
        "unread": [each.summary.unread for each in await store.conversations() if each.room_id == DECK],
    }


class Writer:
    """One life of it."""

    def __init__(self, store: SealedMessageStore, found: dict[str, object]) -> None:
        self._store = store
        self._seq = int(str(found["seq"]))
        self._ids = {int(seq): EventId(bytes.fromhex(event)) for seq, event in dict(found["events"]).items()}  # type: ignore[call-overload]
        self._dice = random.Random(os.urandom(8))  # noqa: S311
        self._room = asyncio.Semaphore(8)

    async def run(self) -> None:
        for turn in range(100_000):
            await self._room.acquire()
            if turn % 40 == 17:
                await self._forget_the_other_room()
            self._say()

    def _say(self) -> None:
        """In the same breath the draft is gone, an old message is purged, and now and then one is deleted."""
        seq = self._seq = self._seq + 1
        event, data = event_of(seq, os.urandom(8))
        self._ids[seq] = event
        draft = b"%d" % (seq + 1)
        self._commit(LogChanges(drafts={draft: b"to be said"}))
        shown: dict[EventId, Shown | None] = {event: self._row(seq, f"message {seq}")}
        gone = self._ids.pop(seq - KEPT, None)
        if gone is not None:
            shown[gone] = None
        elif seq > 2 and self._dice.random() < 0.3:
            shown[self._ids[seq - 1]] = self._row(seq - 1, "")
        changes = LogChanges(
            events={event: data},
            purged={gone} if gone is not None else frozenset(),
            shown=shown,
            drafts={b"%d" % seq: None},
            state=b"%d" % seq,
            summary=Summary(title="Deck", unread=seq, hlc=seq),
        )
        self._commit(changes, lambda: tell("said", [seq, event.hex()]))

    def _row(self, seq: int, text: str) -> Shown:
        return Shown(self._ids[seq], hlc_at(seq), bytes(32), text or f"deleted {seq}")

    def _commit(self, changes: LogChanges, then: Callable[[], None] = lambda: None) -> None:
        def on_done(error: StoreError | None) -> None:
            assert error is None
            then()
            self._room.release()

        self._store.commit(DECK, changes, on_done=on_done)

    async def _forget_the_other_room(self) -> None:
        self._store.commit(HOLD, LogChanges(state=os.urandom(2000)), on_done=lambda _: None)
        await self._store.forget(HOLD)


async def live(folder: Path) -> None:
    database = open_database(folder / DATABASE_FILE)
    store = SealedMessageStore(LogRows(database, master=RestKey(bytes(32)), random_bytes=os.urandom))
    found = await found_in(store)
    tell("found", found)
    await Writer(store, found).run()


def main(folder: Path) -> None:
    for _ in sys.stdin:
        child = os.fork()
        if child == 0:
            tell("born", os.getpid())
            asyncio.run(live(folder))
        os.waitpid(child, 0)
        tell("dead", child)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
