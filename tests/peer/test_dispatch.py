"""One queue a member: order for each, no waiting for others, and bounds."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest

from peer import Event, Member, MemberJoined, MemberLeft, RoomState, StateChanged
from peer.dispatch import Dispatcher
from peer.ids import MemberId
from peer.runtime import Runtime

from ..support.transport import until


def member(name: str) -> Member:
    return Member(id=MemberId(name), name=name)


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


async def test_end_of_the_room_ends_it_after_what_is_queued(runtime: Runtime) -> None:
    """The last event is handled too; ending again does nothing."""
    handler = Handler()
    dispatcher = Dispatcher(handler, runtime)
    dispatcher.put(MemberJoined(member("ann")))
    dispatcher.put(StateChanged(RoomState.LEFT))
    dispatcher.end()
    await dispatcher.wait_ended()
    await until(lambda: len(handler.handled) == 2)


async def test_member_that_left_leaves_no_task_behind(runtime: Runtime) -> None:
    """Unless it came back before its leaving was handled."""
    handler = Handler()
    dispatcher = Dispatcher(handler, runtime)
    idle = len(asyncio.all_tasks())
    for event in (MemberJoined(member("ann")), MemberLeft(member("ann"), "left"), MemberJoined(member("ann"))):
        dispatcher.put(event)
    await until(lambda: len(handler.handled) == 3)
    assert len(asyncio.all_tasks()) == idle + 1
    dispatcher.put(MemberLeft(member("ann"), "left"))
    await until(lambda: len(asyncio.all_tasks()) == idle)
    dispatcher.put(MemberJoined(member("ann")))
    await until(lambda: len(handler.handled) == 5)
    dispatcher.end()


async def test_events_beyond_the_bound_are_dropped_with_a_word(
    runtime: Runtime, caplog: pytest.LogCaptureFixture
) -> None:
    """A member that floods a slow handler grows its own queue to 256, and nobody else's."""
    handler = Handler()
    handler.slow["ann"] = asyncio.Event()
    dispatcher = Dispatcher(handler, runtime)
    for _ in range(300):
        dispatcher.put(MemberJoined(member("ann")))
    dispatcher.put(MemberJoined(member("bob")))
    assert "too slow" in caplog.text
    handler.slow["ann"].set()
    dispatcher.end()
    await until(lambda: len(handler.handled) == 257)


async def test_member_that_floods_and_leaves_is_handled_to_its_end(runtime: Runtime) -> None:
    """There is always a place for its leaving, once, and for the end of the room; its task ends."""
    handler = Handler()
    handler.slow["ann"] = asyncio.Event()
    dispatcher = Dispatcher(handler, runtime)
    idle = len(asyncio.all_tasks())
    for _ in range(3):
        for _ in range(300):
            dispatcher.put(MemberJoined(member("ann")))
        dispatcher.put(MemberLeft(member("ann"), "left"))
    handler.slow["ann"].set()
    await until(lambda: len(asyncio.all_tasks()) == idle)
    assert handler.handled[-1] == MemberLeft(member("ann"), "left")
    assert len(handler.handled) == 257
    dispatcher.end()


async def test_full_queues_still_end(runtime: Runtime) -> None:
    """The room may be left while a handler is slow."""
    handler = Handler()
    handler.slow["ann"] = asyncio.Event()
    dispatcher = Dispatcher(handler, runtime)
    for _ in range(300):
        dispatcher.put(MemberJoined(member("ann")))
    dispatcher.put(MemberLeft(member("ann"), "left"))
    dispatcher.end()
    handler.slow["ann"].set()
    await until(lambda: len(handler.handled) == 257)


async def test_what_was_dropped_before_is_said_in_the_log(runtime: Runtime, caplog: pytest.LogCaptureFixture) -> None:
    """A handler has no other way to learn of it."""
    Dispatcher(Handler(), runtime).fall_behind()
    assert "dropped before any handler" in caplog.text
