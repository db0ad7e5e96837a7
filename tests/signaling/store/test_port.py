"""The port's values."""

import dataclasses

from signaling.config import Config
from signaling.ids import RoomId
from signaling.store.port import Cursor, Limits


def test_limits_default_to_the_settings() -> None:
    """One number for each bound, wherever it is read."""
    assert Config().limits == Limits()
    assert {each.name for each in dataclasses.fields(Limits)} <= {each.name for each in dataclasses.fields(Config)}


def test_cursors_sort_by_time_then_room() -> None:
    """The order of the list of rooms."""
    assert Cursor(1.0, RoomId("b")) < Cursor(2.0, RoomId("a")) < Cursor(2.0, RoomId("b"))
