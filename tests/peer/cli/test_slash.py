"""Lines that begin with a slash are obeyed, or refused in a sentence."""

import pytest

from peer import PresenceChanged
from peer.cli import slash

from ...support.rooms import next_of
from .stage import at_desks


async def test_help_names_every_order() -> None:
    async with at_desks() as (ann, _):
        assert await slash.obey(ann.desk, "/help")
        assert [verb for verb in slash._ORDERS if verb not in ann.said[0] and verb not in _TOLD_AS_OTHERS] == []
        assert "/quit" in ann.said[0]


_TOLD_AS_OTHERS = {"/help", "/members", "/title"}


async def test_unknown_order_says_how_to_send_it() -> None:
    async with at_desks() as (ann, _):
        assert not await slash.obey(ann.desk, "/dance now")
        assert ann.complaints == ["there is no /dance: /help lists what there is, and //dance now sends it as it is"]
        assert ann.said == []


async def test_who_lists_members_with_their_roles() -> None:
    async with at_desks() as (ann, _):
        await slash.obey(ann.desk, "/who")
        [lines] = ann.said
        assert "ann: online, owner (you)" in lines
        assert "bob: online, member" in lines


async def test_away_and_back_are_told() -> None:
    async with at_desks() as (ann, bob):
        heard = bob.desk.room.events()
        await slash.obey(ann.desk, "/away")
        assert (await next_of(heard, PresenceChanged)).member.presence == "away"
        await slash.obey(ann.desk, "/back")
        assert (await next_of(heard, PresenceChanged)).member.presence == "online"


async def test_topic_is_shown_and_set() -> None:
    async with at_desks() as (ann, bob):
        await slash.obey(ann.desk, "/topic")
        await slash.obey(ann.desk, "/topic The Bridge")
        assert ann.said == ["-- Deck"]
        assert ann.desk.room.name == "The Bridge"
        assert not await slash.obey(bob.desk, "/topic Mine")
        assert "you may not" in bob.complaints[0]


@pytest.mark.parametrize(
    ("seconds", "slow_mode_s"), [("10", 10), ("0", 0), ("", None), ("fast", None), ("9" * 30, None)]
)
async def test_slow_mode_takes_seconds(seconds: str, slow_mode_s: int | None) -> None:
    async with at_desks() as (ann, _):
        assert await slash.obey(ann.desk, f"/slow {seconds}") is (slow_mode_s is not None)
        assert ann.desk.room.slow_mode_s == (slow_mode_s or 0)


async def test_room_is_muted_and_heard_again() -> None:
    async with at_desks() as (ann, _):
        assert await slash.obey(ann.desk, "/mute")
        assert ann.desk.room.is_muted
        assert await slash.obey(ann.desk, "/unmute")
        assert not ann.desk.room.is_muted
