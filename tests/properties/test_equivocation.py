"""Authors who contradict themselves, told in any order and any portions: everybody ends with the same.

Unlike the histories beside this, nearly everything here is unlawful in some way: places taken twice, rights of others,
clocks set back, levels overstepped. What a log becomes must not hang on what came first, nor on a restart.
"""

from __future__ import annotations

import random

import pytest

from peer.log.authority import authority_of
from peer.log.control import Ban, Control, Cut, Grant, Invitation, Join, Kind, Level, Revoke, Uninvite, sign_join
from peer.log.control_log import ControlLog
from peer.log.event import Event, Plane, decode_event, hlc_at
from peer.log.genesis import decode_genesis

from ..peer.log.replicas import NOW_MS, Room, public_key

NAMES = ("ann", "bob", "cyd", "dan", "eve", "fay")
INCARNATIONS = (b"incarnat", b"incarnat", b"another!")
LATER_MS = NOW_MS + 1_000_000


class Story:
    """Drawn from one seed."""

    def __init__(self, seed: int) -> None:
        self.room = Room()
        self.draw = random.Random(seed)  # noqa: S311 (a story)
        ann = self.room.pen("ann", INCARNATIONS[0])
        ann.write(Grant(public_key("bob"), Level.ADMIN))
        ann.write(Grant(public_key("cyd"), Level.MODERATOR))
        ann.write(Grant(public_key("dan"), Level.MEMBER))
        for uses in (1, 0):
            ann.write(Invitation(self.room.invite_key(uses).public_key, uses))
        self.logs = {("ann", INCARNATIONS[0]): ann.events}
        self.events = list(ann.events)
        for _ in range(self.draw.randint(5, 40)):
            self._say()

    def _say(self) -> None:
        name, incarnation = self.draw.choice(NAMES), self.draw.choice(INCARNATIONS)
        log = self.logs.setdefault((name, incarnation), [])
        at = self.draw.randint(0, len(log)) if self.draw.random() < 0.1 else len(log)
        control, auth, ref = self._act(name)
        lowest = max([ref.header.hlc if ref else 0, log[at - 1].header.hlc if at else 0])
        drawn = hlc_at(NOW_MS + self.draw.randint(0, 60)) + self.draw.randint(0, 3)
        pen, hlc = self.room.pen(name, incarnation), max(lowest + 1, drawn)
        after = log[at - 1] if at else None
        event = pen.write(control, auth=auth, ref=ref, after=after, hlc=hlc)
        if all(event.id != known.id for known in self.events):
            self.events.append(event)
            log[at:] = [*log[at:], event] if at < len(log) else [event]

    def _act(self, name: str) -> tuple[Control, bytes, Event | None]:
        kind, member = self.draw.choice([*Kind, Kind.GRANT, Kind.REVOKE, Kind.JOIN]), self.draw.choice(NAMES)
        auth = b"" if name == "ann" and self.draw.random() < 0.9 else self._right(name)
        match kind:
            case Kind.GRANT:
                return Grant(public_key(member), self.draw.randint(1, 3), self._over()), auth, self._one_of(Kind.JOIN)
            case Kind.REVOKE:
                ref = self._one_of(Kind.GRANT, Kind.REVOKE, Kind.JOIN, Kind.BAN)
                return Revoke(self._cuts()), auth if self.draw.random() < 0.75 or ref is None else ref.id, ref
            case Kind.INVITE:
                uses = self.draw.randint(0, 1)
                return Invitation(self.room.invite_key(uses).public_key, uses), auth, None
            case Kind.UNINVITE:
                return Uninvite(), auth, self._one_of(Kind.INVITE)
            case Kind.JOIN:
                return self._join(name)
            case _:
                return Ban(public_key(member), self._cuts()), auth, None

    def _join(self, name: str) -> tuple[Join, bytes, None]:
        invite, number = self._one_of(Kind.INVITE), self.draw.randint(0, 1)
        assert invite is not None
        proof = sign_join(self.room.invite_key(number), room_id=self.room.id, newcomer=public_key(name))
        return proof, invite.id, None

    def _right(self, name: str) -> bytes:
        """Mostly one of its own."""
        own = [e for e in self.events if e.header.kind == Kind.JOIN and e.header.author == public_key(name)]
        own += [e for e in self.events if e.header.kind == Kind.GRANT and public_key(name) in e.body]
        return self.draw.choice(own if own and self.draw.random() < 0.9 else self.events).id

    def _one_of(self, *kinds: Kind) -> Event | None:
        found = [event for event in self.events if event.header.kind in kinds]
        return self.draw.choice(found) if found else None

    def _over(self) -> tuple[bytes, ...]:
        removals = [event.id for event in self.events if event.header.kind in {Kind.REVOKE, Kind.BAN}]
        return tuple(self.draw.sample(removals, min(len(removals), self.draw.randint(0, 3))))

    def _cuts(self) -> tuple[Cut, ...]:
        logs = self.draw.sample(INCARNATIONS[1:], self.draw.randint(0, 2))
        return tuple(Cut(one, Plane.CONTROL, self.draw.randint(1, 4)) for one in logs)

    def replica(self, number: int) -> ControlLog:
        """All of it, in an order and portions of its own; what was not taken is told again."""
        log, told = self.room.replica(f"m{number}"), [event.encoded for event in self.events]
        self.draw.shuffle(told)
        for _ in range(4):
            start = 0
            while start < len(told):
                size = self.draw.randint(1, 7) if number else len(told)
                log.receive(told[start : start + size], now_ms=LATER_MS)
                start += size
        return log


def compare(left: ControlLog, right: ControlLog) -> None:
    for _ in range(12):
        for one, other in ((left, right), (right, left)):
            for part in one.summary():
                for batch in other.missing(part):
                    one.receive(batch, now_ms=LATER_MS)


@pytest.mark.parametrize("seed", range(60))
def test_any_story_ends_alike_for_all(seed: int) -> None:
    """Same set, same verdicts, same members; also after a restart, and for the rules applied to the set at once."""
    story = Story(seed)
    first, second, third = (story.replica(number) for number in range(3))
    for left, right in ((first, second), (second, third), (first, third), (first, second)):
        compare(left, right)
    again = story.room.replica("again")
    again.restore(first.export())
    assert len({log.digest() for log in (first, second, third, again)}) == 1
    held = [decode_event(data, room_id=story.room.id) for data in first.export()]
    pure = authority_of(decode_genesis(story.room.genesis), held)
    for log in (second, third, again, first):
        assert log.authority.members == first.authority.members == pure.members
        assert log.authority.lawful == first.authority.lawful
        assert log.authority.pending == first.authority.pending
