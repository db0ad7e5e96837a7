"""One queue a member: order for each, no waiting for others, and bounds."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime

import pytest

from peer import (
    Event,
    Member,
    MemberJoined,
    MemberLeft,
    Message,
    MessageDeleted,
    MessageEdited,
    MessagePinned,
    RoomState,
    StateChanged,
)
from peer.bots.dispatch import Dispatcher
from peer.ids import MemberId, MessageId, Topic
from peer.runtime import Runtime

from ...support.transport import until


def member(key: str, name: str = "") -> Member:
    return Member(id=MemberId(key), name=name or key)


def message(sender: Member) -> Message:
    now = datetime(2030, 1, 1, tzinfo=UTC)
    return Message(id=MessageId("m"), room=Topic("t"), sender=sender, text="hello", sent_at=now)


class Handler:
    """Notes what it handles; those of some members wait until they may go on."""

    def __init__(self) -> None:
        self.handled: list[Event] = []
        self.slow: dict[str, asyncio.Event] = {}

    async def __call__(self, event: Event) -> None:
        about = getattr(event, "member", None)
        if about is not None and about.id in self.slow:
            await self.slow[about.id].wait()
        self.handled.append(event)


@pytest.fixture
async def runtime() -> AsyncIterator[Runtime]:
    async with Runtime() as runtime:
        yield runtime


async def test_events_of_one_member_are_handled_in_order(runtime: Runtime) -> None:
    """Whatever the others do."""
    handler = Handler()
    dispatcher = Dispatcher(handler, runtime)
    events: list[Event] = [MemberJoined(member(name)) for _ in range(3) for name in ("ann", "bob")]
    for event in events:
        dispatcher.put(event)
    dispatcher.end()
    await until(lambda: len(handler.handled) == 6)
    for name in ("ann", "bob"):
        ordered = [event for event in events if event == MemberJoined(member(name))]
        assert [event for event in handler.handled if event == MemberJoined(member(name))] == ordered


async def test_slow_handler_for_one_member_holds_up_nobody_else(runtime: Runtime) -> None:
    """Nor what is about no member at all."""
    handler = Handler()
    handler.slow["ann"] = asyncio.Event()
    dispatcher = Dispatcher(handler, runtime)
    for event in (MemberJoined(member("ann")), MemberJoined(member("bob")), StateChanged(RoomState.JOINED)):
        dispatcher.put(event)
    await until(lambda: len(handler.handled) == 2)
    assert MemberJoined(member("ann")) not in handler.handled
    handler.slow["ann"].set()
    dispatcher.end()
    await until(lambda: len(handler.handled) == 3)


async def test_edits_wait_behind_what_their_author_did_and_nobody_else(runtime: Runtime) -> None:
    """Deletions and pins as well."""
    handler = Handler()
    handler.slow["ann"] = asyncio.Event()
    dispatcher = Dispatcher(handler, runtime)
    of_ann, of_bob = message(member("ann")), message(member("bob"))
    dispatcher.put(MemberJoined(member("ann")))
    for each in (of_ann, of_bob):
        for event in (each, MessageEdited(each), MessagePinned(each), MessageDeleted(each)):
            dispatcher.put(event)
    await until(lambda: len(handler.handled) == 4)
    assert handler.handled == [of_bob, MessageEdited(of_bob), MessagePinned(of_bob), MessageDeleted(of_bob)]
    handler.slow["ann"].set()
    dispatcher.end()
    await until(lambda: len(handler.handled) == 9)


async def test_end_of_the_room_ends_it_after_what_is_queued(runtime: Runtime) -> None:
    """The last event is handled too; ending again does nothing."""
    handler = Handler()
    dispatcher = Dispatcher(handler, runtime)
    dispatcher.put(MemberJoined(member("ann")))
    dispatcher.put(StateChanged(RoomState.LEFT))
    dispatcher.end()
    await dispatcher.wait_ended()
    await until(lambda: len(handler.handled) == 2)


async def test_what_comes_when_nobody_serves_any_more_is_for_nobody() -> None:
    """The program was told to stop; the room lives on for a moment."""
    handler = Handler()
    async with Runtime() as runtime:
        dispatcher = Dispatcher(handler, runtime)
        dispatcher.close()
    dispatcher.put(MemberJoined(member("ann")))
    assert handler.handled == []


async def test_authors_who_never_leave_leave_no_task_behind(runtime: Runtime) -> None:
    """Somebody may pass on words under any number of keys, and of who was never here nobody hears that it left."""
    handler = Handler()
    dispatcher = Dispatcher(handler, runtime)
    idle = len(asyncio.all_tasks())
    for number in range(300):
        dispatcher.put(message(member(f"key {number}")))
    await until(lambda: len(handler.handled) == 300)
    await until(lambda: len(asyncio.all_tasks()) == idle)
    dispatcher.put(message(member("key 7")))
    await until(lambda: len(handler.handled) == 301)
    dispatcher.end()


async def test_beyond_the_bound_the_oldest_are_dropped_and_counted(
    runtime: Runtime, caplog: pytest.LogCaptureFixture
) -> None:
    """A member that floods a slow handler grows its own queue so far, and nobody else's; the log says it once."""
    handler, dropped = Handler(), list[Event]()
    handler.slow["ann"] = asyncio.Event()
    dispatcher = Dispatcher(handler, runtime, max_waiting=3, on_drop=dropped.append)
    dispatcher.put(MemberJoined(member("ann", "first")))
    await asyncio.sleep(0)
    for number in range(5):
        dispatcher.put(MemberJoined(member("ann", str(number))))
    dispatcher.put(MemberJoined(member("bob")))
    assert len(dropped) == 2
    assert caplog.text.count("too slow") == 1
    handler.slow["ann"].set()
    dispatcher.end()
    await until(lambda: len(handler.handled) == 5)
    names = [event.member.name for event in handler.handled if isinstance(event, MemberJoined)]
    assert [name for name in names if name != "bob"] == ["first", "2", "3", "4"]


