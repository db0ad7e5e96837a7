"""A room as its user sees it, over the network in memory."""

from __future__ import annotations

import asyncio
import gc
import weakref

import pytest

from peer import (
    BadSetting,
    Config,
    ConnectionChanged,
    FellBehind,
    MemberAdded,
    MemberJoined,
    MemberLeft,
    Message,
    MessageTooLarge,
    NotJoined,
    OutboxFull,
    PresenceChanged,
    RoomState,
    StateChanged,
    StatusChanged,
    TypingChanged,
    UnreadChanged,
)
from peer.testing import Network

from ..support.rooms import QUICK, linked, next_of, pair, read

# ---- what a room tells of itself


async def test_room_knows_its_name_id_members_and_invite() -> None:
    """The title reaches a guest with the first link; until then the id stands in."""
    async with Network() as network:
        deck, guest = await pair(network)
        assert (deck.name, guest.name, deck.id) == ("Deck", "Deck", guest.id)
        assert deck.invite == guest.invite
        assert (deck.me.name, deck.me.role, deck.me.is_me) == ("ann", "owner", True)
        assert [member.name for member in guest.members] == ["bob", "ann"]
        assert guest.members[1].role == "owner"
        assert repr(guest) == "<Room 'Deck' joined>"
        stranger = await (await network.peer("cy")).join_room(str(deck.invite))
        assert stranger.name == stranger.id


async def test_room_says_which_way_a_link_takes() -> None:
    """In memory there is none; the real ones are in tests/rtc."""
    async with Network() as network:
        deck, guest = await pair(network)
        assert [deck.route(member) for member in deck.members] == [None, None]
        assert guest.route(deck.me.id) is None


# ---- events


async def test_first_stream_has_what_happened_since_the_room_was_entered() -> None:
    """Or whoever asks a moment later would miss the first arrival."""
    async with Network() as network:
        deck, guest = await pair(network)
        await guest.send("early")
        early = deck.events()
        assert (await next_of(early, MemberJoined)).member.name == "bob"
        assert (await next_of(early, Message)).text == "early"


async def test_two_streams_both_get_everything() -> None:
    """Each at its own pace; the second one begins when it was asked for."""
    async with Network() as network:
        deck, guest = await pair(network)
        first, second = deck.events(), deck.events()
        await guest.send("hello")
        await next_of(first, MemberJoined)
        assert (await next_of(first, Message)).text == "hello"
        event = await anext(second)
        assert isinstance(event, Message)


async def test_streams_end_when_the_room_was_left() -> None:
    """After the last event, which says so."""
    async with Network() as network:
        deck, _ = await pair(network)
        streams = deck.events(), deck.events()
        await deck.leave()
        for stream in streams:
            assert [event async for event in stream][-1] == StateChanged(RoomState.LEFT)


async def test_events_asked_for_after_leaving_end_at_once() -> None:
    """The first stream still has what was kept; later ones have nothing."""
    async with Network() as network:
        deck, _ = await pair(network)
        await deck.leave()
        kept = [event async for event in deck.events()]
        kinds = [type(event) for event in kept if not isinstance(event, ConnectionChanged)]
        assert kinds == [MemberAdded, MemberJoined, StateChanged]
        assert [event async for event in deck.events()] == []


async def test_stream_that_nobody_reads_any_more_is_forgotten() -> None:
    """A reader that stops reading holds no events."""
    async with Network() as network:
        deck, _ = await pair(network)
        stream = weakref.ref(deck.events())
        gc.collect()
        assert stream() is None


# ---- slow readers


async def test_first_stream_tells_of_what_was_dropped_before_it_was_asked_for() -> None:
    """A room that nobody listened to for long keeps a bounded number of events, and says so."""
    async with Network() as network:
        deck, guest = await pair(network, config=Config(max_queued_events=7))
        for number in range(5):
            await guest.send(str(number))
        await linked(deck, guest)
        await asyncio.sleep(0.01)
        stream = deck.events()
        kinds = [type(await anext(stream)) for _ in range(7)]
        assert [kind for kind in kinds if kind is not ConnectionChanged] == [
            MemberAdded,
            MemberJoined,
            Message,
            UnreadChanged,
        ]
        with pytest.raises(FellBehind):
            await anext(stream)
        await guest.send("after")
        assert (await next_of(stream, Message)).text == "after"


async def test_first_stream_of_a_room_left_meanwhile_ends_although_it_was_full() -> None:
    """Or its reader would wait for ever."""
    async with Network() as network:
        deck, _ = await pair(network, config=Config(max_queued_events=1))
        await deck.leave()
        [first, word] = await read(deck.events())
        assert isinstance(first, ConnectionChanged)
        assert word == "fell behind 1"


# ---- sending


