"""The people we know by their keys: who is verified, and who comes under the claim or name of somebody else.

E2EE.md, "Keys" and "The JWT". The first key that bears a claim, or in a public room a name, is pinned to it. Another
key with the same is a newcomer who is shown as such, and never merged, until it is verified; a verified key is never
doubted, and takes a claim or name over from one that is not. Names in private rooms pin nothing: there, somebody let
that key in.

Bounded, since a public room brings whom it likes: of too many people those go first who were met in public rooms alone
and longest ago; who was verified stays, for that was our own doing.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Annotated, Literal
from unicodedata import normalize

import msgspec

from ..crypto.labels import hash_labelled
from ..encoding import length_prefixed
from ..errors import MalformedFrame
from ..events import Acquaintance, Member
from ..ids import MemberId, RoomId

__all__ = ["People"]

_CLAIM = b"speaktube known claim v1"
_NAME = b"speaktube known name v1"
_MAX_PINS = 16
"""Claims and names that one key can hold; of more, those pinned first go first."""

_Pin = Annotated[bytes, msgspec.Meta(min_length=16, max_length=16)]


class _Person(msgspec.Struct, array_like=True):
    """Fields that a later version adds come last, with a default."""

    id: MemberId
    name: str
    is_verified: bool = False
    met_privately: bool = False
    met_on: int = 0
    """Days since 1970, so that meeting somebody twice a day is nothing to write down."""
    pins: list[_Pin] = []


class _Encoded(msgspec.Struct, array_like=True):
    version: Literal[1]
    people: list[_Person]


_decoder = msgspec.msgpack.Decoder(_Encoded)


class People:
    """Of one `Peer`, in all its rooms. `on_change` is called when there is something new to keep."""

    def __init__(self, *, limit: int, encoded: bytes = b"") -> None:
        """`encoded` is what `encode` gave in an earlier run, or nothing; raise MalformedFrame for anything else."""
        self.on_change: Callable[[], None] = lambda: None
        self.version = 0
        """Another one after each change, so that who looks again sees whether there is something to see."""
        self._limit = limit
        self._people: dict[MemberId, _Person] = {}
        self._holders: dict[bytes, MemberId] = {}
        for person in _decode(encoded):
            self._people[person.id] = person
            self._holders.update(dict.fromkeys(person.pins, person.id))

    def __len__(self) -> int:
        return len(self._people)

    def encode(self) -> bytes:
        """For `People(encoded=…)`."""
        return msgspec.msgpack.encode(_Encoded(1, list(self._people.values())))

    # ---- meeting people

    def meet(self, member: Member, *, public_room: RoomId | None, today: int) -> Member:
        """A member is here, in this public room or in a private one: remember the key; answer as `regard` does."""
        person = self._know(member.id, member.name)
        privately = person.met_privately or public_room is None
        self._update(person, name=member.name, met_on=today, met_privately=privately)
        for pin in _pins_of(member, public_room):
            if self._may_take(person, pin):
                self._pin(person, pin)
        return self.regard(member, public_room=public_room)

    def regard(self, member: Member, *, public_room: RoomId | None) -> Member:
        """The member with what we know of its key, and of whose claim or name it bears."""
        if self.is_verified(member.id):
            return replace(member, verified=True, changed_from=None)
        return replace(member, verified=False, changed_from=self._maybe_other(member, public_room))

    # ---- what we decide or find out

    def name_of(self, member_id: MemberId) -> str:
        """What somebody called itself when we last met; empty where we do not know it."""
        person = self._people.get(member_id)
        return person.name if person is not None else ""

    def is_verified(self, member_id: MemberId) -> bool:
        person = self._people.get(member_id)
        return person is not None and person.is_verified

    def verify(self, member_id: MemberId, name: str) -> None:
        """We made sure that this key is that person's."""
        self._update(self._know(member_id, name), is_verified=True)

    def unverify(self, member_id: MemberId) -> None:
        """We are not sure any more."""
        if person := self._people.get(member_id):
            self._update(person, is_verified=False)

    # ---- inside

    def _know(self, member_id: MemberId, name: str) -> _Person:
        """The person of this key, now the one met last."""
        person = self._people.pop(member_id, None) or _Person(member_id, name)
        self._people[member_id] = person
        if len(self._people) > self._limit:
            self._forget_one(but=person)
        return person

    def _forget_one(self, *, but: _Person) -> None:
        others = [person for person in self._people.values() if person is not but and not person.is_verified]
        if others:
            goes = min(others, key=lambda person: (person.met_privately, person.met_on))
            del self._people[goes.id]
            for pin in goes.pins:
                del self._holders[pin]
            self._change()

    def _may_take(self, person: _Person, pin: bytes) -> bool:
        """Nobody had it, or somebody of whom we are less certain."""
        holder = self._maybe_holder(pin)
        return holder is None or (person.is_verified and not holder.is_verified)

    def _pin(self, person: _Person, pin: bytes) -> None:
        if holder := self._maybe_holder(pin):
            holder.pins.remove(pin)
        person.pins.append(pin)
        self._holders[pin] = person.id
        if len(person.pins) > _MAX_PINS:
            del self._holders[person.pins.pop(0)]
        self._change()

    def _maybe_holder(self, pin: bytes) -> _Person | None:
        return self._people[self._holders[pin]] if pin in self._holders else None

    def _maybe_other(self, member: Member, public_room: RoomId | None) -> Acquaintance | None:
        for pin in _pins_of(member, public_room):
            holder = self._maybe_holder(pin)
            if holder is not None and holder.id != member.id:
                return Acquaintance(id=holder.id, name=holder.name, verified=holder.is_verified)
        return None

    def _update(self, person: _Person, **facts: object) -> None:
        news = {name: fact for name, fact in facts.items() if getattr(person, name) != fact}
        for name, fact in news.items():
            setattr(person, name, fact)
        if news:
            self._change()

    def _change(self) -> None:
        self.version += 1
        self.on_change()


def _pins_of(member: Member, public_room: RoomId | None) -> list[bytes]:
    """What the member says to be, hashed: that keeps it short. A claim says more than a name."""
    pins = []
    if member.claim is not None:
        pins.append(_pin_of(_CLAIM, member.claim.issuer.encode(), member.claim.subject.encode()))
    if public_room is not None:
        pins.append(_pin_of(_NAME, public_room, normalize("NFKC", member.name).casefold().encode()))
    return pins


def _pin_of(label: bytes, *parts: bytes) -> bytes:
    return hash_labelled(label, length_prefixed(*parts))[:16]


def _decode(encoded: bytes) -> list[_Person]:
    try:
        return _decoder.decode(encoded).people if encoded else []
    except msgspec.MsgspecError as error:
        raise MalformedFrame(f"these are no known people: {error}") from error
