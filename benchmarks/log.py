"""What it costs to keep what was said: one line of JSON a figure.

    python benchmarks/log.py [--quick] [--folder PATH]

Events are real ones, of 120 characters, signed. Bare figures are from the same run: SQLite by itself with rows that are
not sealed, and signatures by themselves (`bare_store.py`); for the catch-up see `catch_up.py`. To keep one is to seal
the event, the row of the view, the room's state and its line in the list of conversations on the disk of `--folder` (a
new one for each run; by default where temporary files lie). To apply one is all that a member does with it, from its
bytes to the view, in a room that holds its newest 1000, with all cores; bare signatures are those of one. `flush_ms` is
what one flush of that disk takes, which no commit can beat. `cpu` figures are those of the whole process, and steadier
on a busy machine.
"""

from __future__ import annotations

import argparse
import asyncio
import hashlib
import os
import random
import statistics
import tempfile
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from bare_store import bare_commits, bare_search, bare_searches, bare_signatures, bare_stream
from catch_up import measure_catch_up
from report import print_comparison, print_values

from peer.crypto.identity import Identity
from peer.errors import StoreError
from peer.ids import RoomId
from peer.log.event import Event, EventId, Header, Plane, hlc_at, seal_event
from peer.log.record import MAX_PREVIEW_CHARS, LogChanges, LogRecord, Shown, Summary
from peer.messages.bodies import Kind, Text, encode_body
from peer.messages.journal import Journal
from peer.messages.rules import PublicRules
from peer.signatures import Signatures
from peer.store.database import DATABASE_FILE
from peer.store.vault import Vault, open_vault

MESSAGE_CHARS = 120
WORDS = ("ahoy", "deck", "hold", "anchor", "sail", "wind", "captain", "storm", "rope", "mast", "crew", "gull")
BATCH = 128
"""Events in one frame of an answer."""
NEEDLE = "leviathan"
"""A word of one message in a thousand."""


@dataclass(frozen=True)
class Amount:
    """How much of everything is done."""

    singles: int = 300
    """Messages that are kept one after the other."""
    stream: int = 12_000
    """Messages that come as fast as they are taken, in one room."""
    window: int = 256
    """So many of them at once, as a catch-up brings them."""
    rooms: int = 100
    per_room: int = 1_000
    searched: int = 50_000
    searches: int = 5
    caught_up: int = 1_000
    newcomers: int = 5


QUICK = Amount(
    singles=5, stream=60, window=16, rooms=3, per_room=20, searched=60, searches=1, caught_up=20, newcomers=1
)


# ---- messages


