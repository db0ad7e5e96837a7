"""The roots of the tree: whose fault a failure is."""

from typing import ClassVar

__all__ = ["Refused", "SignalingError"]


class SignalingError(Exception):
    """Root of the tree."""


class Refused(SignalingError):
    """A call that is not carried out; the client hears why."""

    code: ClassVar[str]
    """Stable across releases; clients decide by it."""
    status: ClassVar[int]
    sentence: ClassVar[str] = ""
    """What people read, where no facts are needed to say it."""
    hint: ClassVar[str | None] = None
    """What the client may do about it."""
    bound: str | None = None
    """The setting that was reached: a field of Config."""
    retry_after_s: int | None = None

    def __init__(self, sentence: str | None = None) -> None:
        super().__init__(sentence or self.sentence)

    @property
    def message(self) -> str:
        """The sentence people read."""
        return str(self)
