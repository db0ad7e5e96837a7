"""The bots of examples/ do what their first lines promise, on the stage that bot authors have too."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import json
import xml.etree.ElementTree
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from aiohttp import web

import peer
from peer.testing import Stage

from ..support.transport import until
from .bots import load

HOUR_S = 3600


@asynccontextmanager
async def endpoint(path: str, handler: Any) -> AsyncIterator[str]:
    """An HTTP server of the test's own, on a free port."""
    app = web.Application()
    app.router.add_post(path, handler)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    try:
        yield f"http://127.0.0.1:{runner.addresses[0][1]}"
    finally:
        await runner.cleanup()


async def test_echo_bot_says_it_back(stage: Stage) -> None:
    """The one of the README."""
    await stage.serve(load("echo_bot").bot)
    alice = await stage.guest("alice")
    await alice.say("ahoy")
    assert await alice.hears() == "ahoy"


async def test_keeper_hands_what_was_said_to_whoever_was_away(stage: Stage, tmp_path: Path) -> None:
    """All others have gone meanwhile; it also finds what was said."""
    await stage.serve(load("history_keeper").bot)
    alice, bob = await stage.guest("alice"), await stage.guest("bob", data_dir=tmp_path)
    await bob.leave()
    await alice.say("the key is under the mat")
    await alice.say("!find KEY mat")
    assert "alice: the key is under the mat" in await alice.hears()
    await alice.leave()
    await stage.owner.leave()
    bob = await stage.guest("bob", data_dir=tmp_path)
    assert await bob.hears() == "the key is under the mat"
    await bob.say("!find treasure")
    await until(lambda: bob.of(peer.Message)[-1].text == "nobody said 'treasure', as far as I know")
    await bob.say("!kept")
    await until(lambda: "messages since" in bob.of(peer.Message)[-1].text)


async def test_reminder_comes_at_its_time_also_after_a_restart(stage: Stage, tmp_path: Path) -> None:
    """Late where the bot was away; nobody forgets another's."""
    bot = load("reminder_bot").bot
    await stage.serve(bot, data_dir=tmp_path / "kept")
    alice, bob = await stage.guest("alice"), await stage.guest("bob")
    await alice.say("!remind 10m tea is ready")
    assert await alice.hears() == "I shall, in 0:10:00"
    await stage.clock.advance(599)
    await alice.say("!reminders")
    assert await alice.hears() == "1. in 0:00:01: tea is ready"
    await stage.clock.advance(1)
    assert await alice.hears() == "alice: tea is ready"
    await alice.say("!remind 1h the cake")
    assert await alice.hears() == "I shall, in 1:00:00"
    await stage.stop(bot)
    await stage.clock.advance(2 * HOUR_S)
    await stage.serve(load("reminder_bot").bot, data_dir=tmp_path / "kept")
    await stage.clock.advance(1)
    assert await alice.hears() == "alice: the cake (late, I was away)"
    for said, answer in {
        "!remind soon x": "when must be a time such as 90s, 10m, 2h or 3d; usage: !remind <when> <text...>",
        "!remind 1d bread": "I shall, in 1 day, 0:00:00",
    }.items():
        await alice.say(said)
        assert await alice.hears() == answer
    await bob.say("!forget 1")
    assert await alice.hears() == "!forget 1"
    assert "number must be one of !reminders, 1 to 0" in await alice.hears()
    for said, answer in {"!forget 1": "forgotten: bread", "!reminders": "none of yours waits"}.items():
        await alice.say(said)
        assert await alice.hears() == answer


