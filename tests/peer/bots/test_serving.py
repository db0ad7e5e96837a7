"""Bots as programs: how they enter their rooms, what they say when they cannot, and how they stop."""

from __future__ import annotations

import asyncio
import io
import os
import signal
from pathlib import Path
from typing import Any

import pytest

from peer import BadSetting, Bot, Config, JoinRefused, Peer, Place, Room, RoomState, StateChanged
from peer.bots.serving import INVITE_SETTING, _folder, _join_or_create
from peer.testing import Network

from ...support.rooms import linked

# ---- entering a room


async def test_bot_enters_a_public_room_or_makes_it() -> None:
    """Whoever starts first."""
    async with Network() as network:
        first = await _join_or_create(await network.peer("one"), "Lobby")
        second = await _join_or_create(await network.peer("two"), "Lobby")
        await linked(first, second)
        assert len(network.rooms) == 1


async def test_two_bots_that_make_the_same_room_at_once_meet_in_it() -> None:
    """The slower one finds it made between its two calls."""
    async with Network() as network:
        one, two = await network.peer("one"), await network.peer("two")
        join, tries = two.join_room, list[str]()

        async def join_too_early(where: str) -> Room:
            tries.append(where)
            if len(tries) == 1:
                made.append(await one.create_room(where, public=True))
                raise JoinRefused("no_such_room", "there was none a moment ago")
            return await join(where)

        made: list[Room] = []
        two.join_room = join_too_early  # type: ignore[method-assign]
        entered = await _join_or_create(two, "Lobby")
        await linked(made[0], entered)
        assert tries == ["Lobby", "Lobby"]


@pytest.mark.parametrize("refused_call", ["join_room", "create_room"])
async def test_any_other_refusal_is_passed_on(refused_call: str) -> None:
    """A full room is not made once more."""
    full = JoinRefused("room_full", "this room is full")

    async def refuse(*_: object, **__: object) -> Room:
        raise full

    async with Network() as network:
        me = await network.peer("one")
        setattr(me, refused_call, refuse)
        with pytest.raises(JoinRefused) as caught:
            await _join_or_create(me, "Lobby")
        assert caught.value is full


# ---- scripts


