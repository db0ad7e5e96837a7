"""Labels of lasting keys; that they differ from all others is tested with those of links."""

from __future__ import annotations

from peer.crypto import labels
from peer.keys import labels as lasting_labels


def test_no_label_is_in_both_places() -> None:
    assert set(lasting_labels.__all__) & set(labels.__all__) == set()
