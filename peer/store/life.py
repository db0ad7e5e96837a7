"""Whether a folder is as we left it, or a copy that was put back: then what we wrote since is unknown here.

Who continued a log from an older state would give its numbers twice, and all others would cut that log. So a file lies
beside the database and is written anew each time that the folder is opened, and the database remembers what it says
and when it was last changed (`st_ctime`, which no program sets; on Windows when it was made). A folder that was copied
or unpacked, or a database put back without that file, shows another time or other words: another *life* begins, and
with it new logs. Where a whole disk goes back in time, as with a snapshot of a machine, nothing here can tell; then
whoever was told more of our log than we know says so.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Literal

import msgspec

from ..errors import StoreDamaged, StoreError
from .sealed_rows import SealedRows

__all__ = ["LIFE_BYTES", "LIFE_FILE", "take_life"]

LIFE_FILE = "last-opened"
LIFE_BYTES = 8
_TOKEN_BYTES = 16
_FOLDER, _LEFT = b"folder", b"left"


class _Left(msgspec.Struct, array_like=True, frozen=True):
    """How the folder was left; fields that a later version adds come last, with a default."""

    version: Literal[1]
    life: bytes
    token: bytes
    changed_ns: int


_decoder = msgspec.msgpack.Decoder(_Left)


def take_life(rows: SealedRows, folder: Path, *, random_bytes: Callable[[int], bytes]) -> bytes:
    """The life of this folder, 8 bytes: the same as before only if nobody put another copy in its place.

    To be called once whenever the folder is opened, under the lock of the database. A crash or a power failure in the
    middle begins another life, which costs a log more. Raises StoreDamaged, StoreError.
    """
    left, path = _read_left(rows), folder / LIFE_FILE
    try:
        is_as_left = left is not None and _look_at(path) == (left.token, left.changed_ns)
        path.write_bytes(random_bytes(_TOKEN_BYTES))
        token, changed_ns = _look_at(path)
    except OSError as error:
        raise StoreError(f"cannot use {path} ({error.strerror}): see that the folder is ours") from error
    life = left.life if left is not None and is_as_left else random_bytes(LIFE_BYTES)
    rows.write(_FOLDER, {_LEFT: msgspec.msgpack.encode(_Left(1, life, token, changed_ns))})
    return life


def _look_at(path: Path) -> tuple[bytes, int]:
    """What it says and when it was last changed; nothing where it is not there."""
    return (path.read_bytes(), path.stat().st_ctime_ns) if path.is_file() else (b"", 0)


def _read_left(rows: SealedRows) -> _Left | None:
    kept = rows.read(_FOLDER)
    if kept is None:
        return None
    try:
        return _decoder.decode(b"".join(kept.values()))
    except msgspec.MsgspecError:
        raise StoreDamaged(str(rows.path), "it says of its folder what only a newer version understands") from None
