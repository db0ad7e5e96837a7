"""Registers that only rise."""

from __future__ import annotations

import itertools

import pytest

from peer.errors import MalformedFrame
from peer.ids import MemberId
from peer.log.event import LogId, Plane
from peer.messages.receipts import MAX_ENTRIES, Entry, Mark, Register, decode_entries, encode_entries, reach_of_all

LOG = LogId(b"a" * 32, b"i" * 8, Plane.MESSAGE)
KEY = b"a" * 32 + b"i" * 8


def test_the_higher_number_counts_in_any_order() -> None:
    entries = [Entry(KEY, 3, 1), Entry(KEY, 2, 2), Entry(KEY, 1, 0)]
    for order in itertools.permutations(entries):
        assert Register(order).of(LOG) == Mark(3, 2)


def test_what_rose_is_said() -> None:
    register = Register()
    assert register.merge([Entry(KEY, 3, 1)]) == [LOG]
    assert register.merge([Entry(KEY, 2, 1)]) == []
    assert register.raise_to(LOG, read=4)
    assert not register.raise_to(LOG, delivered=3)
    assert register.of(LOG) == Mark(3, 4)


def test_register_is_bounded_and_the_oldest_goes() -> None:
    register = Register(Entry(number.to_bytes(40, "big"), 1, 0) for number in range(MAX_ENTRIES + 1))
    assert len(register.entries()) == MAX_ENTRIES
    assert register.of(Entry(bytes(40), 1, 0).log) == Mark()


def test_who_begins_many_logs_takes_the_place_of_its_own_alone() -> None:
    """One member may write under any number of incarnations: what we read of others stays read."""
    register = Register([Entry(b"b" * 40, 7, 7)])
    register.merge(Entry(b"m" * 32 + number.to_bytes(8, "big"), 1, 0) for number in range(2 * MAX_ENTRIES))
    assert len(register.entries()) == MAX_ENTRIES
    assert Entry(b"b" * 40, 7, 7) in register.entries()


def test_register_travels() -> None:
    register = Register([Entry(KEY, 3, 1)])
    assert encode_entries(register.entries()).hex() == "9193c428" + KEY.hex() + "0301"
    assert Register(decode_entries(encode_entries(register.entries()))).of(LOG) == Mark(3, 1)
    assert register.entries([LOG]) == register.entries()
    assert register.entries([LogId(b"x" * 32, b"i" * 8, Plane.MESSAGE)]) == ()


@pytest.mark.parametrize("data", [b"", b"\x91\x93\xc4\x01a\x00\x00", encode_entries([Entry(KEY, 2**32, 0)])])
def test_what_is_no_register_is_refused(data: bytes) -> None:
    with pytest.raises(MalformedFrame):
        decode_entries(data)


def test_all_have_got_as_far_as_the_last() -> None:
    bob, cyd, dan = (MemberId(name) for name in ("bob", "cyd", "dan"))
    registers = {bob: Register([Entry(KEY, 3, 1)]), cyd: Register([Entry(KEY, 2, 2)])}
    assert reach_of_all(LOG, registers, [bob, cyd]) == Mark(2, 1)
    assert reach_of_all(LOG, registers, [bob, dan]) == Mark()
    assert reach_of_all(LOG, registers, []) == Mark()
