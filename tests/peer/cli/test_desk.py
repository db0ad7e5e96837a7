"""How a message looks in a line."""

from dataclasses import replace
from datetime import UTC, datetime

import peer
from peer.cli.desk import day_of
from peer.ids import MemberId, MessageId, Topic

from .stage import at_desks

WHEN = datetime(2026, 1, 2, 12, tzinfo=UTC)
BOB = peer.Member(id=MemberId("bob-key"), name="bob")
SAID = peer.Message(
    id=MessageId("ab"), room=Topic("t"), sender=BOB, text="up\n12:00 <ann> and \x1b[2Jaway", sent_at=WHEN
)


async def test_line_has_time_name_words_and_what_became_of_them() -> None:
    """No line of a message passes for another one, and none steers the terminal."""
    clock = f"{WHEN.astimezone():%H:%M}"
    async with at_desks() as (ann, _):
        line_of = ann.desk.line_of
        assert line_of(SAID) == f"{clock} <bob> up\n      12:00 <ann> and [2Jaway"
        assert line_of(replace(SAID, text="/me waves")) == f"{clock} * bob waves"
        assert line_of(replace(SAID, is_deleted=True, text="")) == f"{clock} <bob> -- taken back"
        assert line_of(replace(SAID, text="x"), is_numbered=True) == f"  #1 {clock} <bob> x"
        assert line_of(replace(SAID, text="x"), has_date=True).startswith(f"{WHEN.astimezone():%Y-%m-%d} ")
        changed = replace(
            SAID, text="x", edited_at=WHEN, is_pinned=True, reactions=(peer.Reaction("👍", (BOB.id, ann.desk.me.id)),)
        )
        assert line_of(changed) == f"{clock} <bob> x (edited, pinned, 👍 2)"
        unseen = replace(SAID, text="x", reply_to=MessageId("cd"))
        assert line_of(unseen) == f"{clock} <bob> x"
        assert line_of(replace(unseen, notice="reply")) == f"{clock} <bob> → ann: x"
        ann.desk.shelf.put(SAID)
        assert line_of(replace(SAID, text="x", reply_to=SAID.id)) == f"{clock} <bob> → bob: x"
        mine = replace(SAID, text="x", sender=ann.desk.room.me, status="draft")
        assert line_of(mine) == f"{clock} <ann> x (draft)"


def test_day_is_told_in_words() -> None:
    assert day_of(WHEN) == f"{WHEN.astimezone():%A, %d %B %Y}"
