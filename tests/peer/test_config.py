"""Defaults that fit each other and the wire."""

import dataclasses

import pytest

from peer import Config
from peer.messages.bodies import MAX_TEXT_BYTES
from peer.wire import frames


def test_defaults_keep_to_the_wire() -> None:
    """What we allow ourselves, others must be able to read."""
    config = Config()
    assert config.max_text_bytes <= MAX_TEXT_BYTES
    assert config.max_name_chars <= frames.MAX_NAME_CHARS


def test_default_times_fit_each_other() -> None:
    """A lost heartbeat loses no link; buffers wait before they close."""
    config = Config()
    assert config.lost_after_s > 2 * config.heartbeat_s
    assert config.max_buffered_bytes > config.high_water_bytes


def test_configuration_is_frozen() -> None:
    """Machines read it at any time."""
    with pytest.raises(dataclasses.FrozenInstanceError):
        Config().heartbeat_s = 1.0  # type: ignore[misc]
