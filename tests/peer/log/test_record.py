"""What is kept of a room's messages: changes add up."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from peer.log.event import EventId
from peer.log.record import LogChanges, Shown, Summary, merged

IDS = [EventId(bytes([number]) * 32) for number in range(3)]
KEYS = st.sampled_from([b"a", b"b"])
VALUES = st.sampled_from([b"1", b"2"])


def shown(event: EventId, text: str = "ahoy") -> Shown:
    return Shown(event, 7 << 16, bytes(32), text)


def changes() -> st.SearchStrategy[LogChanges]:
    """None of them adds and purges the same event."""
    events = st.dictionaries(st.sampled_from(IDS), VALUES, max_size=2)
    return events.flatmap(
        lambda added: st.builds(
            LogChanges,
            events=st.just(added),
            purged=st.frozensets(st.sampled_from(IDS)).map(lambda purged: purged - added.keys()),
            shown=st.dictionaries(st.sampled_from(IDS), st.none() | st.sampled_from([shown(IDS[0])])),
            drafts=st.dictionaries(KEYS, st.none() | VALUES),
            registers=st.dictionaries(KEYS, st.none() | VALUES),
            state=st.none() | VALUES,
            summary=st.none() | st.sampled_from([Summary(title="Deck"), Summary(title="Hold")]),
        )
    )


@dataclass
class Model:
    """What is kept, one dictionary for all."""

    kept: dict[object, object] = field(default_factory=dict)

    def take(self, changes: LogChanges) -> Model:
        for event in changes.purged:
            self.kept.pop(event, None)
        parts: dict[str, Mapping[Any, object]] = {
            "event": changes.events,
            "shown": changes.shown,
            "draft": changes.drafts,
            "register": changes.registers,
            "state": {} if changes.state is None else {b"": changes.state},
            "summary": {} if changes.summary is None else {b"": changes.summary},
        }
        for name, rows in parts.items():
            for key, value in rows.items():
                self.kept[key if name == "event" else (name, key)] = value
        self.kept = {key: value for key, value in self.kept.items() if value is not None}
        return self


@settings(max_examples=40)
@given(changes(), changes(), changes())
def test_both_in_one_are_one_after_the_other(before: LogChanges, first: LogChanges, second: LogChanges) -> None:
    """Whatever was kept before."""
    assert Model().take(before).take(first.then(second)) == Model().take(before).take(first).take(second)
    assert not first.then(second).purged & first.then(second).events.keys()
    assert merged((before, first, second)) == before.then(first).then(second)


def test_message_has_its_place() -> None:
    """By its clock, then by its id, as everywhere."""
    assert shown(IDS[1]).cursor == (7 << 16, IDS[1])


def test_what_was_said_is_in_no_log_line() -> None:
    """`repr` hides texts."""
    assert "ahoy" not in repr((shown(IDS[0]), Summary(title="Deck", text="ahoy")))
