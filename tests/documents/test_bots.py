"""docs/bots.md: its blocks run together, its bot answers, its tables name what there is."""

import asyncio
import dataclasses
import re
from typing import Any

import pytest

import peer
from peer.rtc.ice import ADDRESSES_SETTING
from peer.testing import Network, Stage
from signaling.app import running_server

from ..rtc.rooms import GUESTS, Company
from .blocks import ROOT, blocks_of

DOCUMENT = "docs/bots.md"


@pytest.fixture
def namespace() -> dict[str, Any]:
    """What a reader has who pastes all blocks into one file."""
    names: dict[str, Any] = {"__name__": "bots", "printed": asyncio.Queue()}
    names["print"] = names["printed"].put_nowait
    for number, block in enumerate(blocks_of(DOCUMENT), start=1):
        exec(compile(block, f"{DOCUMENT}, block {number}", "exec"), names)  # noqa: S102 - our own document
    return names


async def test_its_test_passes(namespace: dict[str, Any], stage: Stage) -> None:
    """The test function of "Tests", with the bot of the first block; and its longer form."""
    tests = [name for name in namespace if name.startswith("test_")]
    assert tests == ["test_bot_adds"]
    await namespace["test_bot_adds"](stage)
    assert await namespace["rehearse"]() == "5"


async def test_its_cookbook_works(namespace: dict[str, Any], stage: Stage) -> None:
    """Each recipe, in the order of the page."""
    await stage.serve(namespace["deckhand"], role="moderator")
    alice = await stage.guest("alice")
    for said, answer in {
        "!paint red 2 the funnel": "the funnel is red now",
        "!paint Green": "the hull is green now",
        "!paint blue": "colour must be one of red, green, not 'blue'; usage: !paint <red|green> [layers] [what...]",
        "!paint red 4": "layers must be at most 3; usage: !paint <red|green> [layers] [what...]",
        "!whois @owner": "owner is owner of Stage",
        "!help praise": "usage: !praise <who>\nGives somebody a point.\nwho: the name of a member",
        "!throw owner": "you may not use !throw: moderators and above may",
        "!praise owner": "owner has 1",
    }.items():
        await alice.say(said)
        assert await alice.hears() == answer
    namespace["news"].put_nowait("land ahead")
    assert await alice.hears() == "land ahead"
    await stage.clock.advance(20 * 3600)
    assert [await alice.hears() for _ in range(5)] == ["the bell rings"] * 5
    await alice.say("!help")  # at four in the morning
    await stage.owner.say("!praise alice")
    assert await alice.hears() == "!praise alice"
    assert await alice.hears() == "alice has 1"
    await stage.clock.advance(4 * 3600)
    assert {await alice.hears(), await alice.hears()} == {"good morning, 3 of us", "the bell rings"}
    await stage.owner.say("!throw alice")
    assert (await alice.next(peer.StateChanged)).reason == "removed"


def test_its_table_of_examples_names_all_bots() -> None:
    """Each of them there is, and no other."""
    text = (ROOT / DOCUMENT).read_text("utf-8")
    named = set(re.findall(r"^\| \[(\w+\.py)\]\(\.\./examples/\1\)", text, re.MULTILINE))
    bots = {path.name for path in (ROOT / "examples").glob("*.py") if "peer.Bot(" in path.read_text("utf-8")}
    assert named == bots


async def test_its_stream_arrives(namespace: dict[str, Any]) -> None:
    """`send` and `receive` of "Streams", between two peers in memory."""
    async with asyncio.timeout(10), Network() as network:
        alice, bob = await network.peer("alice"), await network.peer("bob")
        deck = await alice.create_room("Deck")
        assert deck.invite is not None
        arrivals = deck.events()
        room = await bob.join_room(deck.invite)
        joined = await anext(event async for event in arrivals if isinstance(event, peer.MemberJoined))
        events = room.events()
        sending = asyncio.create_task(namespace["send"](deck, joined.member, b"picture"))
        opened = await anext(event async for event in events if isinstance(event, peer.StreamOpened))
        assert await namespace["receive"](opened) == b"picture"
        await sending


@pytest.mark.rtc
async def test_its_bot_and_its_program_meet(namespace: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> None:
    """`main` of "the long way" opens a room; the bot of "the short way" serves it, among real parts."""
    monkeypatch.setenv(ADDRESSES_SETTING, "127.0.0.1")
    printed: asyncio.Queue[str] = namespace["printed"]
    async with asyncio.timeout(20), running_server(GUESTS) as server, Company() as company:
        program = asyncio.create_task(namespace["main"](server))
        invite = await printed.get()
        carol = await company.join(invite, "carol")
        await carol.hear("ahoy")
        assert (await carol.ear.next(peer.MemberJoined)).member.name == "alice"
        helper = await company.join(invite, "helper")
        serving = asyncio.create_task(namespace["bot"].serve(helper.room))
        await carol.meet(helper)
        await carol.say("!add 2 3")
        await carol.hear("5")
        await carol.say("thanks")
        await carol.hear("you are welcome, carol")
        said = {await printed.get() for _ in range(6)}
        assert {"carol: !add 2 3", "helper: 5", "carol: thanks", "carol came as member", "alice came as owner"} < said
        await helper.room.leave()
        await serving
        await program  # ends at the first who leaves, and leaves too
        assert await printed.get() == "helper left"
        assert (await carol.ear.next(peer.MemberLeft)).member.name == "helper"
        assert (await carol.ear.next(peer.MemberLeft)).member.name == "alice"


def _table(heading: str) -> dict[str, str]:
    """First and second column of the table under a heading."""
    text = (ROOT / DOCUMENT).read_text("utf-8").split(f"## {heading}\n")[1].split("\n## ")[0]
    return dict(re.findall(r"^\| (`.+?) \| (.+) \|$", text, re.MULTILINE))


def test_table_of_events_names_all_of_them_with_their_fields() -> None:
    rows = _table("The events")
    named = {re.sub(r"\W.*", "", name.strip("`")): name for name in rows}
    events = [getattr(peer, name) for name in peer.__all__ if name in named]
    assert {event.__name__ for event in events} == set(named)
    for event in events:
        fields = [field.name for field in dataclasses.fields(event) if field.name not in ("actions",)]
        text = named[event.__name__] + rows[named[event.__name__]]
        assert [field for field in fields if field not in text] == []


def test_table_of_errors_names_public_ones() -> None:
    named = set(re.findall(r"`(\w+)`", " ".join(_table("Errors"))))
    assert {name for name in named if not issubclass(getattr(peer, name), peer.PeerError)} == set()
    assert len(named) >= 8