class Running:
    """`Bot.run` makes its own peers; here it gets them in memory, and SIGTERM in place of a person's Ctrl-C."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.networks: dict[str, Network] = {}
        self.options: list[dict[str, Any]] = []
        self.stops_after_s = 0.01
        monkeypatch.setattr("peer.bots.serving.Peer", self._make_peer)

    def network(self, server: str) -> Network:
        return self.networks.setdefault(server, Network())

    def _make_peer(self, server: str, *, name: str, **options: Any) -> Peer:
        self.options.append({"server": server, **options})
        asyncio.get_running_loop().call_later(self.stops_after_s, signal.raise_signal, signal.SIGTERM)
        return Peer(server, name=name, transport=self.network(server).transport(name))


@pytest.fixture
def running(monkeypatch: pytest.MonkeyPatch) -> Running:
    return Running(monkeypatch)


SERVER, OTHER = "http://memory.invalid", "http://other.invalid:8080"


def test_bot_runs_until_it_is_told_to_stop(running: Running, capsys: pytest.CaptureFixture[str]) -> None:
    """It says on standard error that it is there, and leaves the room in the end."""
    bot, heard = Bot("bot"), list[StateChanged]()

    @bot.on
    async def listen(event: StateChanged) -> None:
        heard.append(event)

    bot.run(SERVER, room="Lobby")
    assert "bot is in the room; Ctrl-C leaves" in capsys.readouterr().err
    assert heard == [StateChanged(RoomState.LEFT)]
    assert running.network(SERVER).rooms == ()


def test_bot_serves_several_rooms_on_several_servers(
    running: Running, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    """One peer a server, each with a folder and a token of its own."""
    bot, left = Bot("bot"), list[str]()

    @bot.on
    async def listen(event: StateChanged, room: Room) -> None:
        left.append(room.name)

    places = [
        Place(SERVER, room="Lobby", token="one"),
        Place(SERVER, room="Deck", token="one"),
        Place(OTHER, room="Bar"),
    ]
    bot.run(*places, data_dir=tmp_path, passphrase="secret")
    assert sorted(left) == ["Bar", "Deck", "Lobby"]
    assert "in the room Bar" in capsys.readouterr().err
    one, two = running.options
    assert (one["server"], one["token"], one["data_dir"]) == (SERVER, "one", tmp_path / "memory.invalid")
    assert (two["server"], two["token"], two["data_dir"]) == (OTHER, None, tmp_path / "other.invalid_8080")
    assert one["passphrase"] == "secret"


def test_place_hides_its_secrets() -> None:
    """An invite is one, and a token too."""
    assert repr(Place("http://memory.invalid/j#secret", token="jwt")) == "Place(room=None)"


def test_bot_that_cannot_enter_ends_with_a_sentence(running: Running) -> None:
    """And exit code 1: no traceback for somebody who mistyped."""
    running.network(SERVER).is_serving = False
    places: list[tuple[list[Any], dict[str, Any], str]] = [
        ([SERVER], {"room": "Lobby"}, "bot: no signaling server answers"),
        ([SERVER], {}, "bot: which room"),
        ([], {}, "bot: which room"),
        ([SERVER + "/j#short"], {}, "bot: this invite link is not complete"),
        ([SERVER, OTHER], {"room": "Lobby", "token": "jwt"}, "bot: a token is for one server"),
        ([Place(SERVER, room="a", token="x"), Place(SERVER, room="b")], {}, "bot: rooms on one server"),
    ]
    for where, options, sentence in places:
        with pytest.raises(SystemExit, match=sentence):
            Bot("bot").run(*where, **options)


def test_folder_of_one_server_is_not_taken_for_several(tmp_path: Path) -> None:
    """Else a bot that gets a second server would be somebody new on the first."""
    assert _folder(None, SERVER, is_alone=False) is None
    assert _folder(tmp_path, SERVER, is_alone=True) == tmp_path
    (tmp_path / "identity.key").touch()
    with pytest.raises(
        BadSetting, match=r"holds the identity for one server alone: move its files to .*memory.invalid"
    ):
        _folder(tmp_path, SERVER, is_alone=False)


def test_bot_that_is_told_to_stop_finishes_its_answer(running: Running) -> None:
    """Its handlers have so long as the configuration says."""
    bot, answered = Bot("bot", config=Config(handler_grace_s=5)), list[str]()
    running.stops_after_s = 60

    @bot.background
    async def ask_itself(room: Room) -> None:
        for dispatcher in tuple(bot._serving):
            dispatcher.put(StateChanged(RoomState.JOINED))

    @bot.on
    async def answer(event: StateChanged, room: Room) -> None:
        if event.state is RoomState.JOINED:
            signal.raise_signal(signal.SIGTERM)
            await asyncio.sleep(0.02)
            answered.append((await room.send("still here")).status)

    bot.run(SERVER, room="Lobby")
    assert answered == ["draft"]


# ---- the command line


def test_command_line_says_where_and_names_no_secret(
    running: Running, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Secrets come from files, the environment or standard input."""
    for name, text in (("phrase", "open sesame\n"), ("token", "jwt\nmore")):
        (tmp_path / name).write_text(text, "utf-8")
    files = ["--passphrase-file", str(tmp_path / "phrase"), "--token-file", str(tmp_path / "token")]
    Bot("bot").main([SERVER, "--room", "Lobby", "--data-dir", "kept", *files])
    monkeypatch.setenv(INVITE_SETTING, SERVER)
    Bot("bot").main(["--room", "Lobby"])
    monkeypatch.setattr("sys.stdin", io.StringIO(OTHER + "\n"))
    Bot("bot").main(["-", "--room", "Lobby"])
    first, second, third = running.options
    assert (first["passphrase"], first["token"], first["data_dir"]) == ("open sesame", "jwt", Path("kept"))
    assert (second["server"], third["server"]) == (SERVER, OTHER)
    with pytest.raises(SystemExit, match="0"):
        Bot("bot").main(["--help"])
    assert "--data-dir" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        ([], "bot: which room[?] pass an invite link, - to be asked for it, or set SPEAKTUBE_INVITE"),
        ([SERVER, "--token-file", "missing"], "bot: .*No such file"),
        ([SERVER, "--token-file", os.devnull], "bot: the first line of /dev/null is empty"),
    ],
)
def test_bad_command_line_ends_with_a_sentence(
    arguments: list[str], sentence: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And no traceback."""
    monkeypatch.delenv(INVITE_SETTING, raising=False)
    with pytest.raises(SystemExit, match=sentence):
        Bot("bot").main(arguments)
