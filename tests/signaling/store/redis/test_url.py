"""Which URLs name a Redis, and what of them may be shown."""

import pytest

from signaling.errors import BadSetting
from signaling.store.redis.url import connect, where


@pytest.mark.parametrize(
    "url",
    [
        "redis://localhost",
        "redis://:secret@localhost:6380/2",
        "rediss://user:secret@redis.example?ssl_ca_certs=/etc/ca.pem",
        "unix:///run/redis.sock",
        "unix://:secret@/run/redis.sock?db=1",
        "redis+sentinel://:secret@one,two:26380/rooms?sentinel_password=other",
        "rediss+sentinel://one",
        "redis+cluster://:secret@one,two:7000",
        "rediss+cluster://[::1]:7000",
    ],
)
async def test_forms_that_are_taken(url: str) -> None:
    """Nothing is connected yet."""
    client = connect(url, connections=2, timeout_s=1)
    assert client.pipeline(transaction=False) is not None
    await client.aclose()


@pytest.mark.parametrize(
    "url",
    [
        "redis://",
        "redis://:secret@localhost:port",
        "redis://localhost/database",
        "redis://localhost?decode_responses=1",
        "redis+cluster://one,",
        "unix://",
        "mongodb://localhost",
    ],
)
def test_forms_that_are_refused(url: str) -> None:
    """With the forms there are, and without the password."""
    with pytest.raises(BadSetting, match="SIGNALING_STORE") as caught:
        connect(url, connections=2, timeout_s=1)
    assert "secret" not in str(caught.value)


def test_password_is_not_shown() -> None:
    """Nor is the query, which may hold another one."""
    url = "redis+sentinel://user:pa@ss@one:1,two:2/rooms?sentinel_password=other"
    assert where(url) == "redis+sentinel://one:1,two:2/rooms"
