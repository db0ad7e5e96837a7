"""Lanes over a client that answers when a test says so; test_redis.py runs them over the real one."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest
from redis.exceptions import ConnectionError as Refused
from redis.exceptions import NoScriptError, ResponseError

from signaling.errors import StoreUnavailable
from signaling.store.redis.lanes import Argument, Lanes


class FakeRedis:
    """Notes pipelines, and answers each command with itself unless told otherwise."""

    def __init__(self) -> None:
        self.sent: list[list[tuple[Argument, ...]]] = []
        self.answers: dict[Argument, Any] = {}
        self.gate = asyncio.Event()
        self.gate.set()
        self.is_down = False
        self.refreshed = 0

    def pipeline(self, *, transaction: bool) -> "FakePipeline":
        assert not transaction
        return FakePipeline(self)

    def pubsub(self) -> Any:
        raise NotImplementedError

    async def refresh(self) -> None:
        self.refreshed += 1
        raise Refused

    async def eviction_policies(self) -> set[str]:
        raise NotImplementedError

    async def aclose(self) -> None:
        """Nothing to do."""


class FakePipeline:
    def __init__(self, redis: FakeRedis) -> None:
        self._redis = redis
        self._commands: list[tuple[Argument, ...]] = []

    def execute_command(self, *arguments: Argument) -> None:
        self._commands.append(arguments)

    async def execute(self, *, raise_on_error: bool) -> list[Any]:
        assert not raise_on_error
        await self._redis.gate.wait()
        if self._redis.is_down:
            raise Refused
        self._redis.sent.append(self._commands)
        return [self._redis.answers.get(command[0], command) for command in self._commands]


@pytest.fixture
def redis() -> FakeRedis:
    return FakeRedis()


@pytest.fixture
async def lanes(redis: FakeRedis) -> AsyncIterator[Lanes]:
    """One lane, on which three may wait."""
    lanes = Lanes(redis, lanes=1, max_waiting=3, timeout_s=5)
    lanes.open()
    yield lanes
    await lanes.close()


async def test_commands_asked_together_travel_together(lanes: Lanes, redis: FakeRedis) -> None:
    """One round trip for all, each with its own answer."""
    assert await lanes.ask_many([("A",), ("B", 1)]) == [("A",), ("B", 1)]
    assert redis.sent == [[("A",), ("B", 1)]]
    assert await lanes.ask_many([]) == []
    assert lanes.commands == 2


async def test_what_comes_while_a_lane_is_busy_waits_for_it(lanes: Lanes, redis: FakeRedis) -> None:
    """And is bounded: who comes beyond is told at once."""
    redis.gate.clear()
    first = asyncio.ensure_future(lanes.ask(("A",)))
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    waiting = [asyncio.ensure_future(lanes.ask(("B", number))) for number in range(3)]
    await asyncio.sleep(0)
    with pytest.raises(StoreUnavailable):
        await lanes.ask(("C",))
    redis.gate.set()
    await asyncio.gather(first, *waiting)
    assert [len(sent) for sent in redis.sent] == [1, 3]


async def test_what_has_waited_too_long_is_not_sent(redis: FakeRedis) -> None:
    """Its caller has heard, or is about to hear, that the store does not answer."""
    lanes = Lanes(redis, lanes=1, max_waiting=3, timeout_s=-1)
    lanes.open()
    with pytest.raises(StoreUnavailable):
        await lanes.ask(("A",))
    assert redis.sent == []
    await lanes.close()


async def test_caller_who_has_gone_costs_nothing(lanes: Lanes, redis: FakeRedis) -> None:
    """What nobody waits for any more is not sent."""
    redis.gate.clear()
    first = asyncio.ensure_future(lanes.ask(("A",)))
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    second = asyncio.ensure_future(lanes.ask(("B",)))
    await asyncio.sleep(0)
    second.cancel()
    redis.gate.set()
    await first
    assert await lanes.ask(("C",)) == ("C",)
    assert redis.sent == [[("A",)], [("C",)]]


async def test_unknown_script_is_sent_in_full(lanes: Lanes, redis: FakeRedis) -> None:
    """Only that one again: the others have been done."""
    redis.answers["EVALSHA"] = NoScriptError()
    redis.answers["EVAL"] = b"done"
    assert await lanes.script("return 1", ("key",), (7,)) == b"done"
    assert redis.sent[1] == [("EVAL", "return 1", 1, "key", 7)]
    assert await lanes.scripts([("return 1", (), ())]) == [b"done"]


async def test_lost_connection_is_told_to_all_and_survived(lanes: Lanes, redis: FakeRedis) -> None:
    """Nothing is sent twice."""
    redis.is_down = True
    with pytest.raises(StoreUnavailable):
        await lanes.ask_many([("A",), ("B",)])
    redis.is_down = False
    assert await lanes.ask(("C",)) == ("C",)
    assert redis.sent == [[("C",)]]
    assert redis.refreshed == 1


async def test_lost_node_has_the_cluster_looked_at(lanes: Lanes, redis: FakeRedis) -> None:
    """Once for a while, and the others' answers are given."""
    redis.answers["A"] = Refused()
    for _ in range(3):
        found = await asyncio.gather(lanes.ask(("A",)), lanes.ask(("B",)), return_exceptions=True)
        assert [type(each) for each in found] == [StoreUnavailable, tuple]
    assert redis.refreshed == 1


