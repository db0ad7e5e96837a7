"""Commands to Redis, a few connections wide: what is asked while a lane is busy goes with its next round trip.

So a quiet server answers at once and a busy one sends fewer, larger pipelines, by itself. Waiting is bounded twice,
in number and in time: a Redis that is slow or gone makes callers hear StoreUnavailable, it does not make them queue.
A command is sent once and never again by itself: a step that was answered too late may have been done.
"""

import asyncio
import contextlib
import hashlib
import logging
import re
from collections.abc import Sequence
from typing import Any, NamedTuple, Protocol

from redis.exceptions import ClusterError, NoScriptError, RedisError, ResponseError
from redis.exceptions import ConnectionError as Unreachable

from ...errors import StoreUnavailable

__all__ = ["Argument", "Client", "Lanes", "Pipeline"]

log = logging.getLogger("signaling")

LOST = (Unreachable, ClusterError, OSError, TimeoutError)
"""Answers that stand for a node of a cluster that did not give one."""

REFRESH_S = 0.5
"""Between two looks at who is in a cluster."""

BATCH_COMMANDS = 128
"""More would not be faster, and would hold up who comes behind."""

CODE = re.compile(r"[A-Z]{2,20}")
"""As Redis and its scripts begin their errors."""

Argument = str | bytes | int


class Pipeline(Protocol):
    """The part of redis-py's pipelines that is used, plain and cluster alike."""

    def execute_command(self, *arguments: Argument) -> Any: ...
    async def execute(self, *, raise_on_error: bool) -> list[Any]: ...


class Client(Protocol):
    """The part of redis-py's clients that is used."""

    def pipeline(self, *, transaction: bool) -> Pipeline: ...
    def pubsub(self) -> Any: ...
    async def refresh(self) -> None: ...
    async def eviction_policies(self) -> set[str]: ...
    async def aclose(self) -> None: ...


class _Call(NamedTuple):
    command: tuple[Argument, ...]
    answer: asyncio.Future[Any]
    give_up_at: float


