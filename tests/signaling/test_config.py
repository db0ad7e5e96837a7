"""The one table of settings."""

from ipaddress import ip_network

import pytest

from signaling.bounds.limits import Rate
from signaling.config import SETTINGS, Config, read_config, unknown_variables
from signaling.errors import BadSetting


def test_every_setting_has_a_reason_and_parses_its_own_default() -> None:
    """`config` prints them all; what it prints can be set."""
    for setting in SETTINGS:
        assert setting.reason
        shown = setting.show(setting.default)
        if shown != "-":
            assert setting.parse(shown) == setting.default, setting.variable


def test_flags_win_over_the_environment_over_defaults() -> None:
    """In this order."""
    environment = {"SIGNALING_PORT": "1", "SIGNALING_HOST": "h"}
    config = read_config(environment, {"port": "2"})
    assert (config.port, config.host, config.room_peers) == (2, "h", 256)


@pytest.mark.parametrize(
    ("variable", "text"),
    [
        ("SIGNALING_PORT", "http"),
        ("SIGNALING_PORT", "65536"),
        ("SIGNALING_PORT", ""),
        ("SIGNALING_HOST", " "),
        ("SIGNALING_STORE", "redis:localhost"),
        ("SIGNALING_STORE", "diskcache:"),
        ("SIGNALING_STORE", "memory"),
        ("SIGNALING_GUESTS", "maybe"),
        ("SIGNALING_JWT_ALGORITHM", "none"),
        ("SIGNALING_CORS_ORIGINS", "chat.example"),
        ("SIGNALING_CORS_ORIGINS", "https://chat.example/page"),
        ("SIGNALING_CORS_ORIGINS", "https://chat.example?page"),
        ("SIGNALING_CORS_ORIGINS", "https://me@chat.example"),
        ("SIGNALING_CORS_ORIGINS", "https://münchen.example"),
        ("SIGNALING_STUN_URLS", "turn:t"),
        ("SIGNALING_TURN_URLS", "turn:"),
        ("SIGNALING_PEER_TTL_S", "nan"),
        ("SIGNALING_PEER_TTL_S", "inf"),
        ("SIGNALING_HEARTBEAT_S", "1.5"),
        ("SIGNALING_USER_JOINS", "60"),
        ("SIGNALING_USER_JOINS", "60/0"),
        ("SIGNALING_USER_JOINS", "0/60"),
        ("SIGNALING_USER_JOINS", "60/60/60"),
        ("SIGNALING_USER_JOINS", "1.5/60"),
        ("SIGNALING_USER_JOINS", "60/nan"),
        ("SIGNALING_TRUSTED_PROXIES", "10.0.0.1/8"),
        ("SIGNALING_TRUSTED_PROXIES", "proxy.example"),
    ],
)
def test_bad_value_names_variable_and_what_is_allowed(variable: str, text: str) -> None:
    """One sentence for the operator."""
    with pytest.raises(BadSetting, match=f"{variable} is .*allowed is"):
        read_config({variable: text}, {})


@pytest.mark.parametrize(
    ("variable", "text", "field", "value"),
    [
        ("SIGNALING_GUESTS", "TRUE", "guests", True),
        ("SIGNALING_GUESTS", "", "guests", False),
        ("SIGNALING_CORS_ORIGINS", "https://A.example/, *", "cors_origins", ("https://a.example", "*")),
        ("SIGNALING_CORS_ORIGINS", "https://a:443,http://b:80/", "cors_origins", ("https://a", "http://b")),
        ("SIGNALING_CORS_ORIGINS", "http://[::1]:8443", "cors_origins", ("http://[::1]:8443",)),
        ("SIGNALING_STUN_URLS", "stun:a,stuns:b", "stun_urls", ("stun:a", "stuns:b")),
        ("SIGNALING_JWT_SECRET", " ", "jwt_secret", None),
        ("SIGNALING_JWT_ALGORITHM", "", "jwt_algorithm", None),
        ("SIGNALING_JWT_ALGORITHM", "EdDSA", "jwt_algorithm", "EdDSA"),
        ("SIGNALING_GRACE_S", "0", "grace_s", 0),
        ("SIGNALING_USER_JOINS", "60/2.5", "user_joins", Rate(60, 2.5)),
        ("SIGNALING_USER_JOINS", " 0 ", "user_joins", Rate(0, 0.0)),
        (
            "SIGNALING_TRUSTED_PROXIES",
            "127.0.0.1, fd00::/8",
            "trusted_proxies",
            (ip_network("127.0.0.1/32"), ip_network("fd00::/8")),
        ),
        ("SIGNALING_STORE", "memory:", "store", "memory:"),
        ("SIGNALING_STORE", "redis://localhost", "store", "redis://localhost"),
    ],
)
def test_good_value_is_taken(variable: str, text: str, field: str, value: object) -> None:
    """As its type."""
    assert getattr(read_config({variable: text}, {}), field) == value


def test_secrets_do_not_show() -> None:
    """Neither when printed nor in an error."""
    shown = {setting.field: setting.show("s3cret") for setting in SETTINGS if setting.is_secret}
    assert shown == dict.fromkeys(("jwt_secret", "turn_secret", "metrics_token"), "(hidden)")


def test_unknown_variables_are_found() -> None:
    """Most likely misspelt."""
    environment = {"SIGNALING_PROT": "1", "SIGNALING_PORT": "1", "OTHER": "1"}
    assert unknown_variables(environment) == ["SIGNALING_PROT"]


def test_frame_bound_leaves_room_around_the_body() -> None:
    """`to`, `type` and `roomId` do not count."""
    assert Config(max_body_bytes=2048).max_frame_bytes == 3072


def test_rates_and_networks_are_shown_as_they_are_set() -> None:
    """`config` prints what can be pasted."""
    environment = {"SIGNALING_USER_JOINS": "7/0.5", "SIGNALING_TRUSTED_PROXIES": "127.0.0.1/32,10.0.0.0/8"}
    config = read_config(environment, {})
    shown = {each.variable: each.show(getattr(config, each.field)) for each in SETTINGS}
    assert shown.items() >= environment.items()
    assert shown["SIGNALING_ADDRESS_JOINS"] == "3000/60"


def test_users_rooms_can_be_made_at_once() -> None:
    """A bot that comes back to a server without rooms makes all it may have, within the pace."""
    assert Config().user_creates.burst >= Config().user_rooms
    assert Config().max_connections < Config().tcp_connections
