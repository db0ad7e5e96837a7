"""What aioice and aiortc write into the log: addresses at INFO, every packet at DEBUG; ours names no address, ever.

A program that has the whole process logged at INFO would print them without having asked. So both are quiet below
WARNING, unless the program has given their loggers a level itself, or the setting asks for all they have to say.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping

__all__ = ["FOREIGN_LOGS_SETTING", "quieten"]

FOREIGN_LOGS_SETTING = "SPEAKTUBE_TRANSPORT_LOGS"
"""Set to anything, aioice and aiortc log as they like, addresses included."""

_LOGGERS = ("aioice", "aiortc")


def quieten(environ: Mapping[str, str]) -> None:
    """Once for the process; a level that the program has set stays."""
    for logger in map(logging.getLogger, _LOGGERS):
        if logger.level == logging.NOTSET and not environ.get(FOREIGN_LOGS_SETTING):
            logger.setLevel(logging.WARNING)
