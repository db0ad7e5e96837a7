"""A NAT box between one side's hosts and the internet: a network namespace whose iptables decide what kind it is.

`lan` is its inner interface, `wan` the outer one. The kinds are named as in RFC 3489, section 5, which people still
use; RFC 4787 calls their mapping endpoint-independent (cone) or address- and port-dependent (symmetric). Whatever
comes unasked from outside is dropped before it is remembered: an entry for it would take the port that a mapping to
the same peer needs, and port-restricted NATs would look symmetric.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass
from enum import Enum
from pathlib import Path

from ..support.spaces import Space

__all__ = ["Box", "Kind"]

_FORGETTER = str(Path(__file__).with_name("forget_flows.py"))


class Kind(Enum):
    """What is done to a host's datagrams."""

    FULL_CONE = "full cone"
    """One mapping for each port, open to everybody."""
    PORT_RESTRICTED = "port-restricted"
    """One mapping for each port, open to whom something was sent."""
    SYMMETRIC = "symmetric"
    """Another port for each destination: what STUN says is of no use to anybody else."""
    NO_UDP = "UDP blocked"
    """As in offices: TCP goes out, UDP goes nowhere."""


@dataclass
class Box:
    """`host` is the inner address that a full cone leads to, `ports` those that mappings are taken from."""

    space: Space
    address: str
    host: str
    kind: Kind = Kind.PORT_RESTRICTED

    def become(self, kind: Kind, *, ports: str = "") -> None:
        """Other rules, and nothing remembered of what passed under the old ones: a box fresh from the shelf."""
        self.kind = kind
        self.space.run("iptables-restore", text=_filter(self._let_in(), self._keep_in()) + _nat(self._translate(ports)))
        self.space.run("ip6tables-restore", text=_filter([], self._keep_in()))
        self.forget()

    def forget(self) -> None:
        """Every mapping is gone, as after a restart."""
        self.space.run(sys.executable, "-S", "-E", _FORGETTER)

    def _let_in(self) -> list[str]:
        return [f"-A FORWARD -i wan -p udp -d {self.host} -j ACCEPT"] if self.kind is Kind.FULL_CONE else []

    def _keep_in(self) -> list[str]:
        return ["-A FORWARD -p udp -j DROP"] if self.kind is Kind.NO_UDP else []

    def _translate(self, ports: str) -> list[str]:
        from_ports = f" --to-ports {ports}" if ports else ""
        udp, tcp = (f"-A POSTROUTING -o wan -p {each} -j MASQUERADE{from_ports}" for each in ("udp", "tcp"))
        if self.kind is Kind.SYMMETRIC:
            return [f"{udp} --random-fully", tcp]
        if self.kind is Kind.FULL_CONE:
            return [
                f"-A PREROUTING -i wan -p udp -j DNAT --to-destination {self.host}",
                f"-A POSTROUTING -o wan -p udp -s {self.host} -j SNAT --to-source {self.address}",
                tcp,
            ]
        return [udp, tcp]


def _filter(let_in: list[str], keep_in: list[str]) -> str:
    """For IPv6 that is all: a router that lets in what was asked for."""
    rules = [
        "-A INPUT -i wan -m conntrack --ctstate NEW,INVALID -j DROP",
        *keep_in,
        "-A FORWARD -i lan -j ACCEPT",
        "-A FORWARD -m conntrack --ctstate ESTABLISHED,RELATED -j ACCEPT",
        *let_in,
    ]
    return _table("filter", [":INPUT ACCEPT", ":FORWARD DROP", ":OUTPUT ACCEPT", *rules])


def _nat(rules: list[str]) -> str:
    return _table("nat", [":PREROUTING ACCEPT", ":INPUT ACCEPT", ":OUTPUT ACCEPT", ":POSTROUTING ACCEPT", *rules])


def _table(name: str, lines: list[str]) -> str:
    return "\n".join([f"*{name}", *lines, "COMMIT", ""])
