"""What waits for somebody to hear it."""

from __future__ import annotations

import pytest

from peer.errors import MalformedFrame, OutboxFull
from peer.log.event import EventId
from peer.messages.bodies import Delete, Text
from peer.messages.drafts import Drafts


def test_drafts_are_kept_in_the_order_of_writing() -> None:
    """By their keys, also from one run to the next."""
    drafts = Drafts(limit=3)
    keys = [drafts.add(Text(text)).key for text in "abc"]
    assert keys == sorted(keys)
    rows = {key: row for key, row in drafts.take_stir().items() if row is not None}
    again = Drafts(limit=4, rows=rows)
    assert [draft.body for draft in again] == [Text("a"), Text("b"), Text("c")]
    assert again.add(Text("d")).key > keys[-1]
    assert len(again) == 4


def test_drafts_are_bounded() -> None:
    drafts = Drafts(limit=1)
    drafts.add(Text("a"))
    with pytest.raises(OutboxFull):
        drafts.add(Text("b"))


def test_draft_is_changed_and_taken_back() -> None:
    place = (7, EventId(bytes(32)))
    drafts = Drafts(limit=3)
    key = drafts.add(Delete(), place).key
    assert key in drafts
    rows = drafts.take_stir()
    assert next(iter(Drafts(limit=1, rows={key: rows[key] or b""}))).ref == place
    assert drafts.replace(key, Text("other")).ref == place
    drafts.drop(key)
    assert key not in drafts
    assert drafts.take_stir() == {key: None}
    assert drafts.take_stir() == {}


@pytest.mark.parametrize("row", [b"", b"\x93\x63\xc4\x00\xc0", b"\x93\x01\xc4\x00\xc0"])
def test_row_that_is_not_ours_is_refused(row: bytes) -> None:
    with pytest.raises(MalformedFrame):
        Drafts(limit=1, rows={bytes(8): row})
