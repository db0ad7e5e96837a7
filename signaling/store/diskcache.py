"""The default store: embedded, survives a restart, one server process.

The truth is the tables in memory; every changed row is written through in one SQLite transaction, on one dedicated
thread, before the answer is given: what was answered survives a killed process. If a write fails, the tables are
thrown away and read again, so memory never runs ahead of the disk, and the caller gets StoreUnavailable. A row that
cannot be written fails the same way, with its own error: it is forgotten, and the next change meets clean tables.

diskcache would unpickle what it finds (CVE-2025-69872). It does not apply here: `BytesDisk` stores str keys and bytes
values only, and refuses every other mode when reading. The signing key lies in the folder: it is made 0700 and its
files 0600, and where that would not help, because others may have written there already, it is refused.
"""

import asyncio
import fcntl
import os
import secrets
import sqlite3
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, TypeVar

import diskcache
from diskcache.core import MODE_RAW

from ..errors import StoreUnavailable, StoreUnusable
from ..ids import PeerId, PeerKey, RoomId
from .local import LocalStore
from .port import Limits, PeerRecord, RoomRecord
from .rows import Letter, Row, decode_row, encode_row
from .tables import Tables

__all__ = ["BytesDisk", "DiskcacheStore"]

R = TypeVar("R")

KEY_ROW = "meta:signing key"
FORMAT_ROW = "meta:format"
FORMAT = b"speaktube signaling 1"

NEVER_A_FILE_BYTES = 1 << 30
"""All values stay inside SQLite, so that a transaction holds all of a change."""

DATABASE = "cache.db"
"""diskcache's own name for it."""

OTHERS_OPEN, OTHERS_WRITE = 0o077, 0o022

TIMEOUT_S = 1
"""diskcache waits 60 s behind another process's lock; a client would not."""


class BytesDisk(diskcache.Disk):  # type: ignore[misc]  # diskcache has no types
    """Str keys and bytes values; whatever else is found is refused, never loaded."""

    def put(self, key: object) -> tuple[str, bool]:
        """A key for SQLite."""
        if type(key) is not str:
            raise TypeError("keys are str")
        return key, True

    def get(self, key: object, raw: bool) -> str:
        """A key from SQLite."""
        if not raw or type(key) is not str:
            raise ValueError("a key that this server did not write")
        return key

    def store(self, value: object, read: bool, key: object = None) -> tuple[int, int, None, Any]:  # noqa: ARG002
        """A value for SQLite: size, mode, file name, value."""
        if type(value) is not bytes or read:
            raise TypeError("values are bytes")
        return 0, MODE_RAW, None, sqlite3.Binary(value)

    def fetch(self, mode: int, filename: str | None, value: object, read: bool) -> bytes:
        """A value from SQLite."""
        if mode != MODE_RAW or filename is not None or not isinstance(value, bytes) or read:
            raise ValueError("a value that this server did not write")
        return value


