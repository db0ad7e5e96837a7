"""What a room is put together from, and what lies around it: its site, and the other rooms of the same peer."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol, TypeVar

from ..core.membership import InviteSeed
from ..core.mesh import Mesh
from ..events import Event
from ..ids import MemberId, Topic
from ..ports import Seat
from ..wire.aside_frames import AsideFrame

__all__ = ["Beside", "InviteLinks", "Site"]

R_contra = TypeVar("R_contra", contravariant=True)
"""The room; what it is is defined above this."""


class InviteLinks(Protocol):
    """How the invites of a room are written."""

    def write(self, invite: InviteSeed | None) -> str | None:
        """The link of an invite; without one, the link that needs none, if there is such."""

    def read(self, link: str) -> bytes:
        """The seed in a link; raises BadInvite, or BadSetting for a link to elsewhere."""


class Beside(Protocol[R_contra]):
    """The other rooms of the same peer, and whoever listens to all of them."""

    def notice(self, room: R_contra, event: Event) -> None:
        """Something happened in this one."""

    def hear(self, room: R_contra, member: MemberId, frame: AsideFrame) -> None:
        """A member told us something that concerns another one."""

    def tell(self, member: MemberId, frame: AsideFrame) -> bool:
        """Tell somebody, in whichever room it is linked; whether it is in any."""

    def can_tell(self, member: MemberId) -> bool: ...


@dataclass(frozen=True, slots=True)
class Site:
    """Where a room is: its machine, and what the machine is driven with."""

    mesh: Mesh
    topic: Topic
    links: InviteLinks
    seat: Seat
    keep: Callable[[], None]
