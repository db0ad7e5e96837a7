"""What a run comes to, in figures and sentences."""

from __future__ import annotations

import dataclasses

import pytest

from .facts import Gauge, Left
from .ledger import Author
from .verdict import faults, figures
from .watch import Record

ANNA, BEN = Author("anna", 1), Author("ben", 1)
GAUGE = Gauge(at=0.0, kib=50_000, blocks=250_000, cpu_s=0.0, files=20, sockets=10, tasks=8, threads=1)


@pytest.fixture
def record() -> Record:
    """Ten minutes."""
    record = Record(began_at=0.0, duration_s=600.0)
    record.gauges[ANNA] = [dataclasses.replace(GAUGE, at=at, cpu_s=at / 50) for at in range(0, 600, 5)]
    return record


def with_kib_per_min(record: Record, slope: int) -> None:
    record.gauges[ANNA] = [dataclasses.replace(each, kib=int(each.at / 60 * slope)) for each in record.gauges[ANNA]]


def test_a_quiet_run_has_no_faults(record: Record) -> None:
    """And its figures say so."""
    lines = {str(line["soak"]): line for line in figures(record)}
    assert faults(record) == []
    assert lines["memory"]["kib_per_min"] == 0
    assert lines["cpu"]["core_share"] == pytest.approx(0.02, abs=0.001)


def test_memory_that_grows_is_a_fault(record: Record) -> None:
    with_kib_per_min(record, 3000)
    assert faults(record) == ["the memory of anna (life 1) grew by 3000 KiB a minute over 535 s"]


def test_memory_of_a_short_run_is_not_judged(record: Record) -> None:
    with_kib_per_min(record, 3000)
    del record.gauges[ANNA][60:]
    assert faults(record) == []


def test_what_is_left_behind_is_named(record: Record) -> None:
    after = dataclasses.replace(GAUGE, sockets=11, tasks=9)
    record.left.append((ANNA, Left(GAUGE, after, ("link",))))
    assert faults(record) == [
        "anna (life 1) left with 11 sockets, and had 10 before: link",
        "anna (life 1) left with 9 tasks, and had 8 before: link",
    ]


def test_a_full_house_holds_as_much_at_the_end_as_at_first(record: Record) -> None:
    record.full_house = [{"anna": GAUGE}, {"anna": dataclasses.replace(GAUGE, files=25)}]
    assert faults(record) == ["anna with all others linked has 25 files, and had 20 before the first blow"]


def test_what_python_holds_does_not_grow(record: Record) -> None:
    """By more than a link that is under way."""
    record.full_house = [{"anna": GAUGE}, {"anna": dataclasses.replace(GAUGE, blocks=275_000)}]
    assert faults(record) == [
        "anna with all others linked holds 25000 blocks of memory more than before the first blow"
    ]


def test_a_lost_message_is_told_with_what_happened_around_it(record: Record) -> None:
    record.blows = ["8.0 s: cleo frozen for 3.0 s", "90.0 s: the server restarts for 2.0 s"]
    record.ledger.link(ANNA, "ben", first=0)
    record.ledger.say(ANNA, 0, at=10.0)
    record.ledger.say(ANNA, 1, at=11.0)
    record.findings = record.ledger.findings([ANNA, BEN], disturbed={})
    assert faults(record) == [
        "number 0 to 1 of anna (life 1): never heard, by ben, said at 10.00 s; around: 8.0 s: cleo frozen for 3.0 s"
    ]