class DiskcacheStore(LocalStore):
    """Tables on a thread of their own, each change on disk before it is answered."""

    def __init__(self, folder: Path, limits: Limits, *, clock: Callable[[], float]) -> None:
        self._folder = folder
        self._limits = limits
        self._clock = clock
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="signaling-store")
        self._tables: Tables | None = None
        self._cache: Any = None
        self._lock: int | None = None

    async def open(self) -> None:
        await self._on_thread(self._open)

    async def close(self) -> None:
        if self._lock is not None:
            await self._on_thread(self._close)
        self._thread.shutdown()

    async def ping(self) -> None:
        await self._on_thread(self._ping)

    async def signing_key(self) -> bytes:
        return await self._on_thread(self._signing_key)

    async def _run(self, step: Callable[[Tables, float], R]) -> R:
        return await self._on_thread(lambda: self._step(step))

    async def _on_thread(self, work: Callable[[], R]) -> R:
        return await asyncio.get_running_loop().run_in_executor(self._thread, work)

    # From here on everything runs on the store's thread

    def _open(self) -> None:
        try:
            self._make_folder()
            self._lock = self._lock_folder()
            self._make_files_private()
            self._cache = self._open_cache()
            self._tables = self._load()
        except StoreUnusable:
            self._close()
            raise
        except (OSError, ValueError, KeyError, sqlite3.Error, diskcache.Timeout) as error:
            self._close()
            raise StoreUnusable(
                f"the store in {self._folder} cannot be read ({error}); "
                "mend it, move it away, or set SIGNALING_STORE to another folder"
            ) from error

    def _close(self) -> None:
        if self._cache is not None:
            self._cache.close()
            self._cache = None
        if self._lock is not None:
            os.close(self._lock)
            self._lock = None

    def _make_folder(self) -> None:
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        state = self._folder.stat()
        if state.st_uid != os.geteuid():
            raise StoreUnusable(f"{self._folder} belongs to another user; set SIGNALING_STORE to a folder of your own")
        if state.st_mode & OTHERS_OPEN:
            self._check_may_be_shut(state.st_mode)
            self._folder.chmod(0o700)

    def _check_may_be_shut(self, mode: int) -> None:
        """Only a folder that is empty, or holds a store that others could read at most."""
        names = [path.name for path in self._folder.iterdir()]
        if names and (mode & OTHERS_WRITE or DATABASE not in names):
            raise StoreUnusable(
                f"others can open {self._folder}, and it is not empty; make it yours (chmod 700), "
                "or set SIGNALING_STORE to another folder"
            )

    def _make_files_private(self) -> None:
        (self._folder / DATABASE).touch(mode=0o600)  # SQLite gives its other files the mode of this one
        for path in self._folder.glob(DATABASE + "*"):
            path.chmod(0o600)

    def _lock_folder(self) -> int:
        lock = os.open(self._folder / "lock", os.O_RDWR | os.O_CREAT, 0o600)
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            os.close(lock)
            raise StoreUnusable(
                f"another server uses the store in {self._folder}; set SIGNALING_STORE to another folder"
            ) from error
        return lock

    def _open_cache(self) -> Any:
        return diskcache.Cache(
            str(self._folder),
            timeout=TIMEOUT_S,
            disk=BytesDisk,
            disk_min_file_size=NEVER_A_FILE_BYTES,
            eviction_policy="none",  # the default deletes live rooms when the size limit is hit
            cull_limit=0,
            statistics=0,
        )

    def _step(self, step: Callable[[Tables, float], R]) -> R:
        try:
            if self._tables is None:
                self._tables = self._load()
            result = step(self._tables, self._clock())
            if self._tables.journal:
                self._write(self._tables.journal)
        except (diskcache.Timeout, sqlite3.Error) as error:
            self._tables = None
            raise StoreUnavailable from error
        except Exception:
            self._tables = None
            raise
        return result

    def _write(self, journal: dict[str, Row | None]) -> None:
        with self._cache.transact():
            for key, row in journal.items():
                if row is None:
                    self._cache.delete(key)
                else:
                    self._cache.set(key, encode_row(row))
        journal.clear()

    def _ping(self) -> None:
        try:
            with self._cache.transact():  # takes the lock that a write needs
                self._cache.get(FORMAT_ROW)
        except (diskcache.Timeout, sqlite3.Error) as error:
            raise StoreUnavailable from error

    def _signing_key(self) -> bytes:
        try:
            self._cache.add(KEY_ROW, secrets.token_bytes(32))
            return bytes(self._cache[KEY_ROW])
        except (diskcache.Timeout, sqlite3.Error) as error:
            raise StoreUnavailable from error

    def _load(self) -> Tables:
        self._cache.add(FORMAT_ROW, FORMAT)
        if self._cache[FORMAT_ROW] != FORMAT:
            raise ValueError("it was written by another version")
        tables, now = Tables(self._limits), self._clock()
        # rooms, then peers, then mail: each needs the one before
        for key, row in sorted(self._rows(), key=lambda pair: ("rpm".index(pair[0][0]), pair[0])):
            _add(tables, key, row, now=now)
        tables.journal.clear()
        return tables

    def _rows(self) -> Iterator[tuple[str, Row]]:
        for key in self._cache:
            if not key.startswith("meta:"):
                yield key, decode_row(key, self._cache[key])


def _add(tables: Tables, key: str, row: Row, *, now: float) -> None:
    match row:
        case RoomRecord():
            tables.add_room(row, now=now)
        case PeerRecord():
            tables.add_peer(RoomId(key.split(":")[1]), row, now=now)
        case Letter():
            _, room_id, peer_id, _ = key.split(":")
            tables.add_mail(PeerKey(RoomId(room_id), PeerId(peer_id)), row)
