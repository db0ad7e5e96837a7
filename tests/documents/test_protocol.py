"""docs/protocol.md shows what the code does, where both have a table."""

import re
from pathlib import Path
from typing import get_args

from peer.core.connection import TRANSITIONS, Happening
from peer.ports import Channel
from peer.wire.frames import Frame
from peer.wire.message_frames import MessageFrame, ProfileFrame

DOCUMENT = Path(__file__).parents[2] / "docs" / "protocol.md"

COLUMNS = (
    {Happening.TRY},
    {Happening.OPEN},
    {Happening.SILENCE, Happening.BREAK},
    {Happening.SIGN},
    {Happening.FAIL},
    {Happening.LOSE},
    {Happening.END},
)


def test_table_of_connections_is_that_of_the_code() -> None:
    """Two happenings share a column: what leads anywhere leads to the same state."""
    states = {state for state, _ in TRANSITIONS}
    rows = [line.strip("| ").split("|") for line in DOCUMENT.read_text("utf-8").splitlines() if line.startswith("| ")]
    table = {cells[0].strip(): [cell.strip() for cell in cells[1:]] for cells in rows if cells[0].strip() in states}
    expected = {
        state: [" ".join(sorted({TRANSITIONS.get((state, each), "") for each in column} - {""})) for column in COLUMNS]
        for state in states
    }
    assert table == expected


def _numbers(heading: str) -> set[int]:
    """Those that begin the rows of the tables under a heading, up to the next of any level."""
    section = re.split(r"\n#+ ", DOCUMENT.read_text("utf-8").split(f"# {heading}\n")[1])[0]
    return {int(number) for number in re.findall(r"^\| (\d+) ", section, re.MULTILINE)}


def test_every_frame_has_a_row_and_no_other() -> None:
    """Those of messages have theirs where they are explained, be they on links or not."""
    frames = {frame.__struct_config__.tag for frame in get_args(Frame)}
    of_messages = {frame.__struct_config__.tag for frame in get_args(MessageFrame | ProfileFrame)}
    assert _numbers("Frames") == frames - of_messages
    assert of_messages <= _numbers("Messages")


def test_channels_are_those_of_the_code() -> None:
    """Number and label, and how many the sentence above the table says there are."""
    text = DOCUMENT.read_text("utf-8").split("# Part 2: links\n")[1].split("\n#")[0]
    rows = re.findall(r"^\| (\d+) \| `(\w+)` \|", text, re.MULTILINE)
    assert rows == [(str(channel.value), channel.label) for channel in Channel]
    assert f"{('no', 'one', 'two', 'three', 'four')[len(rows)]} negotiated data channels" in text
