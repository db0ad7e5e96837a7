"""What we accept and write as SDP (RFC 8866, RFC 9429): one data section, one SHA-256 fingerprint, ICE candidates.

A remote description is read into a `Description` and written anew before aiortc sees it, so that foreign text never
reaches aiortc's parser, and no line stands there that we do not know. Fingerprints of other hash functions fall away
on the way (RFC 8122, section 5, would have a receiver pick one): the certificate that aiortc checks is then the one
that our handshake binds. Our own description takes the same way out.

Names in `.local` are dropped, since resolving each takes a second; so are TCP, link-local and malformed candidates.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from ipaddress import ip_address

from ..errors import LinkFailed

__all__ = [
    "MAX_CANDIDATES",
    "MAX_MESSAGE_BYTES",
    "MAX_SDP_BYTES",
    "Candidate",
    "Description",
    "maybe_candidate",
    "parse_description",
    "render_description",
]

MAX_SDP_BYTES = 16 * 1024
"""An honest description takes 0.5-3 KiB."""

MAX_CANDIDATES = 32
"""Each one costs up to seven checks on every local address."""

MAX_MESSAGE_BYTES = 64 * 1024
"""What we promise to take (RFC 8841, section 6), and need of the other side: the largest frame."""

_MEDIA = re.compile(r"m=application [1-9][0-9]{0,4} UDP/DTLS/SCTP webrtc-datachannel")
_MID = re.compile(r"[0-9A-Za-z!#$%&'*+.^_`{|}~-]{1,32}")  # a token of RFC 8866, section 9
_UFRAG = re.compile(r"[0-9A-Za-z+/]{4,256}")  # RFC 8839, section 5.4
_PASSWORD = re.compile(r"[0-9A-Za-z+/]{22,256}")
_SETUP = re.compile(r"actpass|active|passive")  # RFC 4145, section 4; nobody holds a connection of ours
_NUMBER = re.compile(r"0|[1-9][0-9]{0,18}")
_DIGEST = re.compile(r"(?:[0-9A-Fa-f]{2}:){31}[0-9A-Fa-f]{2}")
_CANDIDATE = re.compile(
    r"(?:a=)?candidate:(?P<foundation>[0-9A-Za-z+/]{1,32}) 1 (?i:udp) (?P<priority>[1-9][0-9]{0,9}) "
    r"(?P<address>[0-9A-Fa-f:.]{2,39}) (?P<port>[1-9][0-9]{0,4}) typ (?P<kind>host|srflx|relay)(?: .*)?"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """An address at which ICE may try to reach a peer by UDP (RFC 8839, section 5.1)."""

    foundation: str
    priority: int
    address: str
    port: int
    kind: str

    @property
    def line(self) -> str:
        return f"candidate:{self.foundation} 1 udp {self.priority} {self.address} {self.port} typ {self.kind}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Description:
    """An offer or answer for the data channels of one link."""

    mid: str
    ufrag: str
    password: str = field(repr=False)
    setup: str
    fingerprint: bytes
    """SHA-256 of the DTLS certificate, 32 bytes."""
    sctp_port: int
    candidates: tuple[Candidate, ...] = field(repr=False)
    is_complete: bool
    """No candidates follow; never true without any, since ICE would then turn away a peer that reaches us."""


def parse_description(text: str) -> Description:
    """Read an offer or answer; raise `LinkFailed`, and nothing else, for one that no peer of ours would send."""
    lines = _lines(text)
    _check_one_data_section(lines)
    attributes = _attributes(lines)
    _check_message_size(attributes)
    candidates = _candidates(attributes)
    return Description(
        mid=_only(attributes, "mid", _MID),
        ufrag=_only(attributes, "ice-ufrag", _UFRAG),
        password=_only(attributes, "ice-pwd", _PASSWORD),
        setup=_only(attributes, "setup", _SETUP),
        fingerprint=_fingerprint(attributes),
        sctp_port=_port(attributes),
        candidates=candidates,
        is_complete="end-of-candidates" in attributes and bool(candidates),
    )


def render_description(description: Description) -> str:
    """Write it in the order of RFC 9429, section 5.2.1, with the addresses in the candidates only."""
    digest = ":".join(f"{byte:02X}" for byte in description.fingerprint)
    lines = [
        *("v=0", "o=- 1 1 IN IP4 0.0.0.0", "s=-", "t=0 0", f"a=group:BUNDLE {description.mid}"),
        "m=application 9 UDP/DTLS/SCTP webrtc-datachannel",
        *("c=IN IP4 0.0.0.0", f"a=mid:{description.mid}"),
        *(f"a=ice-ufrag:{description.ufrag}", f"a=ice-pwd:{description.password}"),
        *(f"a=fingerprint:sha-256 {digest}", f"a=setup:{description.setup}"),
        *(f"a=sctp-port:{description.sctp_port}", f"a=max-message-size:{MAX_MESSAGE_BYTES}"),
        *(f"a={candidate.line}" for candidate in description.candidates),
        *(["a=end-of-candidates"] if description.is_complete else []),
    ]
    return "".join(f"{line}\r\n" for line in lines)


def maybe_candidate(line: str) -> Candidate | None:
    """Read a `candidate:…` line; None for one that we cannot or will not use."""
    match = _CANDIDATE.fullmatch(line.strip()) if len(line) <= 512 else None
    if match is None or not _is_usable(match["address"]):
        return None
    priority, port = int(match["priority"]), int(match["port"])
    if priority >= 2**31 or port >= 2**16:
        return None
    address = str(ip_address(match["address"]))
    return Candidate(foundation=match["foundation"], priority=priority, address=address, port=port, kind=match["kind"])


def _is_usable(address: str) -> bool:
    """Whether one host can be meant by it; IPv6 link-local would need a scope that no peer can know."""
    try:
        parsed = ip_address(address)
    except ValueError:
        return False
    is_link_local = parsed.version == 6 and parsed.is_link_local
    return not (is_link_local or parsed.is_multicast or parsed.is_unspecified)


def _lines(text: str) -> list[str]:
    if len(text) > MAX_SDP_BYTES or not text.isascii():
        raise LinkFailed("a description is too long, or not ASCII")
    return re.split(r"\r?\n", text)


def _check_one_data_section(lines: list[str]) -> None:
    sections = [line for line in lines if line.startswith("m=")]
    if len(sections) != 1 or not _MEDIA.fullmatch(sections[0]):
        raise LinkFailed("a description must hold one section, for data channels")


def _attributes(lines: list[str]) -> dict[str, list[str]]:
    """All values of each `a=` line; with one section it is all the same at which level they stand."""
    found: dict[str, list[str]] = {}
    for line in lines:
        if line.startswith("a="):
            name, _, value = line[2:].partition(":")
            found.setdefault(name, []).append(value.strip())
    return found


def _only(attributes: dict[str, list[str]], name: str, pattern: re.Pattern[str]) -> str:
    values = set(attributes.get(name, ()))
    value = values.pop() if len(values) == 1 else ""
    if not pattern.fullmatch(value):
        raise LinkFailed(f"a description must have exactly one valid {name}")
    return value


def _fingerprint(attributes: dict[str, list[str]]) -> bytes:
    """The one SHA-256 fingerprint; two of them could show different certificates to handshake and DTLS."""
    pairs = [value.partition(" ") for value in attributes.get("fingerprint", ())]
    digests = {digest.strip().upper() for algorithm, _, digest in pairs if algorithm.lower() == "sha-256"}
    digest = digests.pop() if len(digests) == 1 else ""
    if not _DIGEST.fullmatch(digest):
        raise LinkFailed("a description must have exactly one SHA-256 fingerprint")
    return bytes.fromhex(digest.replace(":", ""))


def _port(attributes: dict[str, list[str]]) -> int:
    port = int(_only(attributes, "sctp-port", _NUMBER))
    if not 0 < port < 2**16:
        raise LinkFailed("a description must have exactly one valid sctp-port")
    return port


def _check_message_size(attributes: dict[str, list[str]]) -> None:
    """RFC 8841, section 6.1: absent means 64 KiB, and zero means any size."""
    if "max-message-size" in attributes:
        size = int(_only(attributes, "max-message-size", _NUMBER))
        if 0 < size < MAX_MESSAGE_BYTES:
            raise LinkFailed("the other side cannot take frames of 64 KiB")


def _candidates(attributes: dict[str, list[str]]) -> tuple[Candidate, ...]:
    found = [maybe_candidate(f"candidate:{value}") for value in attributes.get("candidate", ())]
    return tuple(candidate for candidate in found if candidate is not None)[:MAX_CANDIDATES]
