"""Writes down the folder that this version leaves: `python -m tests.vectors.store.generate`.

To be run once for each version of the tables, before the next one: what an older version wrote is never written anew.
"""

from __future__ import annotations

import asyncio
import sqlite3
from pathlib import Path
from tempfile import TemporaryDirectory

from peer.ids import RoomId
from peer.log.record import LogChanges, Shown, Summary
from peer.ports import RoomRecord
from peer.store.database import DATABASE_FILE
from peer.store.schema import VERSION
from peer.store.vault import open_vault

from ...support.keys import Chance
from ...support.said import event_id, shown

__all__ = ["FOLDER", "IDENTITY", "KEPT", "PEOPLE", "RECORD", "ROOM", "ROWS"]

FOLDER = Path(__file__).parent
ROOM = RoomId(b"D" * 32)
IDENTITY = bytes.fromhex(
    "d6d24d535198794dff10b8a74d3e6fa3a14b35f85db2929f6fbef158f87cc3b2"
    "1ecb016af02555dfeb90ea2bd67553f3429600a6fd925f57d0fe2ae867703938"
)
PEOPLE = b"people of version 0"
RECORD = RoomRecord(
    secret=b"S" * 16,
    seed=b"I" * 16,
    is_open=True,
    genesis=b"genesis",
    title="Deck",
    incarnation=b"incarnat",
    control=(b"grant", b"revoke"),
)
ROWS: tuple[Shown, ...] = (shown(1, "ahoy"), shown(2, "Möwe"))
KEPT = LogChanges(
    events={event_id("1"): b"first event", event_id("2"): b"second event"},
    shown={row.id: row for row in ROWS},
    drafts={b"draft": b"to be said"},
    registers={b"register": b"receipts"},
    state=b"state",
    summary=Summary(title="Deck", unread=1, hlc=ROWS[1].hlc, author=ROWS[1].author, text="Möwe", content=b"more"),
)


async def main() -> None:
    with TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "identity.key").write_bytes(IDENTITY)
        (folder / "identity.key").chmod(0o600)
        vault = open_vault(folder, None, random_bytes=Chance(f"version {VERSION}"))
        vault.save({b"people": PEOPLE})
        vault.rooms.save(ROOM, RECORD)
        vault.messages.commit(ROOM, KEPT, on_done=lambda _: None)
        vault.close()
        database = sqlite3.connect(folder / DATABASE_FILE)
        marks = [f"PRAGMA {mark} = {database.execute(f'PRAGMA {mark}').fetchone()[0]};" for mark in _MARKS]
        head = f"-- What version {VERSION} of {DATABASE_FILE} looks like, as that version wrote it (generate.py)."
        lines = [head, *marks, *database.iterdump()]
        database.close()
    (FOLDER / f"version-{VERSION}.sql").write_text("\n".join(lines) + "\n", "utf-8")


_MARKS = ("application_id", "user_version")

if __name__ == "__main__":
    asyncio.run(main())