@pytest.mark.allow_logged_errors
@pytest.mark.parametrize(
    ("error", "shown"),
    [
        ("WRONGTYPE Operation against a key that 192.0.2.1 has", "refuses a command: WRONGTYPE"),
        ("MISCONF", "refuses a command: MISCONF"),
        ("unknown command 'eyJhbGciOi', with args beginning with: '192.0.2.1'", "refuses a command: ResponseError"),
        ("EYJHBGCIOI.192.0.2.1 is no code", "refuses a command: ResponseError"),
        ("", "refuses a command: ResponseError"),
    ],
)
async def test_command_that_redis_refuses_is_logged_by_its_code(
    lanes: Lanes, redis: FakeRedis, caplog: pytest.LogCaptureFixture, error: str, shown: str
) -> None:
    """It is our bug, or another program's data; what Redis quotes may be anybody's, and is not shown."""
    redis.answers["A"] = ResponseError(error)
    with pytest.raises(StoreUnavailable):
        await lanes.ask(("A",))
    assert shown in caplog.text
    assert "192.0.2.1" not in caplog.text
    assert "eyj" not in caplog.text.lower()


@pytest.mark.allow_logged_errors
async def test_bug_in_a_client_does_not_end_a_lane(
    lanes: Lanes, redis: FakeRedis, caplog: pytest.LogCaptureFixture
) -> None:
    """The next caller is served."""
    redis.answers["A"] = KeyError()
    with pytest.raises(StoreUnavailable):
        await lanes.ask(("A",))
    answers, redis.answers = redis.answers, None  # type: ignore[assignment]
    with pytest.raises(StoreUnavailable):
        await lanes.ask(("B",))
    redis.answers = answers
    assert await lanes.ask(("C",)) == ("C",)
    assert "a lane to Redis failed" in caplog.text


async def test_who_waits_at_the_end_is_told(lanes: Lanes, redis: FakeRedis) -> None:
    """Also who comes after it; and closing twice is nothing."""
    redis.gate.clear()
    asked = [asyncio.ensure_future(lanes.ask(("A", number))) for number in range(2)]
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    asked.append(asyncio.ensure_future(lanes.ask(("B",))))
    await asyncio.sleep(0)
    await lanes.close()
    for call in (*asked, lanes.ask(("C",))):
        with pytest.raises(StoreUnavailable):
            await call
    await lanes.close()
