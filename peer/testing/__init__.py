"""For tests of bots and rooms: a network in memory, a stage for a bot, a clock to be moved by hand.

`pytest_plugins = ["peer.testing.plugin"]` in a `conftest.py` brings the fixture `stage`. Nothing here needs pytest.
"""

from .clock import ManualClock
from .network import Network
from .stage import Guest, Stage

__all__ = ["Guest", "ManualClock", "Network", "Stage"]