async def test_moderator_deletes_warns_and_removes(
    stage: Stage, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Words in any spelling, edits too; moderators are let alone, and forgive."""
    (tmp_path / "words").write_text("bilge\nrats\n", "utf-8")
    monkeypatch.setenv("MODERATION_WORDS", str(tmp_path / "words"))
    await stage.serve(load("moderation_bot").bot, role="moderator")
    alice = await stage.guest("alice")
    said = await alice.say("you ＢＩＬＧＥ!")
    assert await alice.hears() == "alice: mind your words (1 of 3)"
    assert (await alice.next(peer.MessageDeleted)).message.id == said.id
    await stage.owner.say("rats!")
    assert await alice.hears() == "rats!"
    await stage.owner.say("!forgive alice")
    assert await alice.hears() == "!forgive alice"
    assert await alice.hears() == "alice is forgiven"
    for number in range(6):
        await alice.say(f"message {number}")
    assert await alice.hears() == "alice: slow down (1 of 3)"
    await stage.clock.advance(60)
    polite = await alice.say("good evening")
    await polite.edit("good evening, rats")
    assert await alice.hears() == "alice: mind your words (2 of 3)"
    await alice.say("!strikes alice")
    assert await alice.hears() == "alice: 2 of 3"
    await alice.say("rats")
    assert (await alice.next(peer.StateChanged)).reason == "removed"


async def test_quiz_gives_a_point_to_the_first_right_answer(
    stage: Stage, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And tells the answer when nobody knows."""
    (tmp_path / "questions").write_text("1 + 1?\t2\nno answer\nsea?\tblue\n", "utf-8")
    monkeypatch.setenv("QUIZ_FILE", str(tmp_path / "questions"))
    await stage.serve(load("quiz_bot").bot)
    alice = await stage.guest("alice")
    for said, answer in (
        ("!scores", "nobody has any yet"),
        ("!quiz", "1 + 1?"),
        ("!quiz", "there is a question already; usage: !quiz"),
        ("2", "right! alice has 1"),
        ("!scores", "1 alice"),
    ):
        await alice.say(said)
        assert await alice.hears() == answer
    await alice.say("!quiz")
    assert await alice.hears() == "sea?"
    await stage.clock.advance(31)
    assert await alice.hears() == "nobody knew: blue"
    await alice.say("blue")
    await alice.say("!quiz")
    assert await alice.hears() == "1 + 1?"


async def test_metrics_are_drawn_for_light_and_dark_pages(
    stage: Stage, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A sound picture, whose bars are as many as there are hours."""
    module = load("metrics_bot")
    monkeypatch.setenv("METRICS_FILE", str(tmp_path / "messages.svg"))
    await stage.serve(module.bot)
    stage.clock.set(datetime.now(UTC))  # messages bear the time of this machine
    alice = await stage.guest("alice")
    for _ in range(3):
        await alice.say("one more")
    await alice.say("!plot")
    assert await alice.hears() == "▁" * 23 + "█ 3 messages in 24 hours"
    picture = xml.etree.ElementTree.fromstring((tmp_path / "messages.svg").read_text("utf-8"))  # noqa: S314 - ours
    bars = picture.findall("{http://www.w3.org/2000/svg}rect")
    assert len(bars) == 24
    assert [float(bar.attrib["height"]) > 0 for bar in bars] == [False] * 23 + [True]
    assert "prefers-color-scheme: dark" in str(picture.findtext("{http://www.w3.org/2000/svg}style"))


async def test_bridge_carries_messages_out_signed_and_tries_again(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The webhook fails once; the pause is the bot's clock's."""
    taken, failures = list[tuple[bytes, str]](), [500]

    async def hook(request: web.Request) -> web.Response:
        if failures:
            return web.Response(status=failures.pop())
        taken.append((await request.read(), request.headers["X-Signature"]))
        return web.Response(status=204)

    async with endpoint("/hook", hook) as url:
        monkeypatch.setenv("WEBHOOK_URL", f"{url}/hook")
        monkeypatch.setenv("WEBHOOK_SECRET", "hush")
        bot = load("webhook_bridge").bot
        await stage.serve(bot)
        alice = await stage.guest("alice")
        await alice.say("ahoy out there")
        await until(lambda: not failures)
        while not taken:
            await stage.clock.advance(1)
            await asyncio.sleep(0.001)
        body, signature = taken[0]
        assert json.loads(body)["text"] == "ahoy out there"
        assert signature == "sha256=" + hmac.digest(b"hush", body, hashlib.sha256).hex()
        await stage.stop(bot)


async def test_bridge_takes_in_only_who_knows_the_secret(
    stage: Stage, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """Out of a file, so that it stands in no environment."""
    (tmp_path / "secret").write_text("hush\n", "utf-8")
    monkeypatch.setenv("WEBHOOK_SECRET_FILE", str(tmp_path / "secret"))
    monkeypatch.setenv("WEBHOOK_LISTEN", "127.0.0.1:0")
    bot = load("webhook_bridge").bot
    await stage.serve(bot)
    alice = await stage.guest("alice")
    await until(lambda: "listening on" in caplog.text)
    url = caplog.records[-1].getMessage().split()[-1]
    body = {"from": "ci", "text": "the build broke"}
    async with aiohttp.ClientSession() as session:
        for secret, sent, status in (("guess", body, 401), ("hush", {"text": 1}, 400), ("hush", body, 202)):
            headers = {"Authorization": f"Bearer {secret}"}
            async with session.post(url, json=sent, headers=headers) as answer:
                assert answer.status == status
    assert await alice.hears() == "[ci] the build broke"
    await stage.stop(bot)


class Model:
    """A chat-completion endpoint that answers what it is told to, and remembers what it was asked."""

    def __init__(self, *pieces: str, status: int = 200) -> None:
        self.pieces = pieces
        self.status = status
        self.asked: list[dict[str, Any]] = []
        self.keys: list[str | None] = []

    async def answer(self, request: web.Request) -> web.StreamResponse:
        self.asked.append(body := await request.json())
        self.keys.append(request.headers.get("Authorization"))
        if not body["stream"]:
            answer = {"choices": [{"message": {"role": "assistant", "content": "".join(self.pieces)}}]}
            return web.json_response(answer, status=self.status)
        response = web.StreamResponse(headers={"Content-Type": "text/event-stream"})
        await response.prepare(request)
        for piece in self.pieces:
            event = json.dumps({"choices": [{"delta": {"content": piece}}]})
            await response.write(f"data: {event}\n\n".encode())
        await response.write(b"data: [DONE]\n\n")
        return response


async def test_model_is_asked_with_the_last_words_of_the_room(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    """By name or by command; everything else is not for it."""
    model = Model("Because of the air.")
    async with endpoint("/v1/chat/completions", model.answer) as url:
        monkeypatch.setenv("CHAT_URL", f"{url}/v1/")
        monkeypatch.setenv("CHAT_MODEL", "small")
        monkeypatch.setenv("CHAT_KEY", "sesame")
        await stage.serve(load("chat_completion_bot").bot)
        alice = await stage.guest("alice")
        await alice.say("what a sky")
        await alice.say("Guru, why is it blue?")
        assert await alice.hears() == "Because of the air."
        [asked] = model.asked
        assert (asked["model"], model.keys) == ("small", ["Bearer sesame"])
        assert asked["messages"][0]["role"] == "system"
        said = [{"role": "user", "content": f"alice: {text}"} for text in ("what a sky", "Guru, why is it blue?")]
        assert asked["messages"][1:] == said
        await alice.say("!ask and at night?")
        assert await alice.hears() == "Because of the air."
        assert model.asked[1]["messages"][3] == {"role": "assistant", "content": "Because of the air."}


async def test_answer_of_a_model_grows_and_its_failure_is_a_sentence(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Edits show the rest; nobody in the room sees why it failed."""
    model = Model("Because ", "of ", "the air.")
    async with endpoint("/chat/completions", model.answer) as url:
        monkeypatch.setenv("CHAT_URL", url)
        monkeypatch.setenv("CHAT_STREAM", "1")
        monkeypatch.delenv("CHAT_KEY", raising=False)
        await stage.serve(load("chat_completion_bot").bot)
        alice = await stage.guest("alice")
        await alice.say("!ask why?")
        assert await alice.hears() == "Because "
        assert (await alice.next(peer.MessageEdited)).message.text == "Because of the air."
        assert model.keys == [None]
        monkeypatch.setenv("CHAT_STREAM", "0")
        model.status = 503
        await alice.say("guru: why?")
        assert await alice.hears() == "I have no answer just now"
