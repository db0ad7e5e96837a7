"""Answers by a language model, any with a chat-completion endpoint: python examples/chat_completion_bot.py INVITE

    CHAT_URL      http://127.0.0.1:11434/v1, or another base of POST .../chat/completions
    CHAT_MODEL    which model is asked
    CHAT_KEY      or CHAT_KEY_FILE: sent as a bearer token, where the endpoint wants one
    CHAT_STREAM   1: the answer grows while it is written

It answers who begins with its name ("guru, why is the sky blue?") or says !ask. The last words of the room go to the
endpoint with each question: say so to its members, or run a model of your own. Two questions are asked at a time.
"""

import asyncio
import json
import logging
import os
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing
from pathlib import Path
from typing import Any

import aiohttp

import peer

MOST_MESSAGES, MOST_CHARS, MOST_ANSWER_CHARS = 20, 6000, 4000
TIMEOUT_S, EDIT_EVERY_S = 120.0, 1.0
SYSTEM = (
    "You are {name}, in a chat room with several people. Each line begins with who says it. Answer in a few sentences."
)

bot = peer.Bot(name="guru")
log = logging.getLogger("chat_completion_bot")
turns = asyncio.Semaphore(2)


def key() -> str:
    path = os.environ.get("CHAT_KEY_FILE")
    return Path(path).read_text("utf-8").strip() if path else os.environ.get("CHAT_KEY", "")


def is_addressed(text: str) -> bool:
    return text.casefold().removeprefix("@").startswith((bot.name + ",", bot.name + ":", bot.name + " "))


@bot.on
async def listen(message: peer.Message, room: peer.Room) -> None:
    if is_addressed(message.text):
        await answer(message, room)


@bot.command
async def ask(message: peer.Message, room: peer.Room, *, question: str) -> None:  # noqa: ARG001 - the context has it
    """Asks the model."""
    await answer(message, room)


async def answer(message: peer.Message, room: peer.Room) -> None:
    async with turns:
        await room.set_typing(True)
        try:
            async with aclosing(ask_model(await context(room))) as pieces:
                await write(message, pieces)
        except (aiohttp.ClientError, TimeoutError, ValueError, KeyError, IndexError, TypeError) as error:
            log.warning("no answer: %s", type(error).__name__)
            await message.reply("I have no answer just now")
        finally:
            await room.set_typing(False)


async def context(room: peer.Room) -> list[dict[str, str]]:
    """The newest messages that fit, oldest first."""
    lines: list[dict[str, str]] = []
    left = MOST_CHARS
    async for each in room.history(limit=MOST_MESSAGES):
        line = each.text if each.sender.is_me else f"{each.sender.name}: {each.text}"
        left -= len(line)
        if left < 0 and lines:
            break
        lines.append({"role": "assistant" if each.sender.is_me else "user", "content": line[:MOST_CHARS]})
    return [{"role": "system", "content": SYSTEM.format(name=bot.name)}, *reversed(lines)]


async def write(message: peer.Message, pieces: AsyncIterator[str]) -> None:
    """One answer, which grows by edits, no faster than others like to see it."""
    text, sent, edited_at = "", None, bot.clock.now()
    async for piece in pieces:
        text = (text + piece)[:MOST_ANSWER_CHARS]
        if not text.strip() or len(text) == MOST_ANSWER_CHARS:
            continue
        if sent is None:
            sent, shown = await message.reply(text), text
        elif (bot.clock.now() - edited_at).total_seconds() >= EDIT_EVERY_S:
            await sent.edit(text)
            edited_at, shown = bot.clock.now(), text
    if sent is None:
        await message.reply(text.strip() or "I have nothing to say to that")
    elif shown != text:
        await sent.edit(text)


async def ask_model(messages: list[dict[str, str]]) -> AsyncGenerator[str, None]:
    """The answer, in pieces. Raises what aiohttp raises, and ValueError or KeyError for what is no answer."""
    is_stream = os.environ.get("CHAT_STREAM") == "1"
    url = os.environ.get("CHAT_URL", "http://127.0.0.1:11434/v1").rstrip("/") + "/chat/completions"
    body = {"model": os.environ.get("CHAT_MODEL", ""), "messages": messages, "stream": is_stream}
    headers = {"Authorization": f"Bearer {key()}"} if key() else {}
    timeout = aiohttp.ClientTimeout(total=TIMEOUT_S)
    async with (
        aiohttp.ClientSession(timeout=timeout, raise_for_status=True) as session,
        session.post(url, json=body, headers=headers) as response,
    ):
        if not is_stream:
            yield str((await response.json())["choices"][0]["message"]["content"])
            return
        async for line in response.content:
            if piece := piece_of(line):
                yield piece


def piece_of(line: bytes) -> str:
    """Of one line of a stream of events: `data: {...}`, and `data: [DONE]` at the end."""
    head, _, data = line.decode().strip().partition(": ")
    if head != "data" or data == "[DONE]":
        return ""
    event: dict[str, Any] = json.loads(data)
    return str(event["choices"][0]["delta"].get("content") or "") if event.get("choices") else ""


if __name__ == "__main__":
    bot.main()
