"""The address of a signaling server, as people write it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from peer.errors import BadSetting
from peer.signaling.address import normalise_server


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("http://127.0.0.1:8080", "http://127.0.0.1:8080"),
        ("  https://signal.example/ ", "https://signal.example"),
        ("HTTPS://Signal.Example:443", "https://signal.example"),
        ("http://signal.example:80/", "http://signal.example"),
        ("https://signal.example:8443/rooms/v1/", "https://signal.example:8443/rooms/v1"),
        ("http://[::1]:8080", "http://[::1]:8080"),
    ],
)
def test_each_address_has_one_spelling(written: str, meant: str) -> None:
    assert normalise_server(written) == meant


@pytest.mark.parametrize(
    ("written", "reason"),
    [
        ("", "http://"),
        ("signal.example", "http://"),
        ("localhost:8080", "http://"),
        ("ws://signal.example", "http://"),
        ("http://", "no host"),
        ("http://:8080", "no host"),
        ("http://signal example", "no host"),
        ("http://[::1", "not an address"),
        ("http://signal.example:99999", "not an address"),
        ("https://ann:pass@signal.example", "password"),
        ("https://signal.example?token=x", "invite link"),
        ("https://signal.example/j#pub.lobby", "invite link"),
    ],
)
def test_anything_else_is_refused_with_a_sentence(written: str, reason: str) -> None:
    """The sentence says what is wrong and what to write; it never repeats what may hold a password."""
    with pytest.raises(BadSetting, match=reason) as caught:
        normalise_server(written)
    assert "https://signal.example" in str(caught.value)
    assert "pass@" not in str(caught.value)


@given(st.text(max_size=60) | st.text(max_size=40).map("http://".__add__))
def test_any_text_is_read_or_refused(written: str) -> None:
    """Nothing but `BadSetting`; what is accepted is its own spelling."""
    try:
        address = normalise_server(written)
    except BadSetting:
        return
    assert normalise_server(address) == address
