"""The package's root."""

import pytest

import signaling


def test_root_passes_on_its_public_names() -> None:
    """Loaded on first use."""
    assert all(callable(getattr(signaling, name)) for name in signaling.__all__)
    with pytest.raises(AttributeError, match="nothing"):
        signaling.nothing  # noqa: B018
