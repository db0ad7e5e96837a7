"""aiortc's objects as we make them; none of them touches the network."""

import pytest
from aiortc import RTCPeerConnection

from peer.ports import Channel, IceServer
from peer.rtc.connection import certificate_fingerprint, create_channel, create_connection, dtls_of, to_rtc_candidate
from peer.rtc.sdp import maybe_candidate


def _open(*servers: IceServer) -> RTCPeerConnection:
    connection = create_connection(servers)
    create_channel(connection, Channel.EVENTS)
    return connection


async def test_nobody_is_asked_unless_named() -> None:
    """Left without a list, aiortc would ask a STUN server on the internet."""
    connection = _open()
    ice = dtls_of(connection).transport._connection
    assert (ice.stun_server, ice.turn_server) == (None, None)
    await connection.close()


async def test_named_servers_are_asked_with_their_credential() -> None:
    turn = IceServer(("turn:127.0.0.1:4000",), "user", "secret")
    connection = _open(IceServer(("stun:127.0.0.1:3000",)), turn)
    ice = dtls_of(connection).transport._connection
    assert ice.stun_server == ("127.0.0.1", 3000)
    assert ice.turn_server == ("127.0.0.1", 4000)
    assert (ice.turn_username, ice.turn_password) == ("user", "secret")
    await connection.close()


@pytest.mark.parametrize(
    ("channel", "label", "is_ordered", "retransmits"),
    [(Channel.EVENTS, "events", True, None), (Channel.EPHEMERAL, "ephemeral", False, 0)],
)
async def test_channels_are_as_the_protocol_says(
    channel: Channel, label: str, is_ordered: bool, retransmits: int | None
) -> None:
    connection = create_connection(())
    made = create_channel(connection, channel)
    assert (made.id, made.label, made.negotiated) == (channel.value, label, True)
    assert (made.ordered, made.maxRetransmits, made.maxPacketLifeTime) == (is_ordered, retransmits, None)
    await connection.close()


async def test_each_connection_has_its_own_certificate() -> None:
    first, second = _open(), _open()
    digests = {certificate_fingerprint(dtls_of(connection)) for connection in (first, second)}
    assert [len(digest) for digest in digests] == [32, 32]
    await first.close()
    await second.close()


def test_candidate_is_passed_on_for_our_only_section() -> None:
    candidate = maybe_candidate("candidate:f 1 udp 77 203.0.113.7 4000 typ relay raddr 198.51.100.1 rport 9")
    assert candidate is not None
    made = to_rtc_candidate(candidate)
    assert (made.ip, made.port, made.priority, made.type) == ("203.0.113.7", 4000, 77, "relay")
    assert (made.component, made.protocol, made.foundation, made.sdpMLineIndex) == (1, "udp", "f", 0)
