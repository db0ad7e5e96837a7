"""Invite links: round trips, and a helpful refusal for each kind of damage."""

from __future__ import annotations

import string
from base64 import urlsafe_b64encode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from peer.errors import BadInvite, BadSetting
from peer.ids import RoomId
from peer.invite import LINK_CHARS, Invite, PublicInvite, looks_like_invite, parse_invite

SERVER = "https://signal.example"
INVITE = Invite(SERVER, RoomId(b"room" * 8), b"the secret is 16", b"and so is a seed")
FRAGMENT = INVITE.link.partition("#")[2]


def link_of(data: bytes) -> str:
    return f"{SERVER}/j#{urlsafe_b64encode(data).decode().rstrip('=')}"


def test_link_is_the_one_of_the_protocol() -> None:
    assert INVITE.link == link_of(b"\x01\x01" + b"room" * 8 + b"the secret is 16" + b"and so is a seed")
    assert len(FRAGMENT) == LINK_CHARS


SERVERS = st.builds(
    "{}://{}{}{}".format,
    st.sampled_from(["http", "https"]),
    st.sampled_from(["a.example", "127.0.0.1", "[::1]", "B.example"]),
    st.sampled_from(["", ":8080"]),
    st.sampled_from(["", "/chat", "/a/j", "/j"]),
)


@given(SERVERS, st.binary(min_size=32, max_size=32), st.binary(min_size=16, max_size=16), st.booleans(), st.booleans())
def test_link_brings_the_invite_back(server: str, room: bytes, secret: bytes, is_open: bool, slash: bool) -> None:
    invite = Invite(server + "/" * slash, RoomId(room), secret, secret[::-1], is_open=is_open)
    assert parse_invite(invite.link) == Invite(server, RoomId(room), secret, secret[::-1], is_open=is_open)
    assert looks_like_invite(invite.link)


@pytest.mark.parametrize("name", ["lobby", "a b", "Кухня", "50%", "a/b?c#d", "pub.", "x" * 64, "%41"])
def test_public_link_brings_the_name_back(name: str) -> None:
    invite = PublicInvite(SERVER, name)
    assert parse_invite(invite.link) == invite
    assert set(invite.link) <= set(string.ascii_letters + string.digits + "-_.~%:/#")


def test_public_link_is_the_one_of_the_protocol() -> None:
    assert PublicInvite(SERVER + "/", "a b").link == "https://signal.example/j#pub.a%20b"


@pytest.mark.parametrize("around", ["{}", "  {}\n", "<{}>", " < {} > ", "\t<{}"])
def test_blanks_and_brackets_around_do_no_harm(around: str) -> None:
    assert parse_invite(around.format(INVITE.link)) == INVITE
    assert looks_like_invite(around.format(INVITE.link))


def test_scheme_in_capitals_and_a_slash_before_the_hash_do_no_harm() -> None:
    assert parse_invite(f"HTTPS://signal.example/j/#{FRAGMENT}") == INVITE


DAMAGE = {
    "": "no # in it",
    SERVER + "/j": "no # in it",
    f"ftp://signal.example/j#{FRAGMENT}": "does not begin with https:// or http://",
    f"signal.example/j#{FRAGMENT}": "does not begin with https:// or http://",
    f"#{FRAGMENT}": "does not begin with https:// or http://",
    f"https:///j#{FRAGMENT}": "the server's address and /j",
    f"https://[/j#{FRAGMENT}": "address cannot be read",
    f"https://a.example:99999/j#{FRAGMENT}": "address cannot be read",
    f"https://me:pass@a.example/j#{FRAGMENT}": "the server's address and /j",
    f"{SERVER}/#{FRAGMENT}": "the server's address and /j",
    f"{SERVER}/k#{FRAGMENT}": "the server's address and /j",
    f"{SERVER}/j?token=1#{FRAGMENT}": "the server's address and /j",
    f"https://a b.example/j#{FRAGMENT}": "the server's address and /j",
    f"https://a\nb.example/j#{FRAGMENT}": "the server's address and /j",
    f"{SERVER}/j#": "0 characters stand after the #, 88 are needed",
    f"{SERVER}/j#{FRAGMENT[:-1]}": "too short: 87 characters stand after the #, 88 are needed",
    f"{SERVER}/j#{FRAGMENT}A": "too long: 89 characters stand after the #, 88 are needed",
    f"{SERVER}/j#{FRAGMENT[:-1]}.": "character 88 after the # ",
    f"{SERVER}/j#{FRAGMENT[:9]} {FRAGMENT[9:]}": "character 10 after the # ",
    f"{SERVER}/j#{FRAGMENT}=": "character 89 after the # ",
    f"{SERVER}/j#é{FRAGMENT[1:]}": "character 1 after the # ",
    link_of(b"\x02" + bytes(65)): "made by a newer version",
    link_of(b"\x02" + bytes(98)): "made by a newer version",
    link_of(b"\x00" + bytes(65)): "made by a newer version",
    link_of(b"\x01\x02" + bytes(64)): "made by a newer version",
    link_of(b"\x01\x81" + bytes(64)): "made by a newer version",
    f"{SERVER}/j#pub.": "this one has 0",
    f"{SERVER}/j#pub.{'x' * 65}": "this one has 65",
    f"{SERVER}/j#pub.%ff": "not UTF-8",
    f"{SERVER}/j#pub.%1b%5b2J": "no control characters",
    f"{SERVER}/j#pub.\ud800": "no control characters",
}


