"""What the library asks of the outside; the adapters in memory keep to it, says the type checker."""

from peer import testing
from peer.ports import Channel, IceServer, RoomRecord, Route, Signaling


def test_channels_have_the_ids_and_labels_of_the_protocol() -> None:
    """docs/protocol.md, part 2."""
    assert [(channel.value, channel.label) for channel in Channel] == [(0, "events"), (1, "ephemeral"), (2, "bulk")]


def test_credentials_of_a_turn_server_are_not_printed() -> None:
    """They end up in logs otherwise."""
    assert "secret" not in repr(IceServer(("turn:turn.example",), "user", "secret"))


def test_secrets_of_a_room_are_not_printed() -> None:
    """Neither the room's nor the invite's."""
    shown = repr(RoomRecord(secret=b"secret of room", seed=b"seed of invite", title="Deck"))
    assert ("secret of room" in shown, "seed of invite" in shown, "Deck" in shown) == (False, False, True)


def test_route_is_printed_without_addresses() -> None:
    """Logs hold none."""
    route = Route("relay", "srflx", "tls", "ipv4", "203.0.113.7:1", "198.51.100.7:2")
    assert str(route) == "relay-srflx tls ipv4"
    assert "203.0.113.7" not in repr(route)
    assert "198.51.100.7" not in repr(route)


def test_network_in_memory_is_a_signaling_server() -> None:
    """Checked here by name at run time, and by type in this very line."""
    signaling: Signaling = testing.Network().transport("ann").signaling
    assert signaling.server == "http://memory.invalid"
