"""One message, and how far it got."""

from __future__ import annotations

import io
from datetime import UTC, datetime
from pathlib import Path

import pytest

from peer import BadSetting, Member, Message, StatusChanged
from peer.cli.running import NOT_IN_TIME
from peer.cli.send import Progress, _send, text_of
from peer.ids import MemberId, MessageId, Topic
from peer.testing import Network

from ...support.rooms import next_of
from .stage import open_peer, options


class Pipe(io.StringIO):
    """What comes in as bytes."""

    def __init__(self, data: bytes, *, is_terminal: bool = False) -> None:
        super().__init__()
        self.buffer = io.BytesIO(data)  # type: ignore[misc]
        self._is_terminal = is_terminal

    def isatty(self) -> bool:
        return self._is_terminal


def test_text_is_on_the_line_or_comes_in() -> None:
    assert text_of(["ahoy", "there"], Pipe(b"not this")) == "ahoy there"
    assert text_of([], Pipe(b"two\nlines caf\xe9\n\n")) == "two\nlines caf\ufffd"
    for source in (Pipe(b"\n"), Pipe(b"", is_terminal=True)):
        with pytest.raises(BadSetting, match="what is to be sent"):
            text_of([], source)


@pytest.mark.parametrize("wait", ["sent", "delivered"])
async def test_message_is_sent_and_the_room_left(wait: str, capsys: pytest.CaptureFixture[str]) -> None:
    async with Network() as network:
        host = await network.peer("host")
        deck = await host.create_room("Deck")
        heard = deck.events()
        words = options("send", str(deck.invite), "x", "--wait", wait, "--json")
        assert await _send(open_peer(network, "ann"), str(deck.invite), "ahoy", words) == 0
        assert (await next_of(heard, Message)).text == "ahoy"
        assert f'"status":"{wait}"' in capsys.readouterr().out


async def test_message_that_nobody_took_is_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """With what becomes of it: it is kept, and goes out the next time; or it is gone."""
    async with Network() as network:
        async with open_peer(network, "ann", tmp_path) as ann:
            await ann.create_room("Deck")
        words = ["send", "Deck", "x", "--timeout", "0.05"]
        assert await _send(open_peer(network, "ann", tmp_path), "Deck", "ahoy", options(*words)) == NOT_IN_TIME
        assert "it is kept" in capsys.readouterr().err
        await (await network.peer("host")).create_room("Lobby", public=True)
        temporary = options(*words, "--temporary", "--wait", "read")
        assert await _send(open_peer(network, "bob"), "Lobby", "ahoy", temporary) == NOT_IN_TIME
        assert "not read by all yet" in capsys.readouterr().err


def test_what_was_heard_early_counts() -> None:
    """A draft may be taken before `send` has returned."""
    progress = Progress()
    draft = Message(
        id=MessageId("d"),
        room=Topic("t"),
        sender=Member(id=MemberId("a"), name="ann", is_me=True),
        text="x",
        sent_at=datetime(2026, 1, 1, tzinfo=UTC),
        status="draft",
    )
    progress.put(StatusChanged(MessageId("m"), "sent", draft_id=draft.id))
    progress.put(StatusChanged(MessageId("other"), "read"))
    progress.follow(draft)
    assert (progress.id, progress.status) == ("m", "sent")
    assert progress.has_reached("sent")
    assert not progress.has_reached("delivered")
