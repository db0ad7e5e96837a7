"""The scripts as text; test_conformance.py and test_redis.py run them."""

from signaling.store.port import Limits
from signaling.store.redis.scripts import Scripts


def _texts(limits: Limits) -> dict[str, str]:
    return {name: text for name, text in vars(Scripts(limits)).items() if not name.startswith("_")}


def test_every_bound_is_filled_in() -> None:
    """A place left open would be a syntax error, or a bound that does not hold."""
    assert all("@" not in text for text in _texts(Limits()).values())


def test_bounds_are_those_of_the_settings() -> None:
    """In milliseconds where they are times."""
    texts = _texts(Limits(room_peers=7, peer_ttl_s=1.5))
    assert ">= 7 then return {'ROOM_FULL'}" in texts["join"]
    assert "now + 1500" in texts["join"]


def test_no_script_searches_all_keys_or_reads_our_clock() -> None:
    """Time is Redis' own, and no field of a hash has an expiry: that needs a newer Redis."""
    for text in _texts(Limits()).values():
        assert "KEYS'" not in text.replace("HKEYS'", "")
        assert not {"SCAN", "HEXPIRE"} & set(text.split("'"))
