import pytest

from peer.errors import Closed
from peer.peer import Peer
from peer.testing import Network
from peer.tui.session import Session


async def test_one_peer_is_open_and_is_closed_at_the_end() -> None:
    """Another name or server closes the one before."""
    async with Network() as network:

        def open_peer(server: str, name: str) -> Peer:
            return Peer(server, name=name, transport=network.transport(name))

        async with Session(open_peer) as session:
            alice = await session.peer("http://memory.invalid", "alice")
            assert await session.peer("http://memory.invalid", "alice") is alice
            bob = await session.peer("http://memory.invalid", "bob")
            with pytest.raises(Closed):
                await alice.create_room("Deck")
            await bob.create_room("Deck")
        with pytest.raises(Closed):
            await bob.create_room("Galley")
