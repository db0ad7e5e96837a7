"""`identity.key`: who we are, and the key under which all else in the folder is sealed (E2EE, At rest).

    32 bytes    seed                                      as written by the first version; read, then replaced
    64 bytes    seed | master key                         guarded by its mode alone: for bots
    114 bytes   0        4    5      6      22      34
                | SPTK | 01 | kind | salt | nonce | ciphertext and tag of seed | master key |

`kind` is that of the protection, which makes the key from the salt; the first 22 bytes are associated data. Promised:
a file is written whole or not at all; an identity is never lost or replaced by another one. Not promised: that a disk
forgets a file that lay on it in the clear before it was sealed; its blocks are overwritten where the disk lets us.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from ..crypto.identity import SEED_BYTES, Identity
from ..errors import BadCiphertext, BadIdentity, BadSetting, StoreError, WrongPassphrase
from ..keys.at_rest import REST_KEY_BYTES, SALT_BYTES, RestKey
from .protection import KeyringProtection, PassphraseProtection, Protection

__all__ = ["IDENTITY_FILE", "Secrets", "guard_of", "load_secrets", "replace_secrets"]

IDENTITY_FILE = "identity.key"
_PRIVATE_BITS = 0o077
_MAGIC = b"SPTK\x01"
_HEAD_BYTES = len(_MAGIC) + 1 + SALT_BYTES
_OPEN_BYTES = SEED_BYTES + REST_KEY_BYTES
_SEALED_BYTES = _HEAD_BYTES + 12 + _OPEN_BYTES + 16
_ASIDE = ".identity.key-"


@dataclass(frozen=True, slots=True)
class Secrets:
    """What the file guards."""

    seed: bytes = field(repr=False)
    master: bytes = field(repr=False)

    @property
    def identity(self) -> Identity:
        return Identity.from_seed(self.seed)

    @property
    def rest_key(self) -> RestKey:
        return RestKey(self.master)


def load_secrets(folder: Path, protection: Protection | None, *, random_bytes: Callable[[int], bytes]) -> Secrets:
    """Those of this folder, made at the first call; a file in the clear is sealed once there is a protection.

    Nobody else may use the folder meanwhile. Raises BadIdentity, BadSetting, WrongPassphrase, StoreError.
    """
    path = folder / IDENTITY_FILE
    try:
        _remove_strays(folder)
        if not path.exists() and not path.is_symlink():
            secrets = Secrets(random_bytes(SEED_BYTES), random_bytes(REST_KEY_BYTES))
            _write(path, _encode(secrets, protection, random_bytes), random_bytes)
            return secrets
        content = _read(path)
        if len(content) == _SEALED_BYTES and content.startswith(_MAGIC):
            return _open(path, content, protection)
        return _take_over(path, content, protection, random_bytes)
    except OSError as error:
        raise BadIdentity(f"cannot keep an identity in {folder}: {error.strerror}") from error


def replace_secrets(
    folder: Path,
    secrets: Secrets,
    *,
    old: Protection | None,
    new: Protection | None,
    random_bytes: Callable[[int], bytes],
) -> None:
    """The same secrets under another protection. Raises BadIdentity, BadSetting, StoreError; then nothing changed."""
    path = folder / IDENTITY_FILE
    try:
        before = _read(path)
        _write(path, _encode(secrets, new, random_bytes), random_bytes)
    except OSError as error:
        raise BadIdentity(f"cannot write {path}: {error.strerror}") from error
    if old is not None:
        old.forget_key(_salt_of(before))


def guard_of(folder: Path) -> Literal["file", "passphrase", "keyring"] | None:
    """What has to be brought to open the identity of this folder; None where there is none, or it cannot be read."""
    try:
        with (folder / IDENTITY_FILE).open("rb") as file:
            head = file.read(len(_MAGIC) + 1)
    except OSError:
        return None
    if not head.startswith(_MAGIC):
        return "file"
    return "keyring" if head[len(_MAGIC) :] == bytes([KeyringProtection.kind]) else "passphrase"


def _take_over(
    path: Path, content: bytes, protection: Protection | None, random_bytes: Callable[[int], bytes]
) -> Secrets:
    """What lies in the clear: brought up to date, and sealed if there is a protection now."""
    if len(content) not in (SEED_BYTES, _OPEN_BYTES):
        sizes = f"{len(content)} bytes, {SEED_BYTES}, {_OPEN_BYTES} or {_SEALED_BYTES} expected"
        raise BadIdentity(f"{path} is no identity ({sizes}): restore it from a backup")
    secrets = Secrets(content[:SEED_BYTES], content[SEED_BYTES:] or random_bytes(REST_KEY_BYTES))
    if protection is not None or len(content) == SEED_BYTES:
        _write(path, _encode(secrets, protection, random_bytes), random_bytes)
    return secrets


def _encode(secrets: Secrets, protection: Protection | None, random_bytes: Callable[[int], bytes]) -> bytes:
    plaintext = secrets.seed + secrets.master
    if protection is None:
        return plaintext
    salt = random_bytes(SALT_BYTES)
    head = _MAGIC + bytes([protection.kind]) + salt
    key = protection.make_key(salt, random_bytes=random_bytes)
    return head + key.seal(plaintext, name=head, random_bytes=random_bytes)


def _open(path: Path, content: bytes, protection: Protection | None) -> Secrets:
    head, sealed = content[:_HEAD_BYTES], content[_HEAD_BYTES:]
    if protection is None or protection.kind != head[len(_MAGIC)]:
        raise _wrong_kind(path, head[len(_MAGIC)])
    try:
        plaintext = protection.find_key(_salt_of(content)).open(sealed, name=head)
    except BadCiphertext:
        raise WrongPassphrase(str(path)) from None
    return Secrets(plaintext[:SEED_BYTES], plaintext[SEED_BYTES:])


def _wrong_kind(path: Path, kind: int) -> BadSetting | StoreError:
    if kind == PassphraseProtection.kind:
        return BadSetting(f"{path} is sealed by a passphrase: pass passphrase=")
    if kind == KeyringProtection.kind:
        return BadSetting(f"{path} is sealed by this system's keyring: pass keyring=True")
    return StoreError(f"{path} is sealed in a way that this version does not know: update to read it")


def _salt_of(content: bytes) -> bytes:
    return content[_HEAD_BYTES - SALT_BYTES : _HEAD_BYTES]


def _read(path: Path) -> bytes:
    if path.stat().st_mode & _PRIVATE_BITS:
        raise BadIdentity(f"others can read {path}: run chmod 600 on it, or remove it to start as somebody new")
    return path.read_bytes()


def _write(path: Path, content: bytes, random_bytes: Callable[[int], bytes]) -> None:
    """Write aside, then move into place: whenever the power fails, the old file is there, or the new one, whole."""
    path = path.resolve()  # a link to another disk stays one
    aside = path.with_name(_ASIDE + random_bytes(8).hex())
    descriptor = os.open(aside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(descriptor)
        _move(aside, path)
    except BaseException:
        aside.unlink(missing_ok=True)
        raise


def _move(aside: Path, path: Path) -> None:
    """Into place; what lay there in the clear is overwritten after that, as far as the disk lets us."""
    old = os.open(path, os.O_WRONLY) if path.exists() else None
    try:
        aside.replace(path)
        _sync_folder(path.parent)
        if old is not None and os.fstat(old).st_nlink == 0:  # else somebody keeps it under another name
            os.write(old, bytes(_SEALED_BYTES))
            os.fsync(old)
    finally:
        if old is not None:
            os.close(old)


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _remove_strays(folder: Path) -> None:
    """What a process left that died while it wrote; it had not been moved into place, so nothing is lost."""
    for stray in folder.glob(_ASIDE + "[0-9a-f]" * 16):
        with suppress(OSError):
            stray.unlink()
