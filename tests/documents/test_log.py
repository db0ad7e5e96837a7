"""docs/log.md: its example is that of the vectors, its drawing can be read, and the bounds beside it are the code's."""

import dataclasses
import hashlib
import json
import re
from typing import Any
from xml.etree import ElementTree

import msgspec

from peer.config import Config
from peer.core.message_exchange import MessageExchange
from peer.messages.window import Limits
from peer.wire.message_frames import MAX_EVENTS, MAX_PART_BYTES

from .blocks import ROOT

TEXT = (ROOT / "docs" / "log.md").read_text("utf-8")
CONVERSATION = json.loads((ROOT / "tests" / "vectors" / "messages" / "conversation.json").read_text("utf-8"))


def _shown() -> bytes:
    """The example, put together from the first column of its table."""
    section = TEXT.split("## 1. Bytes\n")[1].split("\n## ")[0]
    return bytes.fromhex("".join(re.findall(r"^\| `([0-9a-f ]+)` \|", section, re.MULTILINE)))


def _named(name: str) -> bytes:
    """A value of the block below that table."""
    return bytes.fromhex("".join(re.findall(rf"^    {name} +([0-9a-f]+)", TEXT, re.MULTILINE)))


def test_example_is_the_first_event_of_the_vectors() -> None:
    """Byte by byte, with its id, and the digest of whoever holds it alone."""
    event: dict[str, Any] = CONVERSATION["events"][0]
    assert _shown() == bytes.fromhex(event["event"])
    assert _named("id") == bytes.fromhex(event["id"])
    assert _named("room id") == bytes.fromhex(CONVERSATION["roomId"])
    assert _named("digest") == bytes.fromhex(CONVERSATION["after"][0]["digest"])


def test_id_and_digest_follow_as_the_page_says() -> None:
    """By nothing but the words of the page and of docs/protocol.md: header, author and incarnation by their places."""
    header = _shown()[3 : 3 + 0x61]
    assert _named("id") == hashlib.sha256(b"speaktube v1 event id\0" + _named("room id") + header).digest()
    log = header[4:36] + header[38:46]
    assert _named("digest") == hashlib.sha256(log + bytes(4) + _named("id") + b"\0").digest()[:16]


def test_summary_follows_as_the_page_says() -> None:
    """Ranges of seq, and the fingerprint over the ids in them, of each log, by its key; of both sides."""
    exchange = json.loads((ROOT / "tests" / "vectors" / "messages" / "exchange.json").read_text("utf-8"))
    held = {"away": exchange["heldByAway"], "there": exchange["heldByThere"]}
    summaries = [each for each in exchange["frames"] if each["type"] == "MessageSummary"]
    assert {each["from"] for each in summaries} == {"away", "there"}
    for each in summaries:
        logs: dict[str, list[dict[str, Any]]] = {}
        for event in CONVERSATION["events"][: held[each["from"]]]:
            logs.setdefault(event["author"] + event["incarnation"], []).append(event)
        expected = [
            [bytes.fromhex(key), 0, [1, len(events)], _fingerprint(events)] for key, events in sorted(logs.items())
        ]
        tag, part, since, is_last = msgspec.msgpack.decode(bytes.fromhex(each["bytes"]))
        assert (tag, since, is_last) == (17, 0, True)
        assert msgspec.msgpack.decode(part) == [b"", b"", [-1, b""], expected]


def _fingerprint(events: list[dict[str, Any]]) -> bytes:
    return hashlib.sha256(b"".join(bytes.fromhex(event["id"]) for event in events)).digest()[:16]


def test_every_file_it_names_exists() -> None:
    """Vectors in its last table, code in its first paragraph, and the drawing."""
    folder = ROOT
    for name in re.findall(r"`((?:tests/|peer/)?[\w/]+\.(?:json|py))`|\]\((\w+\.\w+)\)", TEXT):
        path = name[0] or f"docs/{name[1]}"
        file = ROOT / path if "/" in path else folder / path
        assert file.is_file(), path
        folder = file.parent


def test_drawing_can_be_read_in_the_dark_and_by_ear() -> None:
    """Colours for both themes, a title and a description, and every colour by a class that has both."""
    drawing = (ROOT / "docs" / "log.svg").read_text("utf-8")
    root = ElementTree.fromstring(drawing)  # noqa: S314 - our own drawing
    space = "{http://www.w3.org/2000/svg}"
    assert [bool(root.findtext(space + name)) for name in ("title", "desc")] == [True, True]
    light, dark = drawing.split("<style>")[1].split("</style>")[0].split("@media (prefers-color-scheme: dark)")
    coloured = {name for node in root.iter() for name in node.get("class", "").split()}
    for style in (light, dark):
        assert coloured <= set(re.findall(r"\.(\w+) \{", style))


def test_bounds_of_the_protocol_are_those_of_the_code() -> None:
    """The table at the end of docs/protocol.md."""
    limits = Limits()
    rows = dict(
        re.findall(r"^\| (\w[^|]*) \| ([\d;, ]+) \|$", (ROOT / "docs" / "protocol.md").read_text("utf-8"), re.M)
    )
    assert rows["texts; edits and reactions, of one author; deletions, of one author"] == (
        f"{limits.max_texts}; {limits.max_about}, {limits.max_about_of_author}; "
        f"{limits.max_deletions}, {limits.max_deletions_of_author}"
    )
    assert rows["pins; settings of a kind; limbo; forks, of one author"] == (
        f"{limits.max_pins}; {limits.max_settings}; {limits.max_void}; {limits.max_forks}, {limits.max_author_forks}"
    )


def test_pace_of_comparing_is_that_of_the_code() -> None:
    """The figures of its seventh section, and how long what is late is held back."""
    config = Config()
    exchange = {each.name: each.default for each in dataclasses.fields(MessageExchange)}
    figures = (
        f"every {0.75 * config.compare_every_s:g} to {1.25 * config.compare_every_s:g} s",
        f"{config.announce_after_s:g} s after something came in",
        f"at most {MAX_PART_BYTES // 1024} KiB and {MAX_EVENTS} events",
        f"waits {exchange['pause_s']:g} s before",
        f"{exchange['max_pause_s']:g} s at most; and it does not ask",
        f"heard of for {exchange['timeout_s']:g} s counts as lost",
        f"{config.receive_burst} are heard at once on a link and {config.receive_per_s:g} a second",
        f"in rooms of up to {config.max_receipt_members}",
    )
    assert [figure for figure in figures if figure not in TEXT] == []
    assert config.answer_window == 8, "the page says eight"
