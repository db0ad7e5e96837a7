"""docs/protocol.md shows what the code does, where both have a table."""

from pathlib import Path

from peer.core.connection import TRANSITIONS, Happening

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
