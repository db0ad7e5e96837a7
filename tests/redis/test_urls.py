"""Each form of SIGNALING_STORE against a Redis that is reached so, with passwords: two servers share one room by it."""

import datetime
import ipaddress
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from signaling.bounds.limits import Demand, Rate
from signaling.errors import StoreUnusable
from signaling.ids import RoomId
from signaling.store.port import Entered, Limits, Mail
from signaling.store.redis.engine import RedisStore
from signaling.store.shared import Claim, Handed, Standing

from ..signaling.store.support import a_key, a_peer, a_room
from .servers import a_redis, free_port

pytestmark = pytest.mark.redis

WORD = "p@ss/word"
ENCODED = "p%40ss%2Fword"


def write_certificate(folder: Path) -> tuple[Path, Path]:
    """For 127.0.0.1, signed by itself, good for an hour."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "redis of a test")])
    now = datetime.datetime.now(datetime.UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(minutes=1))
        .not_valid_after(now + datetime.timedelta(hours=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    public, private = folder / "redis.crt", folder / "redis.key"
    public.write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    plain = serialization.NoEncryption()
    pem, pkcs8 = serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8
    private.write_bytes(key.private_bytes(pem, pkcs8, plain))
    return public, private


@pytest.fixture
def urls(tmp_path: Path) -> Iterator[dict[str, str]]:
    """One Redis with a password, on a port, on a TLS port and on a Unix socket."""
    public, private = write_certificate(tmp_path)
    tls_port, path = free_port(), tmp_path / "redis.sock"
    files = ("--tls-cert-file", str(public), "--tls-key-file", str(private), "--tls-ca-cert-file", str(public))
    tls = ("--tls-port", str(tls_port), "--tls-auth-clients", "no", *files)
    with a_redis("--requirepass", WORD, "--unixsocket", str(path), *tls) as server:
        yield {
            "redis": f"redis://:{ENCODED}@127.0.0.1:{server.port}/1",
            "rediss": f"rediss://default:{ENCODED}@127.0.0.1:{tls_port}?ssl_ca_certs={public}",
            "unix": f"unix://:{ENCODED}@{path}?db=2",
            "without password": server.url,
            "unknown certificate": f"rediss://:{ENCODED}@127.0.0.1:{tls_port}",
        }


@pytest.mark.parametrize("form", ["redis", "rediss", "unix"])
async def test_servers_meet_by_this_form(urls: dict[str, str], form: str) -> None:
    """Commands and bells both go through."""
    one, other = RedisStore(urls[form], Limits()), RedisStore(urls[form], Limits())
    await one.open()
    await other.open()
    assert await other.hear() is None
    await one.create(a_room(), a_peer("p"))
    assert isinstance(await other.join(RoomId("room"), a_peer("q")), Entered)
    await other.attach(a_key("q"))
    await one.post(a_key("p"), a_peer("q").peer_id, Mail("offer", b"x"))
    bells = await other.hear()
    assert bells is not None
    assert bells[0].keys == (a_key("q"),)
    await one.close()
    await other.close()


def documented_rights() -> list[str]:
    """The ACL of the operator's guide."""
    guide = (Path(__file__).parents[2] / "docs" / "operations.md").read_text()
    found = re.search(r"user signaling on >PASSWORD (.*)", guide)
    assert found is not None
    return found[1].split()


async def test_user_of_few_rights_is_enough() -> None:
    """The one that the guide shows: all that a server does works, and other keys, channels and dangers are refused."""
    with a_redis() as redis:
        redis.command("ACL", "SETUSER", "signaling", "on", ">word", *documented_rights())
        url = redis.url.replace("redis://", "redis://signaling:word@")
        one, other = RedisStore(url, Limits()), RedisStore(url, Limits())
        await one.open()
        await other.open()
        assert await other.hear() is None
        await one.signing_key()
        await one.create(a_room(), a_peer("p"))
        await one.join(RoomId("room"), a_peer("q"))
        attached = await other.attach(a_key("q"))
        assert attached is not None
        await one.post(a_key("p"), a_peer("q").peer_id, Mail("offer", b"x"))
        assert await other.hear() is not None
        claim = Claim(a_key("q"), attached.serial)
        assert await other.fetch([claim]) == (Handed((b"x",), is_held=True),)
        await other.confirm([claim])
        assert await other.look([claim]) == (Standing.QUIET,)
        assert await one.limiter.decide([Demand("joins_user", "alice", Rate(5, 10))], now=0) is None
        assert (await one.page(None, 3)).rooms
        assert await one.find_public("b") == "room"
        assert await one.expire() == ()
        assert await one.leave(a_key("p")) == ("q",)
        await one.close()
        await other.close()
        for words in (("FLUSHALL",), ("GET", "other"), ("KEYS", "*"), ("CONFIG", "GET", "*"), ("PUBLISH", "x", "y")):
            said = redis.command("--user", "signaling", "--pass", "word", "--no-auth-warning", *words)
            assert said.startswith("NOPERM"), words


@pytest.mark.parametrize("form", ["without password", "unknown certificate"])
async def test_server_that_is_not_let_in_says_why(urls: dict[str, str], form: str) -> None:
    """At the start, in a sentence, without the password."""
    with pytest.raises(StoreUnusable, match="cannot be used as the store") as caught:
        await RedisStore(urls[form], Limits()).open()
    assert WORD not in str(caught.value)
    assert ENCODED not in str(caught.value)
    assert "uthentication" in str(caught.value) or "certificate" in str(caught.value)
