"""Links over aiortc; nothing else in the library imports it, and importing it costs 0.3 s, so import this late."""

from __future__ import annotations

import os

from .foreign_logs import quieten
from .link import RtcLink, open_link

__all__ = ["RtcLink", "open_link"]

quieten(os.environ)
