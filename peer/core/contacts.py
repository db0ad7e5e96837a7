"""Whom a room's links know of: a bounded table that ghosts cannot fill for good.

The server alone says who is present, and anybody may take a seat without holding the room's secret. So being named
makes a contact while there is room; those who come later wait, and take the place of contacts that never sent a signal
we could open and failed at least once. A peer whose offer does open takes the place of any silent contact at once.
"""

from __future__ import annotations

from collections.abc import Iterator

from ..ids import PeerId
from .contact import Contact
from .negotiation import Negotiation

__all__ = ["Contacts"]

_MAX_WAITING = 4096
"""Peers that the server named and for whom there is no place yet; beyond, the server exaggerates."""


class Contacts:
    """At most `limit` contacts, never ourselves. Who lost its place is in `take_displaced` until it is asked for."""

    def __init__(self, *, our_id: PeerId, limit: int) -> None:
        self._our_id = our_id
        self._limit = limit
        self._contacts: dict[PeerId, Contact] = {}
        self._waiting: dict[PeerId, None] = {}
        self._displaced: list[Contact] = []

    def __iter__(self) -> Iterator[Contact]:
        """Over those who are here now; they may be forgotten on the way."""
        return iter(tuple(self._contacts.values()))

    def __len__(self) -> int:
        return len(self._contacts)

    def peers(self) -> set[PeerId]:
        """Who has a place, and who waits for one."""
        return self._contacts.keys() | self._waiting.keys()

    def get(self, peer: PeerId) -> Contact | None:
        return self._contacts.get(peer)

    def name(self, peer: PeerId) -> Contact | None:
        """The server names a peer; None while there is no place for it."""
        if contact := self._contacts.get(peer):
            return contact
        if self._make_room(for_signaller=False):
            return self._add(peer)
        if peer != self._our_id and len(self._waiting) < _MAX_WAITING:
            self._waiting[peer] = None
        return None

    def hear(self, peer: PeerId) -> Contact | None:
        """A peer sent an offer that we could open; None where everybody else did, too."""
        if peer not in self._contacts and not self._make_room(for_signaller=True):
            return None
        return self._contacts.get(peer) or self._add(peer)

    def unname(self, peer: PeerId) -> None:
        """The server says that it left."""
        self._waiting.pop(peer, None)

    def forget(self, peer: PeerId) -> bool:
        """False if there was no such contact."""
        return self._contacts.pop(peer, None) is not None

    def clear(self) -> None:
        self._contacts.clear()
        self._waiting.clear()

    def next_waiting(self) -> Contact | None:
        """A new contact for the peer who waits longest, if a place has become free."""
        if not self._waiting or not self._make_room(for_signaller=False):
            return None
        peer = next(iter(self._waiting))
        return self._add(peer)

    def take_displaced(self) -> list[Contact]:
        taken, self._displaced = self._displaced, []
        return taken

    def _add(self, peer: PeerId) -> Contact | None:
        if peer == self._our_id:
            return None
        self._waiting.pop(peer, None)
        self._contacts[peer] = Contact(peer, Negotiation(our_id=self._our_id, their_id=peer))
        return self._contacts[peer]

    def _make_room(self, *, for_signaller: bool) -> bool:
        if len(self._contacts) < self._limit:
            return True
        for contact in self._contacts.values():
            if contact.is_silent and (for_signaller or contact.has_failed):
                self._displace(contact)
                return True
        return False

    def _displace(self, contact: Contact) -> None:
        """To the end of the line, unless it had its chance; it may still offer to us."""
        del self._contacts[contact.peer]
        self._displaced.append(contact)
        if contact.present and not contact.has_failed and len(self._waiting) < _MAX_WAITING:
            self._waiting[contact.peer] = None
