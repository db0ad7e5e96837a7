"""Whose limits a request counts for."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from signaling.bounds.addresses import MAX_CHARACTERS, MAX_HOPS, Addresses, network_of, parse_network

PROXIES = [parse_network(text) for text in ("127.0.0.1/32", "10.0.0.0/8", "fd00::/8")]
CLIENT = "203.0.113.9"


@pytest.fixture
def addresses() -> Addresses:
    return Addresses(PROXIES)


@pytest.mark.parametrize(
    ("other_end", "key"),
    [
        ("192.0.2.1", "192.0.2.1"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("2001:db8:1:2::9", "2001:db8:1:2::/64"),
        ("fe80::1%eth0", "fe80::/64"),
        ("::ffff:192.0.2.1", "192.0.2.1"),
        ("", "unknown"),
        (None, "unknown"),
        ("a socket's path", "unknown"),
    ],
)
def test_other_end_is_the_client(addresses: Addresses, other_end: str | None, key: str) -> None:
    """IPv4 by address, IPv6 by /64, IPv4 in IPv6 as IPv4; what cannot be read shares one key."""
    assert addresses.key(other_end) == key


def test_strangers_header_is_not_believed(addresses: Addresses) -> None:
    """Else everybody could be anybody."""
    assert addresses.key("192.0.2.1", [CLIENT]) == "192.0.2.1"
    assert Addresses([]).key("127.0.0.1", [CLIENT]) == "127.0.0.1"


@pytest.mark.parametrize(
    ("forwarded", "key"),
    [
        ([CLIENT], CLIENT),
        ([f"6.6.6.6, {CLIENT}"], CLIENT),
        ([f"{CLIENT}, 10.1.2.3"], CLIENT),
        ([f"6.6.6.6, {CLIENT},10.1.2.3 , fd00::7"], CLIENT),
        (["6.6.6.6", CLIENT], CLIENT),
        ([f"{CLIENT}:4711"], CLIENT),
        (["[2001:db8::1]:80"], "2001:db8::/64"),
        (["[2001:db8::1]"], "2001:db8::/64"),
        (["::ffff:203.0.113.9"], CLIENT),
        ([f"::ffff:10.0.0.1, {CLIENT}, ::ffff:10.0.0.1"], CLIENT),
        ([], "127.0.0.1"),
        ([""], "127.0.0.1"),
        (["unknown"], "127.0.0.1"),
        (["10.1.2.3"], "10.1.2.3"),
        ([f"{CLIENT}, unknown, 10.1.2.3"], "10.1.2.3"),
        ([f"{CLIENT}, 1.2.3.4.5"], "127.0.0.1"),
        ([f"{CLIENT}, 10.1.2.3, "], "127.0.0.1"),
    ],
)
def test_rightmost_address_that_is_no_proxy_counts(addresses: Addresses, forwarded: list[str], key: str) -> None:
    """Behind it is hearsay; before it, what cannot be read counts for whoever passed it on."""
    assert addresses.key("127.0.0.1", forwarded) == key


def test_proxies_are_known(addresses: Addresses) -> None:
    """By the other end alone."""
    ends = ["127.0.0.1", "::ffff:10.9.9.9", "192.0.2.1", None, "x"]
    assert [addresses.is_proxy(end) for end in ends] == [True, True, False, False, False]


def test_long_ways_are_walked_from_our_end(addresses: Addresses) -> None:
    """Neither many hops nor long ones cost much, and none is read in half."""
    assert addresses.key("127.0.0.1", [CLIENT + ", 10.0.0.1" * MAX_HOPS]) == "10.0.0.1"
    assert addresses.key("127.0.0.1", [CLIENT + ", 10.0.0.1" * (MAX_HOPS - 1)]) == CLIENT
    padding = " " * MAX_CHARACTERS
    assert addresses.key("127.0.0.1", [f"{CLIENT},{padding},10.0.0.7"]) == "10.0.0.7"
    assert addresses.key("127.0.0.1", [padding + CLIENT]) == "127.0.0.1"


@given(st.text(max_size=60) | st.ip_addresses().map(str), st.lists(st.text(max_size=60), max_size=4))
def test_every_text_has_a_key(other_end: str, forwarded: list[str]) -> None:
    """A header is foreign bytes: it may not end in an error of ours, nor in a long key."""
    addresses = Addresses(PROXIES)
    assert len(addresses.key(other_end, forwarded)) <= len("2001:2001:2001:2001::/64")
    assert len(addresses.key("127.0.0.1", forwarded)) <= len("2001:2001:2001:2001::/64")


@pytest.mark.parametrize("text", ["10.0.0.1/8", "x", "", "10.0.0.0/33"])
def test_what_is_no_network_is_refused(text: str) -> None:
    """A network with host bits is most likely a mistake."""
    with pytest.raises(ValueError):
        parse_network(text)


def test_network_around_an_ipv6_address_is_its_48() -> None:
    """What a site is given (RFC 6177); nothing is around an IPv4 address, or around one that cannot be read."""
    assert network_of("2001:db8:1:2::/64") == network_of("2001:db8:1:3::/64") == "2001:db8:1::/48"
    assert network_of("2001:db8:2:2::/64") != network_of("2001:db8:1:2::/64")
    assert network_of("192.0.2.1") is None
    assert network_of("unknown") is None
