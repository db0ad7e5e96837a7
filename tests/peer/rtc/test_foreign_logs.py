"""Addresses stay out of the log of a program that logs everything at INFO, unless it asks for them."""

from __future__ import annotations

import logging
import subprocess
import sys
from collections.abc import Iterator

import pytest

from peer.rtc.foreign_logs import FOREIGN_LOGS_SETTING, quieten

LOGGERS = ("aioice", "aiortc")


@pytest.fixture(autouse=True)
def levels() -> Iterator[None]:
    """As before, afterwards."""
    before = [logging.getLogger(name).level for name in LOGGERS]
    for name in LOGGERS:
        logging.getLogger(name).setLevel(logging.NOTSET)
    yield
    for name, level in zip(LOGGERS, before, strict=True):
        logging.getLogger(name).setLevel(level)


def test_addresses_of_aioice_are_not_logged() -> None:
    """Nor packets of aiortc; what is wrong there is."""
    quieten({})
    for name in ("aioice.ice", "aioice.turn", "aiortc.rtcsctptransport"):
        assert not logging.getLogger(name).isEnabledFor(logging.INFO)
        assert logging.getLogger(name).isEnabledFor(logging.WARNING)


def test_program_may_ask_for_them() -> None:
    """By the setting, or by a level of its own."""
    logging.getLogger("aiortc").setLevel(logging.DEBUG)
    quieten({})
    assert logging.getLogger("aiortc.rtcdtlstransport").isEnabledFor(logging.DEBUG)
    logging.getLogger("aioice").setLevel(logging.NOTSET)
    quieten({FOREIGN_LOGS_SETTING: "1"})
    assert logging.getLogger("aioice").level == logging.NOTSET


def test_links_are_quiet_without_being_asked() -> None:
    """Whoever makes links has imported this."""
    program = (
        "import logging, peer.rtc; logging.basicConfig(level=logging.DEBUG); "
        "logging.getLogger('aioice.ice').info('192.0.2.1'); logging.getLogger('aiortc').debug('192.0.2.1')"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert (done.stdout, done.stderr) == ("", "")
