"""The user's JWT, from a text or from whoever supplies it."""

import asyncio
from collections.abc import Callable
from typing import Any

import pytest

from peer.errors import BadSetting, ConnectivityError, TokenUnavailable
from peer.ports import TokenSource
from peer.signaling.tokens import UserToken


def supplied(source: TokenSource, *, timeout_s: float = 1.0) -> UserToken:
    return UserToken(source, timeout_s=timeout_s)


@pytest.mark.parametrize("source", [None, "a.b.c"])
async def test_token_that_is_given_stays(source: str | None) -> None:
    """None is a guest's."""
    token = supplied(source)
    assert [await token.get() for _ in range(2)] == [source, source]


async def test_fresh_token_comes_from_a_call_each_time() -> None:
    """Of a function, or of one that is awaited."""
    numbers = iter(range(4))

    async def later() -> str:
        await asyncio.sleep(0)
        return f"later.{next(numbers)}"

    for source, wanted in ((lambda: f"now.{next(numbers)}", ["now.0", "now.1"]), (later, ["later.2", "later.3"])):
        token = supplied(source)
        assert [await token.get() for _ in range(2)] == wanted


@pytest.mark.parametrize("text", ["", "two words", "line\nbreak", "zoë"])
def test_text_that_no_header_can_carry_is_refused_at_once(text: str) -> None:
    """Its text stays out of the sentence."""
    with pytest.raises(BadSetting) as caught:
        supplied(text)
    assert not text or text not in str(caught.value)


def failing() -> str:
    raise ValueError("secret of the provider")


@pytest.mark.parametrize("source", [failing, lambda: "", lambda: "two words", lambda: 7, lambda: None])
async def test_call_that_gives_none_is_an_outage(source: Callable[[], Any]) -> None:
    """The provider may be there soon; what it said is the cause, and not in the sentence."""
    with pytest.raises(TokenUnavailable) as caught:
        await supplied(source).get()
    assert isinstance(caught.value, ConnectivityError)
    assert caught.value.__cause__ is not None
    assert "secret" not in str(caught.value)
    assert "words" not in str(caught.value)


async def test_call_that_hangs_is_given_up() -> None:
    """After the time that any call to a server has."""

    async def never() -> str:
        await asyncio.Event().wait()
        return "never"

    with pytest.raises(TokenUnavailable, match=r"within 0\.01 s"):
        await supplied(never, timeout_s=0.01).get()


async def test_cancellation_passes_through() -> None:
    """Whoever waits may stop waiting."""
    begun = asyncio.Event()

    async def never() -> str:
        begun.set()
        await asyncio.Event().wait()
        return "never"

    waiting = asyncio.create_task(supplied(never).get())
    await begun.wait()
    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting


def test_token_does_not_show() -> None:
    """Not in a traceback's locals either."""
    assert "a.b.c" not in repr(supplied("a.b.c"))
