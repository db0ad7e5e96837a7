"""What the scripts share, as text; test_redis_scripts.py sees it put together, test_redis.py runs it."""

import pytest

from signaling.store.redis import lua as redis_lua


@pytest.mark.parametrize("name", redis_lua.__all__)
def test_part_stands_on_lines_of_its_own(name: str) -> None:
    """Parts are joined as they are: none may run into the next."""
    text = getattr(redis_lua, name)
    assert text.startswith("\n")
    assert text.endswith("\n")


def test_places_for_bounds_are_closed() -> None:
    """An odd one would swallow what follows."""
    assert all(getattr(redis_lua, name).count("@") % 2 == 0 for name in redis_lua.__all__)
