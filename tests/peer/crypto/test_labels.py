"""Labels keep uses apart."""

from __future__ import annotations

import hashlib
import re
from pathlib import Path

import pytest

from peer.crypto import labels
from peer.keys import labels as lasting_labels

from .raw_side import hkdf

CONSTANTS = {
    name: value
    for module in (labels, lasting_labels)
    for name, value in vars(module).items()
    if name.isupper() and isinstance(value, bytes)
}
SOURCES = [path for path in Path(labels.__file__).parents[1].rglob("*.py") if path.name != "labels.py"]


def test_every_label_is_ours_and_holds_no_zero_byte() -> None:
    """label ‖ 00 ‖ data can be read in one way only."""
    assert CONSTANTS
    assert all(value.startswith(b"speaktube ") and b"\0" not in value for value in CONSTANTS.values())


def test_only_labels_of_different_uses_share_a_text() -> None:
    """The key that seals signals, and the head of what it authenticates: one is HKDF's info, the other is not."""
    shared = {name for name, value in CONSTANTS.items() if list(CONSTANTS.values()).count(value) > 1}
    assert shared == {"SIGNAL_KEY", "SIGNAL_CONTEXT"}


@pytest.mark.parametrize("name", CONSTANTS)
def test_each_label_is_used_in_one_module(name: str) -> None:
    """A label that two modules use is no longer one for one use."""
    users = [path.name for path in SOURCES if re.search(rf"\b{name}\b", path.read_text("utf-8"))]
    assert len(users) == 1


def test_labelled_data_begins_behind_a_zero_byte() -> None:
    assert labels.labelled(b"label", b"data") == b"label\0data"


def test_label_with_a_zero_byte_is_our_own_bug() -> None:
    with pytest.raises(AssertionError):
        labels.labelled(b"la\0bel", b"data")


def test_hash_covers_label_and_data() -> None:
    assert labels.hash_labelled(b"label", b"data") == hashlib.sha256(b"label\0data").digest()


def test_key_is_the_one_of_rfc_5869() -> None:
    """Compared with HMAC from the standard library."""
    for length in (16, 32):
        expected = hkdf(b"label", material=b"secret", salt=b"salt", length=length)
        assert labels.derive_key(b"label", material=b"secret", salt=b"salt", length=length) == expected
