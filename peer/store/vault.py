"""All that a peer keeps in its `data_dir`, opened together: who it is, its rooms, what was said, the people it knows.

Opening blocks (the disk, Argon2id, a keyring that asks a person): `Peer` does it in a thread. The database comes first,
since its lock makes sure that nobody else writes in the folder.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from ..crypto.identity import Identity
from ..errors import BadIdentity, StoreDamaged
from ..ids import RoomId
from ..ports import MessageStore, RoomNotes, RoomStore
from .database import DATABASE_FILE, Database, open_database
from .identity_file import Secrets, load_secrets, replace_secrets
from .life import take_life
from .log_rows import LogRows
from .memory import MemoryMessageStore, MemoryRoomStore
from .messages import SealedMessageStore
from .notes import MemoryNotes, SealedNotes, forget_notes
from .protection import Protection
from .rooms import SealedRoomStore
from .sealed_rows import SealedRows

__all__ = ["Vault", "open_vault"]

_PEOPLE = b"people"


class Vault:
    """What is kept of one peer; without a folder, as long as it lives."""

    def __init__(
        self,
        identity: Identity,
        rooms: RoomStore,
        messages: MemoryMessageStore | SealedMessageStore,
        shelf: _Shelf | None = None,
    ) -> None:
        self.identity = identity
        self.rooms = rooms
        self.messages: MessageStore = messages
        self._close_messages = messages.close
        self._shelf = shelf
        self._notes: dict[RoomId, RoomNotes] = {}

    @property
    def is_lasting(self) -> bool:
        """Whether it outlives the process."""
        return self._shelf is not None

    def load(self, name: bytes) -> bytes:
        """What was last saved under this name; empty at first. Raises StoreDamaged, StoreError."""
        if self._shelf is None:
            return b""
        rows = self._shelf.rows.read(_PEOPLE) or {}
        return rows.get(self._shelf.rows.name(_PEOPLE, name), b"")

    def save(self, encoded: Mapping[bytes, bytes]) -> None:
        """Several at once, each under its name. Raises StoreError."""
        if self._shelf is not None:
            self._shelf.rows.write(_PEOPLE, encoded)

    def notes(self, room_id: RoomId) -> RoomNotes:
        """What bots keep of a room; the same object each time."""
        if room_id not in self._notes:
            self._notes[room_id] = SealedNotes(self._shelf.rows, room_id) if self._shelf else MemoryNotes()
        return self._notes[room_id]

    def forget_notes(self, room_id: RoomId) -> None:
        """Raises StoreError."""
        self._notes.pop(room_id, None)
        if self._shelf is not None:
            forget_notes(self._shelf.rows, room_id)

    def protect(self, protection: Protection | None) -> None:
        """Seal the identity, and with it all else, in another way. Raises BadIdentity, BadSetting, StoreError."""
        if self._shelf is not None:
            self._shelf.protect(protection)

    def close(self) -> None:
        """Write what waits to be written, then let others use the folder; may be called twice."""
        try:
            self._close_messages()
        finally:
            if self._shelf is not None:
                self._shelf.database.close()


@dataclass(slots=True)
class _Shelf:
    """The folder itself."""

    folder: Path
    secrets: Secrets
    protection: Protection | None
    database: Database
    rows: SealedRows
    random_bytes: Callable[[int], bytes]

    def protect(self, protection: Protection | None) -> None:
        replace_secrets(self.folder, self.secrets, old=self.protection, new=protection, random_bytes=self.random_bytes)
        self.protection = protection


def open_vault(folder: Path | None, protection: Protection | None, *, random_bytes: Callable[[int], bytes]) -> Vault:
    """Made at the first call. Raises BadIdentity, BadSetting, StoreError and what is below that."""
    if folder is None:
        return Vault(Identity.generate(random_bytes), MemoryRoomStore(), MemoryMessageStore())
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise BadIdentity(f"cannot keep an identity in {folder}: {error.strerror}") from error
    path = folder / DATABASE_FILE
    database = open_database(path)
    try:
        secrets = load_secrets(folder, protection, random_bytes=random_bytes)
        rows = SealedRows(database, master=secrets.rest_key, random_bytes=random_bytes)
        _check_master(rows)
        life = take_life(rows, folder, random_bytes=random_bytes)
    except BaseException:
        database.close()
        raise
    log_rows = LogRows(database, master=secrets.rest_key, random_bytes=random_bytes)
    messages = SealedMessageStore(log_rows, life=life)
    shelf = _Shelf(folder, secrets, protection, database, rows, random_bytes)
    return Vault(secrets.identity, SealedRoomStore(rows, life=life), messages, shelf)


def _check_master(rows: SealedRows) -> None:
    """A database that was sealed under another master key is found out now, and not with the first room."""
    if rows.read(_PEOPLE) is None:
        if not rows.is_empty():
            raise StoreDamaged(str(rows.path), "it belongs to another identity.key")
        rows.write(_PEOPLE, {})
