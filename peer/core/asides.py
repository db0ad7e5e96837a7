"""What two members of a room tell each other beside it, over the link that they share there.

It concerns other rooms, so this one only carries it: to one member alone, and from members alone.
"""

from __future__ import annotations

from collections.abc import Callable

from ..ids import MemberId
from ..wire.aside_frames import AsideFrame
from .links import Links

__all__ = ["Asides"]


class Asides:
    """Of one room."""

    def __init__(self, links: Links) -> None:
        self._links = links
        self.on_heard: Callable[[MemberId, AsideFrame], None] = lambda _member, _frame: None
        """For whoever has the other rooms; must not call back at once."""

    def tell(self, member: MemberId, frame: AsideFrame, *, now: float) -> bool:
        """To all processes of a member that are linked; whether there was one. `settle` is to follow."""
        links = self._links.links_to(member)
        for link in links:
            self._links.send_on(link, frame, now=now)
        return bool(links)

    def hear(self, member: MemberId, frame: AsideFrame) -> None:
        """A member said it to us."""
        self.on_heard(member, frame)
