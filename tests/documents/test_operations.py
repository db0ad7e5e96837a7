"""docs/operations.md: the metrics and fields it names are those that there are."""

import io
import json
import logging
import re

import aiohttp
from prometheus_client.parser import text_string_to_metric_families

from signaling.app import running_server
from signaling.logs import make_handler

from ..rtc.rooms import GUESTS
from .blocks import ROOT, check_command, shown_commands

TEXT = (ROOT / "docs" / "operations.md").read_text("utf-8")
METRIC = re.compile(r"\b(?:signaling|process)_[a-z_]+\b")


def section(title: str) -> str:
    """What stands under a heading, up to the next of any level."""
    return re.split(r"\n#+ ", TEXT.split(f"# {title}\n")[1])[0]


async def shown() -> set[str]:
    """The names of all metrics, counters with their `_total`."""
    async with running_server(GUESTS) as url, aiohttp.ClientSession(url) as session, session.get("/metrics") as answer:
        families = list(text_string_to_metric_families(await answer.text()))
    return {family.name + ("_total" if family.type == "counter" else "") for family in families}


async def test_every_metric_is_in_the_table_and_no_other() -> None:
    """Both ways."""
    rows = [line.split("|")[1] for line in section("Metrics").splitlines() if line.startswith("| `")]
    listed = {name for row in rows for name in METRIC.findall(row)}
    assert listed == await shown()


async def test_alerts_ask_for_what_there_is() -> None:
    """A misspelt name would never fire."""
    expressions = re.findall(r"^\| `(.*?)`", section("Alerts worth having"), re.MULTILINE)
    asked = {name.removesuffix("_bucket") for each in expressions for name in METRIC.findall(each)}
    assert asked - await shown() == set()
    assert len(expressions) == section("Alerts worth having").count("\n| ") - 1
    for each in expressions:
        assert [each.count(pair[0]) - each.count(pair[1]) for pair in ("()", "[]", "{}")] == [0, 0, 0], each


def test_line_of_the_log_is_as_shown() -> None:
    """The example, field by field."""
    shown_line = json.loads("".join(re.findall(r"^ {4,}(.*)$", section("The log"), re.MULTILINE)))
    stream = io.StringIO()
    record = logging.LogRecord("signaling", logging.INFO, "", 1, "", (), None)
    record.fields = {"method": "", "route": "", "status": 200, "ms": 1.0}
    make_handler("json", stream).emit(record)
    assert list(shown_line) == [
        *list(json.loads(stream.getvalue()))[:4],
        "request_id",
        "method",
        "route",
        "status",
        "ms",
    ]


def test_commands_of_a_clone_exist() -> None:
    """Those that a trial starts from `.venv`."""
    commands = [command for command in shown_commands("docs/operations.md") if command.startswith(".venv")]
    assert len(commands) >= 2
    for command in commands:
        check_command(command)
