"""A bot's identity key in a file of its own, readable by nobody else (E2EE, At rest: the 0600 file for bots).

Promised: a key is written whole or not at all, and is never overwritten; two processes that start at once end up with
the same one. Not promised: secrecy from whoever reads the disk.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from ..crypto.identity import Identity
from ..errors import BadIdentity

__all__ = ["load_identity"]

_FILE = "identity.key"
_PRIVATE_BITS = 0o077
_SEED_BYTES = 32


def load_identity(data_dir: Path, *, random_bytes: Callable[[int], bytes]) -> Identity:
    """The identity of this folder, made at the first call. Raises BadIdentity, never replaces a file."""
    path = data_dir / _FILE
    try:
        data_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
        if not path.exists():
            aside = path.with_suffix("." + random_bytes(8).hex())
            _write_new(path, aside, Identity.generate(random_bytes).export_seed())
        return _read(path)
    except OSError as error:
        raise BadIdentity(f"cannot keep an identity in {data_dir}: {error.strerror}") from error


def _write_new(path: Path, aside: Path, seed: bytes) -> None:
    """Write aside, then link into place: whoever is first wins, and nobody sees half a key."""
    descriptor = os.open(aside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(seed)
            file.flush()
            os.fsync(descriptor)
        with suppress(FileExistsError):  # another process of ours was first: its key is the one
            os.link(aside, path)
    finally:
        aside.unlink()


def _read(path: Path) -> Identity:
    if path.stat().st_mode & _PRIVATE_BITS:
        raise BadIdentity(f"others can read {path}: run chmod 600 on it, or remove it to start as somebody new")
    seed = path.read_bytes()
    if len(seed) != _SEED_BYTES:
        raise BadIdentity(
            f"{path} is no identity ({len(seed)} bytes, {_SEED_BYTES} expected): restore it from a backup"
        )
    return Identity.from_seed(seed)