async def test_message_is_heard_and_can_be_replied_to() -> None:
    """`reply` goes to the room it came from; our own message can be replied to as well."""
    async with Network() as network:
        deck, guest = await pair(network)
        heard, answered = deck.events(), guest.events()
        sent = await guest.send("ping", emote_ids=["25"])
        message = await next_of(heard, Message)
        assert (message.id, message.text, message.sent_at) == (sent.id, "ping", sent.sent_at)
        assert (message.sender.name, message.emote_ids) == ("bob", ("25",))
        reply = await message.reply("pong")
        assert (reply.sender.name, (await next_of(answered, Message)).text) == ("ann", "pong")
        await sent.reply("and on")
        assert (await next_of(heard, Message)).text == "and on"


async def test_draft_becomes_sent_with_the_first_comer() -> None:
    """Written before anybody was there."""
    async with Network() as network:
        ann, bob = await network.peer("ann"), await network.peer("bob")
        deck = await ann.create_room("Deck")
        events = deck.events()
        draft = await deck.send("anybody?")
        assert draft.status == "draft"
        guest = await bob.join_room(str(deck.invite))
        assert (await next_of(guest.events(), Message)).text == "anybody?"
        change = await next_of(events, StatusChanged)
        assert (change.status, change.draft_id) == ("sent", draft.id)
        assert [message.id async for message in deck.history()] == [change.message_id]


async def test_what_cannot_be_sent_is_refused_with_a_sentence() -> None:
    """Too large, half a character, too many drafts, a presence that is none."""
    async with Network() as network:
        ann = await network.peer("ann", config=Config(max_text_bytes=10, max_pending_messages=2))
        deck = await ann.create_room("Deck")
        with pytest.raises(MessageTooLarge, match="takes 11 bytes, 10 are allowed"):
            await deck.send("x" * 11)
        with pytest.raises(BadSetting, match="lone surrogate"):
            await deck.send("\ud800")
        await deck.send("one")  # beside the room's title
        with pytest.raises(OutboxFull, match="2 messages wait already"):
            await deck.send("two")
        with pytest.raises(BadSetting, match="online, away or offline"):
            await deck.set_presence("busy")  # type: ignore[arg-type]


async def test_typing_and_presence_are_told() -> None:
    """As the events that they are."""
    async with Network() as network:
        deck, guest = await pair(network)
        events = deck.events()
        await guest.set_typing(True)
        assert (await next_of(events, TypingChanged)).typing
        await guest.set_presence("away")
        assert (await next_of(events, PresenceChanged)).member.presence == "away"
        assert guest.me.presence == "away"
        await guest.set_typing(False)
        assert not (await next_of(events, TypingChanged)).typing


# ---- leaving


async def test_room_that_was_left_can_be_used_no_more() -> None:
    """Leaving twice, also at once, is fine; everything else says NotJoined with the room's name."""
    async with Network() as network:
        deck, guest = await pair(network)
        events = guest.events()
        await asyncio.gather(deck.leave(), deck.leave())
        await deck.leave()
        for intent in (deck.send("x"), deck.set_typing(True), deck.set_presence("away")):
            with pytest.raises(NotJoined, match="'Deck'"):
                await intent
        assert deck.state is RoomState.LEFT
        assert (await next_of(events, MemberLeft)).reason == "left"


async def test_leaving_while_somebody_types_leaves_no_timer() -> None:
    """The guard of the tests would find it, and a process would wait for it."""
    async with Network() as network:
        deck, guest = await pair(network)
        events = guest.events()
        await deck.set_typing(True)
        await next_of(events, TypingChanged)
        await guest.leave()


# ---- faults


async def test_lost_server_is_told_and_links_live_on() -> None:
    """And the way back."""
    async with Network() as network:
        deck, guest = await pair(network)
        events = deck.events()
        network.stop_server()
        assert (await next_of(events, StateChanged)).state is RoomState.SIGNALING_LOST
        await guest.send("still here")
        assert (await next_of(events, Message)).text == "still here"
        network.start_server()
        assert (await next_of(events, StateChanged)).state is RoomState.JOINED


async def test_cut_links_come_back_by_themselves() -> None:
    """In time, so that nobody leaves; what was written in between arrives once."""
    async with Network() as network:
        deck, guest = await pair(network, config=QUICK)
        events = deck.events()
        await next_of(events, MemberJoined)
        await next_of(events, ConnectionChanged)
        network.cut_links()
        assert (await next_of(events, ConnectionChanged)).state == "suspect"
        await deck.send("in between")
        linked_again = await next_of(events, ConnectionChanged)
        assert (linked_again.state, linked_again.member) == ("linked", deck.members[1])
        assert (await next_of(guest.events(), Message)).text == "in between"