@pytest.mark.parametrize(("link", "reason"), DAMAGE.items(), ids=range(len(DAMAGE)))
def test_damage_is_named(link: str, reason: str) -> None:
    with pytest.raises(BadInvite) as caught:
        parse_invite(link)
    assert reason in caught.value.reason


@pytest.mark.parametrize("link", DAMAGE)
def test_refusal_shows_nothing_of_the_link(link: str) -> None:
    """Not even four characters of what stands behind the #."""
    with pytest.raises(BadInvite) as caught:
        parse_invite(link)
    fragment = link.partition("#")[2].removeprefix("pub.")
    pieces = {fragment[start : start + 4] for start in range(len(fragment) - 3)}
    assert not [piece for piece in pieces if piece in str(caught.value)]
    assert caught.value.__cause__ is None


@given(st.text(max_size=120))
def test_any_text_gives_an_invite_or_bad_invite(text: str) -> None:
    for link in (text, f"{SERVER}/j#{text}", f"{SERVER}/j#pub.{text}", f"https://{text}/j#{FRAGMENT}", f"{text}#"):
        looks_like_invite(link)
        try:
            invite = parse_invite(link)
        except BadInvite:
            continue
        assert parse_invite(invite.link) == invite


@given(st.text(string.ascii_letters + string.digits + "-_", min_size=86, max_size=90))
def test_any_fragment_of_the_alphabet_is_read_one_way_or_refused(fragment: str) -> None:
    """66 bytes fill 88 characters to the last bit, so no two links are one invite."""
    try:
        invite = parse_invite(f"{SERVER}/j#AQE{fragment[3:]}")
    except BadInvite:
        return
    assert invite.link == f"{SERVER}/j#AQE{fragment[3:]}"


@pytest.mark.parametrize("secret", [INVITE.secret, INVITE.seed, FRAGMENT[:20].encode(), FRAGMENT[-20:].encode()])
def test_neither_str_nor_repr_shows_a_secret(secret: bytes) -> None:
    for shown in (str(INVITE), repr(INVITE), f"{INVITE}", repr([INVITE])):
        assert secret.decode() not in shown
        assert secret.hex() not in shown
    assert repr(INVITE) == f"Invite({SERVER}, room {b'room'.hex()})"


@pytest.mark.parametrize(("room", "secret", "seed"), [(31, 16, 16), (32, 15, 16), (32, 16, 17)])
def test_invite_of_wrong_lengths_is_not_made(room: int, secret: int, seed: int) -> None:
    with pytest.raises(BadSetting):
        Invite(SERVER, RoomId(bytes(room)), bytes(secret), bytes(seed))


@pytest.mark.parametrize("text", [f"{SERVER}/j#", f"{SERVER}/j", f"{SERVER}/j#pub.x", f"<{SERVER}/j/#{FRAGMENT[:9]}"])
def test_damaged_link_still_looks_like_one(text: str) -> None:
    """So that the guest is told what is wrong with it, instead of waiting in a public room of that name."""
    assert looks_like_invite(text)


@pytest.mark.parametrize("text", ["", "lobby", SERVER, SERVER + "/", f"{SERVER}/join", "a/j#b", FRAGMENT, "j#x"])
def test_names_and_server_addresses_do_not_look_like_one(text: str) -> None:
    assert not looks_like_invite(text)
