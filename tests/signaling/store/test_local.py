"""The port's operations on tables: each is one step, with one reading of the clock."""

from signaling.store.local import LocalStore
from signaling.store.port import Store


def test_local_store_offers_the_whole_port() -> None:
    """All but what depends on where the rows are kept."""
    operations = {name for name in vars(Store) if not name.startswith("_")}
    left_open = operations - set(vars(LocalStore))
    assert left_open == {"open", "close", "ping", "signing_key"}
