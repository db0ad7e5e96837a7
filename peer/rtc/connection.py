"""aiortc's objects, made from our values and read back into them; it holds no state and waits for nothing.

The list of ICE servers is always passed, empty or not: left out, aiortc would ask a server of its own choice.
Each connection has a fresh DTLS certificate, which is aiortc's default.
"""

from __future__ import annotations

from aiortc import (
    RTCConfiguration,
    RTCDataChannel,
    RTCDtlsTransport,
    RTCIceCandidate,
    RTCIceServer,
    RTCIceTransportPolicy,
    RTCPeerConnection,
    RTCSctpTransport,
)

from ..ports import Channel, IceServer
from .sdp import Candidate
from .servers import choose_servers

__all__ = ["certificate_fingerprint", "create_channel", "create_connection", "dtls_of", "sctp_of", "to_rtc_candidate"]


def create_connection(ice_servers: tuple[IceServer, ...], *, relay_only: bool = False) -> RTCPeerConnection:
    """`relay_only`: neither gathers nor uses any address but those of relays, also where aiortc is as it comes."""
    servers = [_to_rtc_server(server) for server in choose_servers(ice_servers)]
    policy = RTCIceTransportPolicy.RELAY if relay_only else RTCIceTransportPolicy.ALL
    return RTCPeerConnection(RTCConfiguration(iceServers=servers, iceTransportPolicy=policy))


def create_channel(connection: RTCPeerConnection, channel: Channel) -> RTCDataChannel:
    """Negotiated in advance, so that no DCEP message travels (RFC 8831, section 6.5)."""
    if channel is not Channel.EPHEMERAL:
        return connection.createDataChannel(channel.label, negotiated=True, id=channel.value)
    return connection.createDataChannel(
        channel.label, negotiated=True, id=channel.value, ordered=False, maxRetransmits=0
    )


def sctp_of(connection: RTCPeerConnection) -> RTCSctpTransport:
    """There from the first channel on."""
    assert connection.sctp is not None
    return connection.sctp


def dtls_of(connection: RTCPeerConnection) -> RTCDtlsTransport:
    return sctp_of(connection).transport


def certificate_fingerprint(dtls: RTCDtlsTransport) -> bytes:
    """SHA-256 of our own certificate."""
    digests = {each.algorithm: each.value for each in dtls.getLocalParameters().fingerprints}
    return bytes.fromhex(digests["sha-256"].replace(":", ""))


def to_rtc_candidate(candidate: Candidate) -> RTCIceCandidate:
    return RTCIceCandidate(
        component=1,
        foundation=candidate.foundation,
        ip=candidate.address,
        port=candidate.port,
        priority=candidate.priority,
        protocol="udp",
        type=candidate.kind,
        sdpMLineIndex=0,
    )


def _to_rtc_server(server: IceServer) -> RTCIceServer:
    return RTCIceServer(urls=list(server.urls), username=server.username, credential=server.credential)
