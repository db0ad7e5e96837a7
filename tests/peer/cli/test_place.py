"""Which room a word on the command line means."""

from pathlib import Path

import pytest

from peer import BadSetting, JoinRefused, Message, UsageError
from peer.cli.place import Watch, enter, find_kept, has_company, maybe_kept, named_place, short_id
from peer.testing import Network

from ...support.rooms import linked, next_of
from ...support.transport import until
from .stage import at_desks, open_peer


def test_dash_stands_for_the_invite_in_the_environment() -> None:
    """Arguments are read by others."""
    assert named_place("Deck", environment={}) == "Deck"
    assert named_place(None, environment={}) is None
    assert named_place("-", environment={"SPEAKTUBE_INVITE": " link\n"}) == "link"
    with pytest.raises(BadSetting, match="SPEAKTUBE_INVITE"):
        named_place("-", environment={})


async def test_room_is_entered_by_link_by_title_or_by_name(tmp_path: Path) -> None:
    """A title goes before a public room of that name; two of one title are told apart by their ids."""
    async with Network() as network:
        host = await network.peer("host")
        deck, other = await host.create_room("Deck"), await host.create_room("deck")
        lobby = await host.create_room("Lobby", public=True)
        assert deck.invite is not None
        assert other.invite is not None
        async with open_peer(network, "ann", tmp_path) as ann:
            assert (await enter(ann, deck.invite)).room_id == deck.room_id
            assert (await enter(ann, "Lobby")).room_id == lobby.room_id
            with pytest.raises(JoinRefused, match=r"no public room .* is called Nowhere"):
                await enter(ann, "Nowhere")
        async with open_peer(network, "ann", tmp_path) as ann:
            kept = await find_kept(ann, "DECK")
            assert await maybe_kept(ann, short_id(kept)) == kept
            assert (await enter(ann, "Deck")).room_id == deck.room_id
            entered = await enter(ann, other.invite)
            await until(lambda: entered.name == "deck")
            with pytest.raises(UsageError, match=r"2 conversations are called deck.*by its id"):
                await enter(ann, "deck")
            with pytest.raises(UsageError, match="rooms --mine"):
                await find_kept(ann, "Nowhere")


async def test_waiting_ends_in_time_or_when_the_room_does() -> None:
    async with at_desks() as (ann, _):
        room, watch = ann.desk.room, Watch(ann.desk.room)
        assert has_company(room)
        assert await watch.until(lambda: True, timeout_s=None)
        assert not await watch.until(lambda: False, timeout_s=0.01)
        watch.fall_behind()
        await room.leave()
        assert not await watch.until(lambda: False, timeout_s=None)


async def test_looking_on_takes_nothing(tmp_path: Path) -> None:
    """What came while a command waited for something else is told to the next that reads."""
    async with Network() as network:
        host = await network.peer("host")
        deck = await host.create_room("Deck")
        async with open_peer(network, "ann", tmp_path) as ann:
            room = await ann.join_room(str(deck.invite))
            watch = Watch(room)
            await linked(deck, room)
            await deck.send("ahoy")
            assert await watch.until(lambda: room.unread == 1, timeout_s=1)
        async with open_peer(network, "ann", tmp_path) as ann:
            events = (await enter(ann, "Deck")).events()
            assert (await next_of(events, Message)).text == "ahoy"
