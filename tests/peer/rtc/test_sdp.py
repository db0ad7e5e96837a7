"""The reader and writer of descriptions: what is accepted, and that nothing else gets through."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from peer.errors import LinkFailed
from peer.rtc.sdp import (
    MAX_CANDIDATES,
    MAX_SDP_BYTES,
    Candidate,
    Description,
    maybe_candidate,
    parse_description,
    render_description,
)

DIGEST = bytes(range(32))
WRITTEN_DIGEST = ":".join(f"{byte:02x}" for byte in DIGEST)

BROWSER = "\r\n".join(
    [
        "v=0",
        "o=- 4962303333179871722 2 IN IP4 127.0.0.1",
        "s=-",
        "t=0 0",
        f"a=fingerprint:SHA-256 {WRITTEN_DIGEST}",
        f"a=fingerprint:sha-512 {WRITTEN_DIGEST}:{WRITTEN_DIGEST}",
        "a=group:BUNDLE 0",
        "a=extmap-allow-mixed",
        "m=application 54321 UDP/DTLS/SCTP webrtc-datachannel",
        "c=IN IP4 203.0.113.7",
        "a=candidate:1 1 udp 2113937151 0b7bd5a8-5dd2-4e6e-b8d4-9ad7ddd5b0e6.local 50000 typ host generation 0",
        "a=candidate:2 1 UDP 1677729535 203.0.113.7 54321 typ srflx raddr 0.0.0.0 rport 0 generation 0",
        "a=candidate:3 1 tcp 1518280447 203.0.113.7 9 typ host tcptype active",
        "a=ice-ufrag:EsAw",
        "a=ice-pwd:bP+XJMM09aR8AiX1jdukzR6Y",
        "a=ice-options:trickle",
        "a=setup:actpass",
        "a=mid:0",
        "a=sctp-port:5000",
        "a=max-message-size:262144",
        "",
    ]
)
REFLEXIVE = Candidate(foundation="2", priority=1677729535, address="203.0.113.7", port=54321, kind="srflx")


def test_browser_offer_is_read() -> None:
    """Unknown lines, names in .local, TCP and other hash functions fall away; the order and level do not matter."""
    assert parse_description(BROWSER) == Description(
        mid="0",
        ufrag="EsAw",
        password="bP+XJMM09aR8AiX1jdukzR6Y",
        setup="actpass",
        fingerprint=DIGEST,
        sctp_port=5000,
        candidates=(REFLEXIVE,),
        is_complete=False,
    )


def test_what_we_write_is_what_we_read() -> None:
    description = parse_description(BROWSER + "a=end-of-candidates\r\n")
    assert description.is_complete
    written = render_description(description)
    assert parse_description(written) == description
    assert "local" not in written
    assert "sha-512" not in written
    assert "raddr" not in written


def test_lines_may_end_without_carriage_return() -> None:
    assert parse_description(BROWSER.replace("\r\n", "\n")) == parse_description(BROWSER)


def test_end_of_no_candidates_is_no_end() -> None:
    """ICE would else give up on a peer whose only addresses are names that we do not resolve."""
    only_name = BROWSER.replace("a=candidate:2", "a=ignored")
    assert not parse_description(only_name + "a=end-of-candidates\r\n").is_complete


def test_secrets_and_addresses_stay_out_of_repr() -> None:
    shown = repr(parse_description(BROWSER))
    assert "bP+XJ" not in shown
    assert "203.0.113.7" not in shown


@pytest.mark.parametrize("size", ["0", "65536", "1073741823"])
def test_other_side_that_takes_our_frames_is_accepted(size: str) -> None:
    assert parse_description(BROWSER.replace("262144", size)) == parse_description(BROWSER)


def test_message_size_may_be_left_out() -> None:
    """RFC 8841, section 6.1: it means 64 KiB, which is what we need."""
    left_out = BROWSER.replace("a=max-message-size:262144\r\n", "")
    assert parse_description(left_out) == parse_description(BROWSER)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("m=application 54321 UDP/DTLS/SCTP webrtc-datachannel\r\n", ""),
        ("m=application", "m=audio"),
        ("m=application 54321", "m=application 0"),
        ("UDP/DTLS/SCTP webrtc-datachannel", "DTLS/SCTP 5000"),
        ("c=IN", "m=application 9 UDP/DTLS/SCTP webrtc-datachannel\r\nc=IN"),
        ("c=IN", "m=video 9 UDP/TLS/RTP/SAVPF 96\r\nc=IN"),
        (f"a=fingerprint:SHA-256 {WRITTEN_DIGEST}\r\n", ""),
        (f"SHA-256 {WRITTEN_DIGEST}", f"SHA-256 {WRITTEN_DIGEST[:-3]}"),
        (f"SHA-256 {WRITTEN_DIGEST}", "SHA-256"),
        ("c=IN", f"a=fingerprint:sha-256 {WRITTEN_DIGEST.replace('00', 'ff')}\r\nc=IN"),
        ("a=ice-ufrag:EsAw\r\n", ""),
        ("a=ice-ufrag:EsAw", "a=ice-ufrag:abc"),
        ("a=ice-ufrag:EsAw", "a=ice-ufrag:EsAw\r\na=ice-ufrag:Other"),
        ("a=ice-pwd:", "a=ice-pwd:short\r\na=ice-option:"),
        ("a=setup:actpass", "a=setup:holdconn"),
        ("a=setup:actpass", "a=setup"),
        ("a=mid:0", "a=mid:"),
        ("a=mid:0", "a=mid:with space"),
        ("a=sctp-port:5000", "a=sctp-port:0"),
        ("a=sctp-port:5000", "a=sctp-port:65536"),
        ("a=sctp-port:5000", "a=sctp-port:-5000"),
        ("a=max-message-size:262144", "a=max-message-size:65535"),
        ("a=max-message-size:262144", "a=max-message-size:many"),
        ("s=-", "s=é"),
        ("s=-", "s=" + "x" * MAX_SDP_BYTES),
    ],
)
def test_description_of_another_kind_is_refused(old: str, new: str) -> None:
    assert old in BROWSER
    with pytest.raises(LinkFailed):
        parse_description(BROWSER.replace(old, new))


def test_same_fingerprint_twice_is_one() -> None:
    doubled = f"a=fingerprint:sha-256 {WRITTEN_DIGEST.upper()}\r\nm="
    assert parse_description(BROWSER.replace("m=", doubled, 1)).fingerprint == DIGEST


def test_candidates_are_bounded() -> None:
    many = "".join(f"a=candidate:9 1 udp 1 203.0.113.7 {port} typ host\r\n" for port in range(1, 200))
    assert len(parse_description(BROWSER + many).candidates) == MAX_CANDIDATES


@pytest.mark.parametrize(
    ("line", "address"),
    [
        ("candidate:1 1 udp 1 203.0.113.7 9 typ host", "203.0.113.7"),
        ("a=candidate:1 1 UDP 1 203.0.113.7 9 typ relay raddr 0.0.0.0 rport 0\r\n", "203.0.113.7"),
        ("candidate:1 1 udp 1 2001:DB8::0:1 9 typ host", "2001:db8::1"),
        ("candidate:1 1 udp 1 127.0.0.1 9 typ host", "127.0.0.1"),
    ],
)
def test_candidate_is_read(line: str, address: str) -> None:
    candidate = maybe_candidate(line)
    assert candidate is not None
    assert candidate.address == address
    assert maybe_candidate(candidate.line) == candidate


@pytest.mark.parametrize(
    "line",
    [
        "",
        "candidate:",
        "candidate:1 2 udp 1 203.0.113.7 9 typ host",
        "candidate:1 1 tcp 1 203.0.113.7 9 typ host tcptype active",
        "candidate:1 1 udp 1 name.local 9 typ host",
        "candidate:1 1 udp 1 203.0.113.7 0 typ host",
        "candidate:1 1 udp 1 203.0.113.7 65536 typ host",
        "candidate:1 1 udp 0 203.0.113.7 9 typ host",
        "candidate:1 1 udp 2147483648 203.0.113.7 9 typ host",
        "candidate:1 1 udp 1 203.0.113.777 9 typ host",
        "candidate:1 1 udp 1 ... 9 typ host",
        "candidate:1 1 udp 1 224.0.0.1 9 typ host",
        "candidate:1 1 udp 1 0.0.0.0 9 typ host",
        "candidate:1 1 udp 1 :: 9 typ host",
        "candidate:1 1 udp 1 fe80::1 9 typ host",
        "candidate:1 1 udp 1 fe80::1%eth0 9 typ host",
        "candidate:1 1 udp 1 203.0.113.7 9 typ prflx",
        "candidate:1 1 udp 1 203.0.113.7 9 typ host\nm=audio",
        "candidate:1 1 udp 1 203.0.113.7 9 typ host " + "x" * 512,
    ],
)
def test_candidate_that_we_cannot_use_is_dropped(line: str) -> None:
    assert maybe_candidate(line) is None


@given(text=st.text())
def test_any_text_is_read_or_refused(text: str) -> None:
    maybe_candidate(text)
    with pytest.raises(LinkFailed):
        parse_description(text)


@given(data=st.data())
def test_mutated_description_is_read_or_refused(data: st.DataObject) -> None:
    """Whatever is let through is written in our own form, and read back the same."""
    lines = BROWSER.splitlines()
    for _ in range(data.draw(st.integers(1, 4))):
        position = data.draw(st.integers(0, len(lines) - 1))
        name = lines[position].partition(":")[0]
        value = data.draw(st.text(alphabet=st.characters(max_codepoint=127), max_size=40))
        lines[position] = data.draw(st.sampled_from([f"{name}:{value}", value, f"a={value}", lines[0]]))
    try:
        description = parse_description("\r\n".join(lines))
    except LinkFailed:
        return
    assert parse_description(render_description(description)) == description
