"""Which settings about users go together, and what the operator reads where they do not."""

from typing import Any

import pytest

from signaling.config import Config
from signaling.errors import BadSetting
from signaling.identity.access import user_tokens
from signaling.identity.keys import OneKey
from signaling.identity.provider import Provider

from ..keyrings import RSA, public_pem
from ..support import SECRET, FakeClock

PEM = public_pem(RSA)
URL = "https://id.example/jwks"


def tokens_of(**settings: Any) -> Any:
    return user_tokens(Config(**settings), clock=FakeClock())


@pytest.mark.parametrize(
    ("settings", "sentence"),
    [
        ({}, "SIGNALING_JWT_SECRET, SIGNALING_JWT_PUBLIC_KEY or SIGNALING_JWKS_URL.*SIGNALING_GUESTS=1"),
        ({"jwt_secret": SECRET, "jwt_public_key": PEM}, "only one of SIGNALING_JWT_SECRET and SIGNALING_JWT_PUBLIC"),
        ({"jwt_secret": SECRET, "jwks_url": URL}, "only one of SIGNALING_JWT_SECRET and SIGNALING_JWKS_URL"),
        ({"jwt_public_key": PEM, "jwks_url": URL}, "only one of"),
        ({"jwt_secret": SECRET, "jwt_public_key": PEM, "jwks_url": URL, "guests": True}, "PUBLIC_KEY and SIGN"),
        ({"jwt_secret": SECRET, "jwt_algorithm": "RS256"}, "does not fit"),
        ({"jwt_public_key": PEM, "jwt_algorithm": "HS256"}, "does not fit"),
        ({"jwks_url": URL, "jwt_algorithm": "HS256"}, "does not fit"),
        ({"jwt_public_key": "/no/such/file.pem"}, "SIGNALING_JWT_PUBLIC_KEY"),
    ],
)
def test_settings_that_contradict_each_other_are_named(settings: dict[str, Any], sentence: str) -> None:
    """Exactly one kind of key, and an algorithm of that kind."""
    with pytest.raises(BadSetting, match=sentence):
        tokens_of(**settings)


@pytest.mark.parametrize(
    ("settings", "kind"),
    [
        ({"jwt_secret": SECRET}, OneKey),
        ({"jwt_secret": SECRET, "jwt_algorithm": "HS256", "guests": True}, OneKey),
        ({"jwt_public_key": PEM.replace("\n", "\\n"), "jwt_algorithm": "PS256"}, OneKey),
        ({"jwks_url": URL, "jwt_algorithm": "ES256"}, Provider),
        ({"jwks_url": URL}, Provider),
    ],
)
def test_each_kind_of_key_has_its_source(settings: dict[str, Any], kind: type) -> None:
    """A secret, a public key, or a URL."""
    assert isinstance(tokens_of(**settings).keys, kind)


def test_guests_alone_need_no_keys() -> None:
    """Then no JWT is taken."""
    assert tokens_of(guests=True) is None
    assert tokens_of(guests=True, jwt_algorithm="RS256") is None
