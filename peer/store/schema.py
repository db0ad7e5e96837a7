"""The tables of `rooms.sqlite3`, and how a file of an older version becomes one of this version.

`PRAGMA user_version` says which version a file has, `PRAGMA application_id` that it is ours: version 0, the first, had
neither, so its tables tell it. Each step is SQL that takes the file from one version to the next; all that are needed
are one transaction with the number of the version they lead to, so a crash leaves the file as it was. A step that was
published never changes: a new version is one more step.
"""

from __future__ import annotations

import sqlite3
from pathlib import Path

from ..errors import StoreError

__all__ = ["APPLICATION_ID", "STEPS", "VERSION", "check_version", "migrate", "stranger"]

APPLICATION_ID = int.from_bytes(b"SPTK", "big")

_MESSAGES = """
CREATE TABLE IF NOT EXISTS space (
    name BLOB PRIMARY KEY,
    wrapped_key BLOB NOT NULL
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS row (
    number INTEGER PRIMARY KEY,
    space BLOB NOT NULL REFERENCES space ON DELETE CASCADE,
    name BLOB NOT NULL,
    sealed BLOB NOT NULL,
    UNIQUE (space, name)
);
CREATE TABLE log (
    number INTEGER PRIMARY KEY AUTOINCREMENT,
    name BLOB NOT NULL UNIQUE,
    wrapped_key BLOB NOT NULL,
    state BLOB,
    summary BLOB
);
CREATE TABLE event (
    number INTEGER PRIMARY KEY,
    log INTEGER NOT NULL REFERENCES log ON DELETE CASCADE,
    name BLOB NOT NULL,
    sealed BLOB NOT NULL,
    UNIQUE (log, name)
);
CREATE TABLE shown (
    number INTEGER PRIMARY KEY,
    log INTEGER NOT NULL REFERENCES log ON DELETE CASCADE,
    name BLOB NOT NULL,
    sealed BLOB NOT NULL,
    UNIQUE (log, name)
);
CREATE TABLE extra (
    number INTEGER PRIMARY KEY,
    log INTEGER NOT NULL REFERENCES log ON DELETE CASCADE,
    name BLOB NOT NULL,
    sealed BLOB NOT NULL,
    UNIQUE (log, name)
);
"""
"""To version 1: messages, and who the file belongs to; version 0 had `space` and `row` alone."""

STEPS = (_MESSAGES,)
VERSION = len(STEPS)

_FIRST_TABLES = frozenset({"space", "row"})


def stranger(connection: sqlite3.Connection) -> str | None:
    """What makes this file somebody else's, if anything does; reads only."""
    [(owner,)], [(version,)] = connection.execute("PRAGMA application_id"), connection.execute("PRAGMA user_version")
    if owner == APPLICATION_ID:
        return None
    tables = {name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
    if owner or version or not tables <= _FIRST_TABLES:
        return "it is a database of another program"
    return None


def check_version(connection: sqlite3.Connection, path: Path) -> None:
    """Reads only. Raises StoreError for a file of a newer version."""
    [(version,)] = connection.execute("PRAGMA user_version")
    if version > VERSION:
        raise StoreError(
            f"{path} was written by a newer version of this program (its format is {version}, ours {VERSION}): "
            "update this one, or give it another data_dir"
        )


def migrate(connection: sqlite3.Connection) -> None:
    """Bring a file of ours up to this version."""
    [(version,)] = connection.execute("PRAGMA user_version")
    if version < VERSION:
        steps, owner = "".join(STEPS[version:]), APPLICATION_ID
        connection.executescript(
            f"BEGIN EXCLUSIVE; {steps} PRAGMA application_id = {owner}; PRAGMA user_version = {VERSION}; COMMIT;"
        )
