"""A relay is opened and given back in a bounded time, whatever its server does."""

import asyncio
import ssl
from datetime import UTC, datetime
from ipaddress import ip_address
from pathlib import Path

import aioice
import pytest
from aioice import stun
from aioice.ice import StunProtocol
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

from peer.rtc.relays import MAX_UNSENT_BYTES, MAX_WAITING_SENDS, RELEASE_TIMEOUT_S, Relay, TcpClient, open_relay
from peer.rtc.route import CARRIER
from peer.rtc.servers import Carrier, Server

from ...support.ice_servers import FakeTurn, running, running_stream


async def _open(server: Server, *, timeout_s: float = 5.0) -> StunProtocol:
    connection = aioice.Connection(ice_controlling=True)
    return await open_relay(server, lambda: StunProtocol(connection), timeout_s=timeout_s)


async def test_relay_is_opened_and_given_back() -> None:
    """By name and password; the server is told when we need it no more."""
    async with running(FakeTurn()) as turn:
        protocol = await _open(turn.server)
        assert protocol.transport.get_extra_info("sockname") == FakeTurn.relayed
        assert getattr(protocol, CARRIER) == "udp"
        await protocol.close()
        assert turn.asked == ["ALLOCATE", "ALLOCATE", "REFRESH"]


async def test_relay_that_lasts_no_time_is_not_asked_for_without_end() -> None:
    """A hostile server would have us refresh it once a round trip."""
    async with running(FakeTurn()) as turn:
        turn.lifetime_s = 0
        protocol = await _open(turn.server)
        for _ in range(20):
            await asyncio.sleep(0.002)
        await protocol.close()
        assert turn.asked == ["ALLOCATE", "ALLOCATE", "REFRESH"]


async def test_wrong_credential_is_an_error_at_once() -> None:
    async with running(FakeTurn()) as turn:
        with pytest.raises(stun.TransactionError):
            await _open(Server("127.0.0.1", turn.server.port, "udp", "user", "wrong"))


async def test_dead_server_is_given_up_in_time() -> None:
    async with running(FakeTurn()) as turn:
        turn.is_silent = True
        with pytest.raises(TimeoutError):
            await _open(turn.server, timeout_s=0.01)


@pytest.mark.parametrize("carrier", ["tcp", "tls"])
async def test_stream_that_says_nothing_is_given_up_in_time(carrier: Carrier) -> None:
    """Connected, and then silence: in TURN, or already in TLS."""
    ended = asyncio.Event()

    async def listen(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await asyncio.gather(reader.read(), return_exceptions=True)
        writer.close()
        ended.set()

    async with await asyncio.start_server(listen, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        with pytest.raises((TimeoutError, ssl.SSLError)):
            await _open(Server("127.0.0.1", port, carrier, "user", "secret"), timeout_s=0.05)
        await ended.wait()


async def test_server_that_died_does_not_hold_up_the_end() -> None:
    """Stock aioice would ask it for a minute."""
    async with running(FakeTurn()) as turn:
        protocol = await _open(turn.server)
        turn.is_silent = True
        before = asyncio.get_running_loop().time()
        await protocol.close()
        assert asyncio.get_running_loop().time() - before < RELEASE_TIMEOUT_S + 1


@pytest.mark.parametrize(("is_tls", "dies"), [(False, False), (True, False), (True, True)])
async def test_relay_is_reached_by_tcp_and_tls(
    is_tls: bool, dies: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Under a certificate that this machine trusts; one that died is no more waited for than by UDP."""
    turn = FakeTurn()
    tls = _certificate(tmp_path) if is_tls else None
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "both.pem"))
    async with running_stream(turn, tls=tls) as server:
        protocol = await _open(server)
        assert getattr(protocol, CARRIER) == ("tls" if is_tls else "tcp")
        turn.is_silent = dies
        before = asyncio.get_running_loop().time()
        await protocol.close()
        assert asyncio.get_running_loop().time() - before < RELEASE_TIMEOUT_S + 1
    assert turn.asked[:3] == ["ALLOCATE", "ALLOCATE", "REFRESH"]


async def test_server_under_a_strange_certificate_is_refused(tmp_path: Path) -> None:
    async with running_stream(FakeTurn(), tls=_certificate(tmp_path)) as server:
        with pytest.raises(ssl.SSLError):
            await _open(server)
        _, writer = await asyncio.open_connection("127.0.0.1", server.port, ssl=_trusting(tmp_path))
        writer.close()  # so that the fake has had its client


def _trusting(folder: Path) -> ssl.SSLContext:
    return ssl.create_default_context(cafile=folder / "both.pem")


def _certificate(folder: Path) -> ssl.SSLContext:
    """Signed by itself, for 127.0.0.1."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "127.0.0.1")])
    begin, end = datetime(2020, 1, 1, tzinfo=UTC), datetime(2090, 1, 1, tzinfo=UTC)
    builder = x509.CertificateBuilder(name, name, key.public_key(), 1, begin, end)
    here = x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))])
    certificate = builder.add_extension(here, critical=False).sign(key, SHA256())
    pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    (folder / "both.pem").write_bytes(pem + certificate.public_bytes(Encoding.PEM))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / "both.pem")
    return context


