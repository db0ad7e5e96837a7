"""What the message plane of a room asks of whoever drives it, in the order in which it must happen.

A `Save` has to be on the disk before anything behind it leaves this machine: the numbers that our events were given are
in it, so that none is ever given twice.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TypeAlias

from ..ids import MemberId
from ..log.record import LogChanges
from ..messages.news import Fact
from ..wire.message_frames import MessageFrame

__all__ = ["AskControl", "HistoryOutput", "Save", "Tell"]


@dataclass(frozen=True, slots=True)
class Save:
    """Keep all of this, or nothing."""

    changes: LogChanges


@dataclass(frozen=True, slots=True)
class Tell:
    """A frame for a member, on the channel of events; dropped where no link to it is open."""

    member: MemberId
    frame: MessageFrame = field(repr=False)


@dataclass(frozen=True, slots=True)
class AskControl:
    """This member told us of events by a right that we do not know: compare control logs with it."""

    member: MemberId


HistoryOutput: TypeAlias = Save | Tell | AskControl | Fact
