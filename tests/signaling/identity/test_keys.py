"""A key and its one algorithm, as the settings give them."""

from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import dsa, rsa

from signaling.errors import BadSetting
from signaling.identity.keys import OneKey, prepare_key

from ..keyrings import EC, ED, RSA, public_pem
from ..support import SECRET


@pytest.mark.parametrize(
    ("key", "algorithm"),
    [(SECRET, "HS256"), (public_pem(RSA), "RS256"), (public_pem(EC), "ES256"), (public_pem(ED), "EdDSA")],
    ids=["secret", "RSA", "EC", "Ed25519"],
)
async def test_key_chooses_its_algorithm(key: str, algorithm: str) -> None:
    """S11: by the key's type, whatever a token says."""
    keys = OneKey(key)
    await keys.open()
    assert (await keys.find("any token")).algorithm == algorithm
    await keys.close()


def test_secret_is_looked_at_once() -> None:
    """What was prepared passes as it is, shows nothing, and signs as before; a public key passes for no secret."""
    prepared = prepare_key(SECRET, None).key
    assert jwt.get_algorithm_by_name("HS256").prepare_key(prepared) is prepared
    assert SECRET not in repr(prepared)
    assert jwt.decode(jwt.encode({"sub": "alice"}, prepared), SECRET, algorithms=["HS256"]) == {"sub": "alice"}
    with pytest.raises(jwt.InvalidKeyError):
        jwt.encode({}, public_pem(RSA))


def test_algorithm_of_the_settings_goes_first() -> None:
    """Where it fits the key."""
    assert prepare_key(public_pem(RSA), "PS256").algorithm == "PS256"


@pytest.mark.parametrize(
    ("key", "algorithm"),
    [
        ("too short", None),
        ("x" * 40, "HS512"),
        (public_pem(rsa.generate_private_key(65537, 1024)), None),  # noqa: S505
        (public_pem(dsa.generate_private_key(1024)), None),  # noqa: S505
        ("-----BEGIN PUBLIC KEY-----\nrubbish\n-----END PUBLIC KEY-----", None),
        (public_pem(EC), "RS256"),
        (public_pem(RSA), "HS256"),
        (SECRET, "RS256"),
    ],
)
def test_weak_or_unfit_key_stops_the_start(key: Any, algorithm: str | None) -> None:
    """Said to the operator, before anybody relies on it."""
    with pytest.raises(BadSetting):
        prepare_key(key, algorithm)
