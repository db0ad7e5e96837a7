"""How far we, and the others, have got: what was delivered to us, what we read, and the statuses of what we said.

Our own register says what we hold and have seen of each log. A log is delivered up to where it is held without a hole;
past holes, which retention leaves, once its author was found to hold the same as we do. What counts as unread are the
messages of others from the time on at which we came in, neither deleted nor at or below the number that was read of
their log.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping

from ..ids import MemberId
from ..log.event import EventId, LogId
from .holdings import Holdings
from .receipts import Entry, Mark, Register, Status, decode_entries, encode_entries, reach_of_all
from .said import HIGHEST, Place
from .view import View

__all__ = ["MAX_REGISTERS", "Progress"]

MAX_REGISTERS = 1024
"""Members whose receipts are kept; identities cost nothing in a public room."""
_OURS, _REACHED, _THEIRS = b"o", b"a", b"r"


class Progress:
    """Of one member in one room."""

    def __init__(self, holdings: Holdings, *, me: bytes, rows: Mapping[bytes, bytes]) -> None:
        """Raise MalformedFrame for rows that are not ours."""
        self.ours = Register(decode_entries(rows[_OURS])) if _OURS in rows else Register()
        self.reached = Register(decode_entries(rows[_REACHED])) if _REACHED in rows else Register()
        """How far all others have got in our logs; never falls, whoever comes or goes."""
        self.begin_hlc = 0
        """What was said before this clock value is not unread."""
        self.unread: dict[EventId, View] = {}
        self._theirs = {
            MemberId(key[1:].decode()): Register(decode_entries(row)) for key, row in rows.items() if key[:1] == _THEIRS
        }
        self._holdings = holdings
        self._me = me
        self._due: set[LogId] = set()
        self._stirred: set[bytes] = set()

    # ---- what we have got

    def advance(self, logs: Iterable[LogId]) -> None:
        """Something new is held in these logs."""
        for log in logs:
            seq = self.ours.of(log).delivered
            while self._holdings.logs.at(log, seq + 1) is not None:
                seq += 1
            self._raise(log, delivered=seq)

    def catch_up(self, author: bytes) -> None:
        """This author holds the same as we do: nothing that it said is missing."""
        for log in self._holdings.logs.names_of(author):
            self._raise(log, delivered=self._holdings.logs.tip(log))

    def mark_read(self, place: Place = HIGHEST) -> None:
        """All that is shown at or below this place was seen."""
        read: defaultdict[LogId, int] = defaultdict(int)
        for view in self.unread.values():
            if view.place <= place:
                read[view.log] = max(read[view.log], view.seq)
        for log, seq in read.items():
            self._raise(log, read=seq)
        self.unread = {event: view for event, view in self.unread.items() if self._is_unread(view)}

    def _raise(self, log: LogId, *, delivered: int = 0, read: int = 0) -> None:
        if log.author != self._me and self.ours.raise_to(log, delivered=delivered, read=read):
            self._due.add(log)
            self._stirred.add(_OURS)

    # ---- what is unread

    def look(self, shown: Mapping[EventId, View | None]) -> None:
        """Messages look different now."""
        for event, view in shown.items():
            if view is not None and self._is_unread(view):
                self.unread[event] = view
            else:
                self.unread.pop(event, None)

    def _is_unread(self, view: View) -> bool:
        is_theirs = view.author != self._me and not view.is_deleted and view.hlc >= self.begin_hlc
        return is_theirs and view.seq > self.ours.of(view.log).read

    # ---- what is told, and heard

    def take_due(self) -> dict[bytes, tuple[Entry, ...]]:
        """What has risen since it was last told, for the author of each log: it concerns nobody else."""
        taken, self._due = self._due, set()
        authors = sorted({log.author for log in taken})
        return {author: self._told(log for log in taken if log.author == author) for author in authors}

    def take_due_to(self, author: bytes) -> tuple[Entry, ...]:
        """The same for one author, before its time."""
        logs = sorted(log for log in self._due if log.author == author)
        self._due.difference_update(logs)
        return self._told(logs)

    def told_to(self, author: bytes) -> tuple[Entry, ...]:
        """All that concerns this author."""
        return tuple(entry for entry in self._told() if entry.log.author == author)

    def _told(self, logs: Iterable[LogId] | None = None) -> tuple[Entry, ...]:
        """Nothing is called read behind a hole, since what is missing there was not."""
        entries = self.ours.entries(logs)
        return tuple(Entry(each.key, each.delivered, min(each.read, each.delivered)) for each in entries)

    @property
    def is_due(self) -> bool:
        return bool(self._due)

    def hear(self, member: MemberId, entries: Iterable[Entry]) -> bool:
        """How far somebody else says that it has got in logs of ours; whether that is any further."""
        if member not in self._theirs and len(self._theirs) >= MAX_REGISTERS:
            return False
        known = [self._believed(entry) for entry in entries if entry.log.author == self._me]
        is_risen = bool(self._theirs.setdefault(member, Register()).merge(known))
        if is_risen:
            self._stirred.add(_THEIRS + member.encode())
        return is_risen

    def _believed(self, entry: Entry) -> Entry:
        """No further than we have written; what was read was delivered."""
        tip = self._holdings.logs.tip(entry.log)
        return Entry(entry.key, min(max(entry.delivered, entry.read), tip), min(entry.read, tip))

    def forget(self, members: Collection[MemberId]) -> None:
        """Who is no member any more takes no place."""
        for member in [each for each in self._theirs if each not in members]:
            del self._theirs[member]
            self._stirred.add(_THEIRS + member.encode())

    def review(self, others: Collection[MemberId]) -> Iterator[tuple[EventId, Status]]:
        """Our messages that got further by what all others say."""
        for log in self._holdings.logs.names_of(self._me):
            before = self.reached.of(log)
            reach = reach_of_all(log, self._theirs, others)
            if not self.reached.raise_to(log, delivered=reach.delivered, read=reach.read):
                continue
            self._stirred.add(_REACHED)
            after = self.reached.of(log)
            for said in self._holdings.logs.of_log(log):
                status = _status(after, said.seq)
                if status > _status(before, said.seq):
                    yield said.id, status

    def status_of(self, log: LogId, seq: int) -> Status:
        """Of an event of ours that was sealed: somebody was handed it."""
        return _status(self.reached.of(log), seq)

    def is_confirmed(self, log: LogId, seq: int) -> bool:
        """Whether somebody else is known to hold it."""
        return any(register.of(log).delivered >= seq for register in self._theirs.values())

    def of_member(self, member: MemberId, log: LogId) -> Mark:
        """How far somebody has got in a log."""
        return self._theirs[member].of(log) if member in self._theirs else Mark()

    def take_stir(self) -> dict[bytes, bytes | None]:
        """The rows that have changed since it was last asked."""
        taken, self._stirred = self._stirred, set()
        return {key: self._row(key) for key in sorted(taken)}

    def _row(self, key: bytes) -> bytes | None:
        if key in {_OURS, _REACHED}:
            return encode_entries((self.ours if key == _OURS else self.reached).entries())
        register = self._theirs.get(MemberId(key[1:].decode()))
        return encode_entries(register.entries()) if register is not None else None


def _status(mark: Mark, seq: int) -> Status:
    if seq <= mark.read:
        return Status.READ
    return Status.DELIVERED if seq <= mark.delivered else Status.SENT