async def test_garbage_of_a_server_is_dropped() -> None:
    """An attribute of the wrong size; the guard would see an error in the loop's log."""
    async with running(FakeTurn()) as turn:
        answer = turn.answer

        def answer_badly(request: stun.Message, addr: tuple[str, int]) -> None:
            turn.say(b"\x01\x13\x00\x08\x21\x12\xa4\x42" + bytes(12) + b"\x00\x0d\x00\x02\x00\x00\x00\x00", addr)
            answer(request, addr)

        turn.answer = answer_badly  # type: ignore[method-assign]
        await (await _open(turn.server)).close()


class _Wire(asyncio.Transport):
    """In place of a TCP connection to a server."""

    def __init__(self) -> None:
        super().__init__({"peername": ("127.0.0.1", 1)})
        self.unsent_bytes = 0

    def write(self, data: bytes | bytearray | memoryview) -> None:
        self.unsent_bytes += len(data)

    def get_write_buffer_size(self) -> int:
        return self.unsent_bytes

    def is_closing(self) -> bool:
        return False


class _Client(TcpClient):
    """Notes what it reads."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 1), "user", "secret", 600, 500)
        self.wire = _Wire()
        self.connection_made(self.wire)
        self.read: list[bytes] = []

    def datagram_received(self, data: bytes | str, _: tuple[str, int]) -> None:
        assert isinstance(data, bytes)
        self.read.append(data)


@pytest.mark.parametrize("size", [1, 3, 7, 1000])
async def test_stream_of_a_server_is_cut_at_the_ends_of_messages(size: int) -> None:
    """However it is cut on the way: ChannelData, filled up to four bytes, and STUN."""
    client = _Client()
    messages = [
        b"\x40\x00\x00\x03abc\x00",
        bytes(stun.Message(stun.Method.BINDING, stun.Class.REQUEST, attributes={"SOFTWARE": "12345"})),
        b"\x40\x01\x00\x00",
        b"\x40\x00\x00\x04abcd",
    ]
    stream = b"".join(messages)
    for position in range(0, len(stream), size):
        client.data_received(stream[position : position + size])
    assert client.read == messages
    assert client.rest == b""


async def test_server_that_binds_no_channel_has_few_tasks_wait() -> None:
    """It makes up checks from ever new ports, and each is answered."""
    client = _Client()
    relay, before = Relay(client), asyncio.all_tasks()
    for port in range(MAX_WAITING_SENDS + 100):
        relay.sendto(b"answer", ("203.0.113.7", port + 1))
    tasks = asyncio.all_tasks() - before
    assert len(tasks) == MAX_WAITING_SENDS
    for task in tasks:
        task.cancel()
    await asyncio.wait(tasks)


async def test_server_that_does_not_read_fills_no_buffer() -> None:
    client = _Client()
    for _ in range(MAX_UNSENT_BYTES // 1000 + 100):
        client._send(bytes(1000))
    assert client.wire.unsent_bytes < MAX_UNSENT_BYTES + 1500