async def test_member_that_floods_and_leaves_is_handled_to_its_end(runtime: Runtime) -> None:
    """What is newest is kept, so its leaving is; its task ends."""
    handler = Handler()
    handler.slow["ann"] = asyncio.Event()
    dispatcher = Dispatcher(handler, runtime, max_waiting=10)
    idle = len(asyncio.all_tasks())
    for _ in range(3):
        for _ in range(30):
            dispatcher.put(MemberJoined(member("ann")))
        dispatcher.put(MemberLeft(member("ann"), "left"))
    handler.slow["ann"].set()
    await until(lambda: len(asyncio.all_tasks()) == idle)
    assert handler.handled[-1] == MemberLeft(member("ann"), "left")
    assert len(handler.handled) == 10
    dispatcher.end()


async def test_finishing_takes_nothing_more_and_waits_for_what_came(runtime: Runtime) -> None:
    """But for the end of the room, which is told to the last."""
    handler = Handler()
    handler.slow["ann"] = asyncio.Event()
    dispatcher = Dispatcher(handler, runtime)
    for _ in range(2):
        dispatcher.put(MemberJoined(member("ann")))
    finishing = asyncio.create_task(dispatcher.finish(within_s=60))
    await asyncio.sleep(0)
    dispatcher.put(MemberJoined(member("bob")))
    assert not finishing.done()
    handler.slow["ann"].set()
    await finishing
    dispatcher.put(StateChanged(RoomState.LEFT))
    await until(lambda: len(handler.handled) == 3)
    assert handler.handled[-1] == StateChanged(RoomState.LEFT)


async def test_finishing_is_bounded(runtime: Runtime) -> None:
    """A handler that hangs keeps nobody from stopping the bot."""
    handler = Handler()
    handler.slow["ann"] = asyncio.Event()
    dispatcher = Dispatcher(handler, runtime)
    dispatcher.put(MemberJoined(member("ann")))
    await dispatcher.finish(within_s=0.01)
    assert handler.handled == []
    handler.slow["ann"].set()
    dispatcher.end()


async def test_what_was_dropped_before_is_said_in_the_log(runtime: Runtime, caplog: pytest.LogCaptureFixture) -> None:
    """A handler has no other way to learn of it."""
    Dispatcher(Handler(), runtime).fall_behind()
    assert "dropped before any handler" in caplog.text
