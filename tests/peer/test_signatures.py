"""Signatures of many events, on all cores."""

from __future__ import annotations

import threading

import pytest

from peer.log.event import Signed
from peer.signatures import Signatures

from ..support.keys import identity

LABEL = b"speaktube test"


def signed(number: int) -> Signed:
    ann, data = identity("ann"), str(number).encode()
    return ann.public_key, LABEL, ann.sign(LABEL, data), data


def spoilt(one: Signed) -> Signed:
    return *one[:3], one[3] + b"!"


@pytest.mark.parametrize("cores", [1, 2, 3, 16])
@pytest.mark.parametrize("count", [0, 1, 2, 7])
def test_each_answer_is_that_of_its_signature(cores: int, count: int) -> None:
    """Whoever looked at it; a bad one spoils no other."""
    batch = [signed(number) if number % 3 else spoilt(signed(number)) for number in range(count)]
    signatures = Signatures(cores)
    try:
        assert signatures.verify_all(batch) == [bool(number % 3) for number in range(count)]
    finally:
        signatures.close()


def test_one_core_starts_no_thread() -> None:
    before = threading.active_count()
    assert Signatures(1).verify_all([signed(1), signed(2)]) == [True, True]
    assert threading.active_count() == before


def test_threads_end_when_they_are_closed() -> None:
    """And start again for whoever comes later."""
    before, signatures = threading.active_count(), Signatures(2)
    for _ in range(2):
        assert signatures.verify_all([signed(1), signed(2)]) == [True, True]
        assert threading.active_count() > before
        signatures.close()
        assert threading.active_count() == before
    signatures.close()
