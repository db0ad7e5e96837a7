"""A real coturn on loopback, and a client that asks it for relays."""

from __future__ import annotations

import asyncio
import contextlib
import random
import shutil
import socket
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from aioice import stun
from aioice.turn import TurnClientProtocol, TurnClientTcpProtocol, TurnClientUdpProtocol

__all__ = [
    "OPEN",
    "TURN_SECRET",
    "Coturn",
    "Peer",
    "RelayRefused",
    "Turn",
    "allocated",
    "coturn_command",
    "open_path",
    "running_coturn",
    "turn_of",
]

TURN_SECRET = "what coturn and the signaling server share"
PATIENCE_S = 5.0
LIFETIME_S = 600
PORTS = range(20_000, 30_000)

Peer = dict[str, Any]
"""The answer of a join."""
Turn = dict[str, Any]
"""An entry of `iceServers` that has a credential."""

OPEN = (
    "--realm=turn.example",
    "--use-auth-secret",
    f"--static-auth-secret={TURN_SECRET}",
    "--allow-loopback-peers",  # everybody is there
    "--no-cli",
    "--no-tls",
    "--no-dtls",
    "-n",  # no file of this machine's
)
"""Arguments of a server for tests, which relays to 127.0.0.1 where a proper one would refuse."""


@dataclass(frozen=True)
class Coturn:
    """One that runs."""

    port: int

    def url(self, transport: str = "udp") -> str:
        return f"turn:127.0.0.1:{self.port}?transport={transport}"


class RelayRefused(Exception):
    """coturn says no; `code` is of STUN (RFC 8656, section 19)."""

    def __init__(self, code: int) -> None:
        super().__init__(str(code))
        self.code = code


@contextlib.asynccontextmanager
async def running_coturn(folder: Path, *arguments: str) -> AsyncIterator[Coturn]:
    """On a free port of loopback; skips where it is not installed, and is ended by its pid."""
    if shutil.which("turnserver") is None:
        pytest.skip("coturn missing: apt-get install coturn")
    port = _free_port()
    child = await asyncio.create_subprocess_exec(
        *coturn_command(folder, *arguments, host="127.0.0.1", port=port),
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.DEVNULL,
    )
    try:
        await _until_open(port, child)
        yield Coturn(port)
    finally:
        if child.returncode is None:
            child.terminate()
        await child.wait()


def coturn_command(folder: Path, *arguments: str, host: str, port: int) -> list[str]:
    """It listens and relays at `host`, and keeps what it writes in `folder`."""
    places = [f"--log-file={folder}/log", f"--pidfile={folder}/pid", f"--userdb={folder}/db"]
    listen = [f"--listening-ip={host}", f"--relay-ip={host}", f"--listening-port={port}"]
    return ["turnserver", *places, "--simple-log", "--no-stdout-log", *listen, *arguments]


def _free_port() -> int:
    """For both transports, and out of the range that everybody's connections take theirs from: coturn binds later."""
    for port in random.sample(PORTS, 20):
        if _is_free(socket.SOCK_STREAM, port) and _is_free(socket.SOCK_DGRAM, port):
            return port
    pytest.fail("no port is free for UDP and TCP")


def _is_free(kind: socket.SocketKind, port: int) -> bool:
    with socket.socket(socket.AF_INET, kind) as probe:
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


async def _until_open(port: int, child: asyncio.subprocess.Process) -> None:
    """It takes a tenth of a second."""
    async with asyncio.timeout(PATIENCE_S):
        while not await _is_open(port):
            assert child.returncode is None, "it has ended"
            await asyncio.sleep(0.01)


async def _is_open(port: int) -> bool:
    try:
        _, writer = await asyncio.open_connection("127.0.0.1", port)
    except ConnectionRefusedError:
        return False
    writer.close()
    await writer.wait_closed()
    return True


@contextlib.asynccontextmanager
async def allocated(turn: Turn) -> AsyncIterator[TurnClientProtocol]:
    """A relay at the first address of the entry, given back at the end; raises `RelayRefused`."""
    client = await _connected(turn)
    try:
        await _or_refused(client.connect())
    except BaseException:
        client.transport.close()
        raise
    try:
        yield client
    finally:
        await client.delete()


async def open_path(client: TurnClientProtocol, host: str) -> None:
    """Let something at `host` send through a relay, and be sent to; raises `RelayRefused`."""
    client.channel_number += 1
    await _or_refused(client.channel_bind(client.channel_number, (host, 9)))


async def _or_refused(request: Any) -> None:
    try:
        await request
    except stun.TransactionFailed as error:
        raise RelayRefused(error.response.error_code or 0) from error


async def _connected(turn: Turn) -> TurnClientProtocol:
    """The transport alone, over what the URL says."""
    address, _, transport = turn["urls"][0].removeprefix("turn:").partition("?transport=")
    host, _, port = address.partition(":")
    server = (host, int(port))
    loop = asyncio.get_running_loop()
    protocol: TurnClientProtocol
    if transport == "tcp":
        _, protocol = await loop.create_connection(lambda: TurnClientTcpProtocol(server, *_login(turn)), *server)
    else:
        _, protocol = await loop.create_datagram_endpoint(
            lambda: TurnClientUdpProtocol(server, *_login(turn)), remote_addr=server
        )
    return protocol


def _login(turn: Turn) -> tuple[str, str, int, int]:
    return turn["username"], turn["credential"], LIFETIME_S, LIFETIME_S


def turn_of(answer: Peer) -> Turn:
    """The TURN server that an answer of the signaling server names."""
    entries: list[Turn] = answer["iceServers"]
    return next(entry for entry in entries if "credential" in entry)
