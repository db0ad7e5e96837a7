"""TURN credentials, against what coturn computes itself."""

import re

from signaling.turn import ice_servers, turn_credentials, turn_user
from signaling.wire import IceServer


def test_credential_is_what_coturn_computes() -> None:
    """base64(HMAC-SHA1(secret, "expiry:user")); the figure comes from openssl dgst -sha1 -hmac."""
    username, credential = turn_credentials("north", "alice", expires_at=1433895918.7)
    assert username == "1433895918:alice"
    assert credential == "RqMvcGPYTJMGThVLSi4amT4zFtI="


def test_turn_servers_do_not_learn_user_ids() -> None:
    """HMAC-SHA256(secret, "turn user" 00 userId), by openssl; 32 plain characters, whatever the user id holds."""
    assert turn_user("north", "alice") == "3f122277ee4452d54d55b61840d87787"
    for user_id in ("a b", "'", '"', "\\", "\U0001f600" * 255):
        assert re.fullmatch("[0-9a-f]{32}", turn_user("north", user_id))
    assert turn_user("south", "alice") != turn_user("north", "alice") != turn_user("north", "bob")


def _servers(stun: tuple[str, ...], turn: tuple[str, ...], secret: str | None) -> tuple[IceServer, ...]:
    return ice_servers(stun_urls=stun, turn_urls=turn, turn_secret=secret, user_id="u", expires_at=1.0)


def test_only_what_is_configured_is_handed_out() -> None:
    """TURN needs the secret; without anything the list is empty."""
    assert _servers((), (), None) == ()
    assert _servers((), ("turn:t",), None) == ()
    assert _servers(("stun:s",), (), "secret") == (IceServer(urls=("stun:s",)),)
    stun, turn = _servers(("stun:s",), ("turn:t", "turns:t"), "secret")
    user = turn_user("secret", "u")
    assert (stun.username, turn.urls, turn.username) == (None, ("turn:t", "turns:t"), f"1:{user}")
