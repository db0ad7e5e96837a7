"""The internet in six network namespaces.

    left hosts 192.168.1.2, .3 ── box 198.51.100.11 ─┐
                                                     ├─ the internet: signaling servers and coturn at 198.51.100.1,
    right host 192.168.1.2 ────── box 198.51.100.12 ─┘  and 198.51.100.3, which never answers

Both sides use the same private addresses, as homes do. IPv6 has no NAT: each side has a prefix of its own behind a
router that lets in what was asked for. The addresses are those kept for documentation (RFC 5737, RFC 3849); nothing
of it touches the machine's own network.
"""

from __future__ import annotations

import shutil
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from ..support.spaces import Space, spaces
from ..turn.coturn import TURN_SECRET, coturn_command
from .box import Box, Kind
from .child import Child
from .peers import PeerProcess

__all__ = ["PUBLIC", "PUBLIC_V6", "SILENT", "STUN", "TURN_TCP", "TURN_UDP", "Host", "Laboratory", "laboratory"]

PUBLIC, SILENT, PUBLIC_V6 = "198.51.100.1", "198.51.100.3", "2001:db8::1"
TURN_PORT = 3478
STUN = f"stun:{PUBLIC}:{TURN_PORT}"
TURN_UDP, TURN_TCP = (f"turn:{PUBLIC}:{TURN_PORT}?transport={transport}" for transport in ("udp", "tcp"))
PATIENCE_S = 5.0

COTURN = (
    "--realm=turn.example",
    "--use-auth-secret",
    f"--static-auth-secret={TURN_SECRET}",
    "--denied-peer-ip=192.168.0.0-192.168.255.255",  # as docs/operations.md has it: a relay leads nowhere inside
    "--no-cli",
    "--no-tls",
    "--no-dtls",
    "-n",
)


@dataclass
class Host:
    """A machine behind a box, and the process of a peer on it."""

    space: Space
    number: int
    """Which address of its networks it has."""
    prefix: str
    """Of its IPv6 network."""
    peer: PeerProcess

    @property
    def addresses(self) -> tuple[str, str]:
        return f"192.168.1.{self.number}", f"{self.prefix}::{self.number}"

    def settle(self, *, v4: bool = True, v6: bool = False) -> None:
        """Have these addresses and routes, and no others."""
        lines = ["addr flush dev eth0 scope global", "link set eth0 up"]
        if v4:
            lines += [f"addr add {self.addresses[0]}/24 dev eth0", "route replace default via 192.168.1.1"]
        if v6:
            lines += [
                f"addr add {self.addresses[1]}/64 dev eth0 nodad",
                f"route replace default via {self.prefix}::1",
            ]
        self.space.ip(*lines)

    def unplug(self) -> None:
        self.space.ip("link set eth0 down")

    def move(self, number: int) -> None:
        """Plugged in again, under another address."""
        self.number = number
        self.settle()


class Laboratory:
    """Shared by the tests of a module: each says what its boxes are, and opens its peers anew."""

    def __init__(self, internet: Space, left: Box, right: Box, hosts: tuple[Host, Host, Host], folder: Path) -> None:
        self.left_box, self.right_box = left, right
        self.left, self.neighbour, self.right = hosts
        self.internet = internet
        self._folder = folder
        self._servers: dict[tuple[str, ...], str] = {}
        self._children = ExitStack()

    def reset(self) -> None:
        """As it was when it was new."""
        for host, number in ((self.left, 2), (self.neighbour, 3), (self.right, 2)):
            host.peer.close()
            host.move(number)
        self.be(Kind.PORT_RESTRICTED, Kind.PORT_RESTRICTED)

    def be(self, left: Kind, right: Kind) -> None:
        self.left_box.become(left)
        self.right_box.become(right)

    def server(self, *, stun: str = "", turn: str = "", host: str = PUBLIC, more: tuple[str, ...] = ()) -> str:
        """A signaling server that hands out these STUN and TURN servers; one for each choice, made when first asked."""
        ice = (*(("--stun-urls", stun) if stun else ()), *(("--turn-urls", turn) if turn else ()))
        key = ("--host", host, *ice, *more)
        if key not in self._servers:
            command = [sys.executable, "-m", "signaling", "--guests", "--port", "0", "--store", "memory:"]
            name = f"server{len(self._servers)}"
            child = self.start(name, [*command, "--turn-secret", TURN_SECRET, *key])
            self._servers[key] = child.first_line().removeprefix("listening on ").strip()
        return self._servers[key]

    def start_coturn(self) -> None:
        """Over UDP and TCP, and for STUN."""
        if shutil.which("turnserver") is None:
            pytest.skip("coturn missing: apt-get install coturn")
        self.start("coturn", coturn_command(self._folder, *COTURN, host=PUBLIC, port=TURN_PORT))
        deadline = time.monotonic() + PATIENCE_S
        while not self.internet.run("ss", "-Hltn", f"sport = :{TURN_PORT}"):
            assert time.monotonic() < deadline, "coturn does not listen"
            time.sleep(0.01)

    def start(self, name: str, command: list[str]) -> Child:
        child = Child(self.internet, name, command, folder=self._folder)
        self._children.callback(child.end)
        return child

    def close(self) -> None:
        self._children.close()


