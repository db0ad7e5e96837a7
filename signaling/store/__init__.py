"""Where rooms, leases and mailboxes are kept: one port, several engines that behave the same."""

from .port import Limits, Store

__all__ = ["Limits", "Store"]
