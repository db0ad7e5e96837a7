"""What `doctor` looks at on this machine: what is installed, the folder, the keyring, a link to itself."""

from __future__ import annotations

import importlib.metadata
import os
import platform
import stat
from pathlib import Path

from ..config import Config
from ..errors import PeerError, StoreError
from ..store.identity_file import IDENTITY_FILE, guard_of
from ..store.protection import keyring_name
from .findings import Finding, bad, doubtful, good

__all__ = ["check_folder", "check_keyring", "check_link", "check_versions"]

_NEEDED = ("aiortc", "aioice", "aiohttp", "cryptography", "msgspec")
_SLOW_LINK_S = 2.0
_OPEN_TO_OTHERS = stat.S_IRWXG | stat.S_IRWXO


def check_versions() -> Finding:
    """Of Python and of what the library stands on."""
    versions, missing = [f"Python {platform.python_version()}"], []
    for name in _NEEDED:
        try:
            versions.append(f"{name} {importlib.metadata.version(name)}")
        except importlib.metadata.PackageNotFoundError:
            missing.append(name)
    if missing:
        return bad("installed", f"{', '.join(missing)} missing", "run: pip install 'speaktube[peer]'")
    return good("installed", ", ".join(versions))


def check_folder(folder: Path | None) -> Finding:
    """Whether an identity can be kept, and whether others can read it."""
    if folder is None:
        return good("folder", "nothing is kept, as you asked for")
    if not folder.exists():
        return _check_parent(folder)
    if not os.access(folder, os.R_OK | os.W_OK | os.X_OK):
        return bad("folder", f"{folder} cannot be written to", f"run: chown -R $USER {folder}, or give --data-dir")
    identity = folder / IDENTITY_FILE
    if identity.exists() and identity.stat().st_mode & _OPEN_TO_OTHERS:
        return bad("folder", f"others can read {identity}", f"run: chmod 600 {identity}")
    if folder.stat().st_mode & _OPEN_TO_OTHERS:
        return doubtful("folder", f"others can look into {folder}", f"run: chmod 700 {folder}")
    guard = guard_of(folder)
    sealed = {"passphrase": "sealed by a passphrase", "keyring": "sealed by the keyring"}.get(
        guard or "", "for you alone"
    )
    return good("folder", f"{folder}, {sealed}" if guard else f"{folder}, no identity yet")


def _check_parent(folder: Path) -> Finding:
    parent = next(each for each in folder.parents if each.exists())
    if not os.access(parent, os.W_OK | os.X_OK):
        return bad("folder", f"{folder} cannot be made in {parent}", "give --data-dir, or --temporary to keep nothing")
    return good("folder", f"{folder} will be made when it is needed")


def check_keyring(*, is_needed: bool) -> Finding:
    """A keyring is no must: a passphrase, or the file's mode, does as well."""
    try:
        name = keyring_name()
    except StoreError as error:
        found = str(error)
    else:
        if name is not None:
            return good("keyring", name)
        found = "the package keyring is not installed: pip install 'speaktube[keyring]'"
    if is_needed:
        return bad("keyring", "none, and the folder is sealed by one", found)
    return good("keyring", "none; the folder may be sealed by --passphrase instead")


async def check_link() -> Finding:
    """Over the real parts: a data channel from this process to itself."""
    try:
        from ..rtc.probe import try_link

        took_s = await try_link(Config())
    except ImportError as error:
        return bad("link", f"WebRTC cannot be loaded ({error})", "run: pip install 'speaktube[peer]'")
    except (PeerError, OSError) as error:  # TimeoutError is an OSError
        reason = str(error) or "nothing arrived in time"
        return bad("link", reason, "a firewall on this machine stops UDP between its own ports: let it pass")
    if took_s > _SLOW_LINK_S:
        return doubtful(
            "link", f"to ourselves in {took_s:.1f} s", "this machine has much else to do: calls will be slow"
        )
    return good("link", f"to ourselves in {took_s * 1000:.0f} ms")
