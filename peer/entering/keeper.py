"""Keeps one room in the store: whatever changed in it is safe before the first byte about it leaves."""

from __future__ import annotations

from dataclasses import replace

from ..core.membership import Founding, InviteSeed, Membership
from ..ids import RoomId
from ..ports import RoomRecord, RoomStore

__all__ = ["Keeper", "keep_public"]


class Keeper:
    """Of one room; raises what the store raises."""

    def __init__(self, store: RoomStore, *, room_id: RoomId, secret: bytes) -> None:
        self._store = store
        self._room_id = room_id
        self.secret = secret
        """16 bytes; may change in a direct room."""
        self._record = store.load(room_id)
        self._kept: tuple[int, str, InviteSeed | None] | None = None

    @property
    def founding(self) -> Founding | None:
        """What is known of the room; None where that is nothing."""
        kept = self._record
        return Founding(kept.genesis, kept.control, kept.incarnation) if kept and kept.genesis else None

    @property
    def title(self) -> str:
        return self._record.title if self._record else ""

    @property
    def open_invite(self) -> InviteSeed | None:
        """That of the room, if we have had it."""
        kept = self._record
        return InviteSeed(kept.seed, is_open=True) if kept and kept.seed and kept.is_open else None

    def keep(self, membership: Membership, *, title: str) -> None:
        """Save what changed, if anything did and there is something to know."""
        state = (membership.version, title, membership.invite)
        if state == self._kept or not membership.genesis:
            return
        invite = membership.invite
        self._record = replace(
            self._store.load(self._room_id) or RoomRecord(secret=self.secret),
            secret=self.secret,
            seed=invite.seed if invite else b"",
            is_open=bool(invite and invite.is_open),
            genesis=membership.genesis,
            title=title,
            incarnation=membership.incarnation,
            control=membership.export(),
        )
        self._store.save(self._room_id, self._record)
        self._kept = state


def keep_public(store: RoomStore, room_id: RoomId, name: str) -> None:
    """Remember a public room, to enter it again: all there is to it is its name."""
    store.save(room_id, RoomRecord(secret=b"", public_name=name, title=name))