@contextmanager
def laboratory(folder: Path) -> Iterator[Laboratory]:
    """Built, with a peer's process on each host; taken down however the tests end."""
    if shutil.which("iptables") is None:
        pytest.skip("iptables missing: apt-get install iptables")
    parts = ("internet", "left-box", "right-box", "left", "neighbour", "right")
    with spaces(*parts) as (internet, left_box, right_box, left, neighbour, right), ExitStack() as stack:
        _build_internet(internet)
        boxes = [
            _build_box(internet, space, number=number, port=port)
            for space, number, port in ((left_box, 1, "left"), (right_box, 2, "right"))
        ]
        hosts = []
        for name, space, box, number, side in (
            ("left", left, left_box, 2, 1),
            ("neighbour", neighbour, left_box, 3, 1),
            ("right", right, right_box, 2, 2),
        ):
            _plug_in(space, box, wire=f"port{number}")
            process = PeerProcess(space, name, folder=folder)
            stack.callback(process.end)
            hosts.append(Host(space, number, f"2001:db8:{side}", process))
        built = Laboratory(internet, boxes[0], boxes[1], (hosts[0], hosts[1], hosts[2]), folder)
        stack.callback(built.close)
        built.start_coturn()
        yield built


def _build_internet(internet: Space) -> None:
    """A bridge; the default route leads nowhere, but coturn takes its lack for the end of a session."""
    internet.ip(
        "link add hub type bridge",
        "link add nowhere type bridge",
        "link set hub up",
        "link set nowhere up",
        f"addr add {PUBLIC}/24 dev hub",
        f"addr add {SILENT}/24 dev hub",
        f"addr add {PUBLIC_V6}/64 dev hub nodad",
        "route add default dev nowhere",
    )
    internet.run("iptables", "-A", "INPUT", "-d", SILENT, "-j", "DROP")


def _build_box(internet: Space, space: Space, *, number: int, port: str) -> Box:
    internet.ip(
        f"link add {port} type veth peer name wan netns {space.name}",
        f"link set {port} master hub",
        f"link set {port} up",
        f"route add 2001:db8:{number}::/64 via 2001:db8::1{number}",
    )
    other = 3 - number
    space.ip(
        "link add lan type bridge",
        "link set lan up",
        "link set wan up",
        f"addr add 198.51.100.1{number}/24 dev wan",
        "addr add 192.168.1.1/24 dev lan",
        f"addr add 2001:db8::1{number}/64 dev wan nodad",
        f"addr add 2001:db8:{number}::1/64 dev lan nodad",
        f"route add 2001:db8:{other}::/64 via 2001:db8::1{other}",
    )
    space.run("sysctl", "-qw", "net.ipv4.ip_forward=1", "net.ipv6.conf.all.forwarding=1")
    return Box(space, f"198.51.100.1{number}", "192.168.1.2")


def _plug_in(space: Space, box: Space, *, wire: str) -> None:
    box.ip(f"link add {wire} type veth peer name eth0 netns {space.name}", f"link set {wire} master lan up")
    space.ip("link set eth0 up")