class Lanes:
    """Runs scripts and commands; `open` starts its tasks, `close` ends them."""

    def __init__(self, client: Client, *, lanes: int, max_waiting: int, timeout_s: float) -> None:
        self._client = client
        self._lanes = lanes
        self._max_waiting = max_waiting
        self._timeout_s = timeout_s
        self._waiting: asyncio.Queue[_Call] = asyncio.Queue()
        self._tasks: list[asyncio.Task[None]] = []
        self._refresh_at = 0.0
        self._digests: dict[str, str] = {}
        self._scripts: dict[str, str] = {}
        self.commands = 0
        """Sent so far: what our operations cost Redis."""

    def open(self) -> None:
        self._tasks = [asyncio.create_task(self._serve()) for _ in range(self._lanes)]

    async def close(self) -> None:
        """Who still waits hears StoreUnavailable."""
        tasks, self._tasks = self._tasks, []
        for task in tasks:
            task.cancel()
        if tasks:
            await asyncio.wait(tasks)
        while not self._waiting.empty():
            _fail(self._waiting.get_nowait(), StoreUnavailable())

    async def script(self, text: str, keys: Sequence[str], arguments: Sequence[Argument]) -> Any:
        """What a script answers; raise StoreUnavailable."""
        return await self.ask(self._evalsha(text, keys, arguments))

    async def scripts(self, calls: Sequence[tuple[str, Sequence[str], Sequence[Argument]]]) -> list[Any]:
        """Many at once, in the order of the calls."""
        return await self.ask_many([self._evalsha(*call) for call in calls])

    async def ask(self, command: tuple[Argument, ...]) -> Any:
        """What a command answers; raise StoreUnavailable."""
        return await self._line_up(command)

    async def ask_many(self, commands: Sequence[tuple[Argument, ...]]) -> list[Any]:
        """Many at once."""
        answers = [self._line_up(command) for command in commands]
        if answers:
            await asyncio.wait(answers)
        return [answer.result() for answer in answers]

    def _evalsha(self, text: str, keys: Sequence[str], arguments: Sequence[Argument]) -> tuple[Argument, ...]:
        digest = self._digests.get(text)
        if digest is None:
            digest = self._digests[text] = hashlib.sha1(text.encode(), usedforsecurity=False).hexdigest()
            self._scripts[digest] = text
        return ("EVALSHA", digest, len(keys), *keys, *arguments)

    def _line_up(self, command: tuple[Argument, ...]) -> asyncio.Future[Any]:
        loop = asyncio.get_running_loop()
        call = _Call(command, loop.create_future(), loop.time() + self._timeout_s)
        if not self._tasks or self._waiting.qsize() >= self._max_waiting:
            _fail(call, StoreUnavailable())
        else:
            self._waiting.put_nowait(call)
        return call.answer

    async def _serve(self) -> None:
        while True:
            calls = [await self._waiting.get()]
            while len(calls) < BATCH_COMMANDS and not self._waiting.empty():
                calls.append(self._waiting.get_nowait())
            try:
                await self._send(self._still_wanted(calls))
            except Exception:
                log.exception("! a lane to Redis failed")
            finally:
                for call in calls:  # on our way out, or after a bug of ours
                    _fail(call, StoreUnavailable())

    def _still_wanted(self, calls: list[_Call]) -> list[_Call]:
        now, wanted = asyncio.get_running_loop().time(), []
        for call in calls:
            if call.give_up_at < now:
                _fail(call, StoreUnavailable())
            elif not call.answer.done():
                wanted.append(call)
        return wanted

    async def _send(self, calls: list[_Call]) -> None:
        if not calls:
            return
        answers = await self._execute([call.command for call in calls])
        unknown = [call for call, answer in zip(calls, answers, strict=True) if isinstance(answer, NoScriptError)]
        for call, answer in zip(calls, answers, strict=True):
            if not isinstance(answer, NoScriptError):
                _settle(call, answer)
        if unknown:  # Redis has been restarted, or is another one by now: with EVAL it learns the script
            again = await self._execute([self._eval(call.command) for call in unknown])
            for call, answer in zip(unknown, again, strict=True):
                _settle(call, answer)

    def _eval(self, command: tuple[Argument, ...]) -> tuple[Argument, ...]:
        return ("EVAL", self._scripts[str(command[1])], *command[2:])

    async def _execute(self, commands: list[tuple[Argument, ...]]) -> list[Any]:
        """One answer or exception for each command; never raises what Redis or the network has done."""
        pipeline = self._client.pipeline(transaction=False)
        for command in commands:
            pipeline.execute_command(*command)
        self.commands += len(commands)
        try:
            answers = await pipeline.execute(raise_on_error=False)
        except (RedisError, OSError, TimeoutError) as error:
            answers = [error] * len(commands)
        if any(isinstance(answer, LOST) for answer in answers):
            await self._refresh()
        return answers

    async def _refresh(self) -> None:
        """Find out who stands in for a node that has failed, not more often than once a pause."""
        now = asyncio.get_running_loop().time()
        if now >= self._refresh_at:
            self._refresh_at = now + REFRESH_S
            with contextlib.suppress(RedisError, OSError, TimeoutError):
                await self._client.refresh()


def _settle(call: _Call, answer: Any) -> None:
    if isinstance(answer, Exception):
        if type(answer) is ResponseError:
            log.error("! Redis refuses a command: %s", _code(answer))
        unavailable = StoreUnavailable()
        unavailable.__cause__ = answer
        _fail(call, unavailable)
    elif not call.answer.done():
        call.answer.set_result(answer)


def _code(error: Exception) -> str:
    """What Redis calls it: the first word of its error, such as OOM or ERR. What follows may quote what was sent."""
    word = str(error).partition(" ")[0]
    return word if CODE.fullmatch(word) else type(error).__name__


def _fail(call: _Call, error: Exception) -> None:
    if not call.answer.done():
        call.answer.set_exception(error)
        call.answer.exception()  # whoever has gone meanwhile shall not be reported as having missed it