class Speaker:
    """Says one thing after the other in one room."""

    def __init__(self, room: int) -> None:
        self.room_id = RoomId(hashlib.sha256(b"room %d" % room).digest())
        self._identity = Identity.from_seed(hashlib.sha256(b"speaker").digest())
        self._dice = random.Random(room)  # noqa: S311
        self._prev = EventId(b"")
        self._seq = 0

    def text(self) -> str:
        words = self._dice.choices(WORDS, k=MESSAGE_CHARS // 4)
        if self._seq % 1000 == 500:
            words.insert(0, NEEDLE)
        if self._seq % 10 == 5:
            words.insert(0, "Möwe")
        return " ".join(words)[:MESSAGE_CHARS]

    def unsigned_text(self) -> str:
        """The next text by itself."""
        self._seq += 1
        return self.text()

    def say(self) -> Event:
        """A signed event, as a link brings it."""
        self._seq += 1
        body = encode_body(Text(self.text()))
        header = Header(
            version=1,
            author=self._identity.public_key,
            incarnation=b"incarnat",
            plane=Plane.MESSAGE,
            seq=self._seq,
            prev=self._prev,
            hlc=hlc_at(1_700_000_000_000 + 1000 * self._seq),
            kind=Kind.TEXT,
            auth=b"",
            ref=None,
            body_hash=hashlib.sha256(body).digest(),
        )
        event = seal_event(header, body, identity=self._identity, room_id=self.room_id)
        self._prev = event.id
        return event

    def unsigned(self) -> LogChanges:
        """Of the same size, for where thousands only have to lie there."""
        self._seq += 1
        event = EventId(hashlib.sha256(b"%d" % self._seq + self.room_id).digest())
        text = self.text()
        return changes_of(event, hlc_at(1_700_000_000_000 + 1000 * self._seq), bytes(32), text, os.urandom(435))


def changes_of(event: EventId, hlc: int, author: bytes, text: str, encoded: bytes) -> LogChanges:
    """What one message changes."""
    return LogChanges(
        events={event: encoded},
        shown={event: Shown(event, hlc, author, text, bytes(24))},
        state=bytes(64),
        summary=Summary(title="Deck", unread=1, hlc=hlc, author=author, text=text[:MAX_PREVIEW_CHARS]),
    )


def journal_of(speaker: Speaker, record: LogRecord | None = None, signatures: Signatures | None = None) -> Journal:
    """A listener's, in a public room."""
    identity = Identity.from_seed(hashlib.sha256(b"listener").digest())
    return Journal(
        speaker.room_id,
        identity=identity,
        rules=PublicRules(),
        random_bytes=os.urandom,
        now_ms=1_700_000_000_000,
        record=record,
        verify_all=signatures.verify_all if signatures is not None else None,
    )


# ---- the store


@contextmanager
def opened(folder: Path) -> Iterator[Vault]:
    vault = open_vault(folder, None, random_bytes=os.urandom)
    try:
        yield vault
    finally:
        vault.close()


class Window:
    """Commits that may be on their way at once."""

    def __init__(self, size: int) -> None:
        self._room = asyncio.Semaphore(size)
        self._size = size

    async def keep(self, vault: Vault, room_id: RoomId, changes: LogChanges) -> None:
        await self._room.acquire()
        vault.messages.commit(room_id, changes, on_done=self._on_done)

    async def drained(self) -> None:
        for _ in range(self._size):
            await self._room.acquire()

    def _on_done(self, error: StoreError | None) -> None:
        assert error is None
        self._room.release()


async def keep_one(vault: Vault, room_id: RoomId, changes: LogChanges) -> None:
    window = Window(1)
    await window.keep(vault, room_id, changes)
    await window.drained()


async def fill(folder: Path, *, rooms: int, per_room: int) -> None:
    """Messages of all rooms in turn, as they come in life."""
    speakers = [Speaker(room) for room in range(rooms)]
    with opened(folder) as vault:
        window = Window(1000)
        for _ in range(per_room):
            for speaker in speakers:
                await window.keep(vault, speaker.room_id, speaker.unsigned())
        await window.drained()


# ---- figures


def measure_flush(folder: Path) -> float:
    """Milliseconds."""
    seconds = []
    with (folder / "flushed").open("wb") as file:
        for _ in range(20):
            file.write(bytes(4096))
            before = time.perf_counter()
            file.flush()
            os.fsync(file.fileno())
            seconds.append(time.perf_counter() - before)
    return round(statistics.median(seconds) * 1000, 3)


async def measure_singles(folder: Path, amount: Amount) -> None:
    """From the commit to the moment when it may be told to others."""
    speaker, seconds = Speaker(0), []
    with opened(folder) as vault:
        for _ in range(amount.singles):
            changes = speaker.unsigned()
            before = time.perf_counter()
            await keep_one(vault, speaker.room_id, changes)
            seconds.append(time.perf_counter() - before)
    print_comparison("one message until it is safe", seconds, bare_commits(folder / "bare", amount.singles))


async def measure_stream(folder: Path, amount: Amount) -> None:
    """The store by itself, and what is on the disk once the write-ahead log is in."""
    speaker = Speaker(0)
    stream = [speaker.unsigned() for _ in range(amount.stream)]
    per_s, cpu_us = await timed(folder, speaker.room_id, ([changes] for changes in stream), amount.window)
    size = (folder / DATABASE_FILE).stat().st_size
    bare_per_s = bare_stream(folder / "bare", amount.stream, at_once=amount.window)
    print_values(
        "keep a stream",
        count=len(stream),
        per_s=per_s,
        bare_per_s=bare_per_s,
        cpu_us=cpu_us,
        disk_bytes=round(size / len(stream)),
    )


async def measure_apply(folder: Path, amount: Amount) -> None:
    """As links bring them, some at a time; with storage and without."""
    speaker = Speaker(0)
    events = [speaker.say().encoded for _ in range(amount.stream)]
    batches = [events[first : first + BATCH] for first in range(0, len(events), BATCH)]
    bare_per_s = bare_signatures(events[: amount.stream // 4], speaker.room_id)
    signatures = Signatures()
    for name in ("apply", "apply and keep"):
        journal = journal_of(speaker, signatures=signatures)
        commits = (_taken_in(journal, batch, is_kept=name != "apply") for batch in batches)
        per_batch, cpu_us = await timed(folder / name, speaker.room_id, commits, amount.window)
        share = len(batches) / len(events)
        per_s = round(per_batch / share)
        print_values(name, count=len(events), per_s=per_s, bare_per_s=bare_per_s, cpu_us=round(cpu_us * share, 1))
    signatures.close()
    await measure_restore(folder / name, speaker, amount)


async def measure_restore(folder: Path, speaker: Speaker, amount: Amount) -> None:
    """A room that is entered again: its events from the disk, then the view of them."""
    seconds = []
    with opened(folder) as vault:
        for _ in range(amount.searches):
            before = time.perf_counter()
            record = await vault.messages.load(speaker.room_id)
            restored = journal_of(speaker, record)
            seconds.append(time.perf_counter() - before)
    p50_ms = round(statistics.median(seconds) * 1000, 2)
    print_values("restore a room", count=len(restored.holdings.counting()), p50_ms=p50_ms)


def _taken_in(journal: Journal, batch: list[bytes], *, is_kept: bool) -> list[LogChanges]:
    intake = journal.receive(batch, now_ms=1_800_000_000_000)
    assert len(intake.accepted) == len(batch)  # and read at once, since what is unread is kept beyond the newest
    journal.mark_read()
    changes = journal.take_changes()
    return [changes] if is_kept else []


async def timed(
    folder: Path, room_id: RoomId, stream: Iterable[list[LogChanges]], window_size: int
) -> tuple[int, float]:
    """How many of the stream a second, and microseconds of CPU each, until all is safe."""
    with opened(folder) as vault:
        window, count = Window(window_size), 0
        before, before_cpu = time.perf_counter(), time.process_time()
        for commits in stream:
            count += 1
            for changes in commits:
                await window.keep(vault, room_id, changes)
        await window.drained()
        seconds, cpu = time.perf_counter() - before, time.process_time() - before_cpu
    return round(count / seconds), round(cpu / count * 1e6, 1)


async def measure_start(folder: Path, amount: Amount) -> None:
    """From nothing to the list of conversations, then to one room, then to its newest page."""
    await fill(folder, rooms=amount.rooms, per_room=amount.per_room)
    times: dict[str, list[float]] = {"start_ms": [], "list_ms": [], "load_ms": [], "page_ms": []}
    for turn in range(amount.searches):
        room_id = Speaker(turn % amount.rooms).room_id
        before = time.perf_counter()
        with opened(folder) as vault:
            times["start_ms"].append(time.perf_counter() - before)
            for name, call in (
                ("list_ms", vault.messages.conversations()),
                ("load_ms", vault.messages.load(room_id)),
                ("page_ms", vault.messages.page(room_id)),
            ):
                before = time.perf_counter()
                await call
                times[name].append(time.perf_counter() - before)
    medians = {name: round(statistics.median(seconds) * 1000, 2) for name, seconds in times.items()}
    size = (folder / DATABASE_FILE).stat().st_size / amount.rooms / amount.per_room
    print_values(
        f"start with {amount.rooms} rooms of {amount.per_room}",
        **medians,
        disk_bytes=round(size),
    )


async def measure_search(folder: Path, amount: Amount) -> None:
    """A word that is nearly everywhere, one that is rare, one that is nowhere; all messages are gone over each time."""
    rooms = min(50, amount.searched)
    await fill(folder, rooms=rooms, per_room=amount.searched // rooms)
    speaker = Speaker(0)
    texts = [speaker.unsigned_text() for _ in range(amount.searched)]
    with opened(folder) as vault, bare_searches(folder / "bare", texts) as plain:
        for name, text in (("common", "captain storm"), ("rare", NEEDLE), ("missing", "submarine"), ("accent", "mowe")):
            seconds, cpu, bare = [], [], []
            for _ in range(amount.searches):
                before, before_cpu = time.perf_counter(), time.process_time()
                found = await vault.messages.search(text)
                seconds.append(time.perf_counter() - before)
                cpu.append(time.process_time() - before_cpu)
                bare.append(bare_search(plain, text))
            print_values(
                f"search in {amount.searched}, {name} word",
                found=len(found),
                p50_ms=round(statistics.median(seconds) * 1000, 1),
                cpu_ms=round(statistics.median(cpu) * 1000, 1),
                bare_p50_ms=round(statistics.median(bare) * 1000, 1),
            )


async def measure(folder: Path, amount: Amount) -> None:
    print_values("disk", flush_ms=measure_flush(folder))
    await measure_singles(folder / "singles", amount)
    await measure_stream(folder / "stream", amount)
    await measure_apply(folder / "apply", amount)
    await measure_start(folder / "start", amount)
    await measure_search(folder / "search", amount)
    await measure_catch_up(folder / "catch-up", count=amount.caught_up, rounds=amount.newcomers)


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="very little of everything, to see that it runs")
    parser.add_argument("--folder", type=Path, help="on the disk that is to be measured")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(dir=arguments.folder) as folder:
        asyncio.run(measure(Path(folder), QUICK if arguments.quick else Amount()))


if __name__ == "__main__":
    main()
