"""Why the server cannot run as it was told to: what the operator reads before it stops."""

from typing import ClassVar

from .root import SignalingError

__all__ = ["AddressInUse", "BadSetting", "Halt", "StoreUnusable"]


class Halt(SignalingError):
    """The server cannot run as it was told to; `exit_code` is for the shell."""

    exit_code: ClassVar[int] = 1


class BadSetting(Halt):
    """A setting is missing or cannot be read; the sentence names it and what is allowed."""

    exit_code = 2


class StoreUnusable(Halt):
    """The store's folder is corrupt, foreign or in use; it is never reset silently."""


class AddressInUse(Halt):
    """Another program listens there."""

    def __init__(self, host: str, port: int, reason: str) -> None:
        super().__init__(f"cannot listen on {host} port {port}: {reason}; set SIGNALING_PORT to another (0 = any)")
