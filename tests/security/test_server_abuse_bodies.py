"""A client that sends too much, too slowly or in disguise: the named error, and the others are served."""

import asyncio
import json
import threading
import zlib
from collections import Counter
from typing import Any

from .caller import Caller, at_once, callers
from .siege import ON_LINUX, besieged

pytestmark = ON_LINUX

PATH = "/signaling/create-room"

CREATE = b"POST /signaling/create-room HTTP/1.1\r\nHost: a\r\nConnection: close\r\n"

HUGE = 20_000_000


def code_of(answer: bytes) -> str:
    """The error that it names, where it names one."""
    _, _, body = answer.partition(b"\r\n\r\n")
    return str(json.loads(body)["error"]["code"]) if body else "none"


def with_length(caller: Caller) -> None:
    if caller.send(CREATE + b"Content-Length: %d\r\n\r\n" % HUGE):
        caller.send(bytes(HUGE))


def in_chunks(caller: Caller) -> None:
    caller.send(CREATE + b"Transfer-Encoding: chunked\r\n\r\n")
    for _ in range(HUGE // 100_000):
        if not caller.send(b"186a0\r\n" + bytes(100_000) + b"\r\n"):
            break


def in_tiny_chunks(caller: Caller) -> None:
    caller.send(CREATE + b"Transfer-Encoding: chunked\r\n\r\n")
    for _ in range(200):
        if not caller.send(b"1\r\n \r\n" * 2000):
            break


def nobody_asked(caller: Caller) -> None:
    """With a call that takes none."""
    if caller.send(
        b"GET /signaling/rooms HTTP/1.1\r\nHost: a\r\nConnection: close\r\nContent-Length: %d\r\n\r\n" % HUGE
    ):
        caller.send(bytes(HUGE))


async def test_bodies_of_twenty_megabytes_are_refused_unread() -> None:
    """Announced, chunked, or where none is wanted; 413 comes while the client still sends, or the connection ends."""

    def attack(send: Any) -> str:
        with Caller(siege.port) as caller:
            send(caller)
            return code_of(caller.receive_all().partition(b"HTTP/1.1 200")[0] or b"")

    async with besieged() as siege:
        sends = (with_length, in_chunks, in_tiny_chunks, nobody_asked)
        attacking = asyncio.create_task(at_once(attack, sends * 4))
        await siege.see_others_served()
        codes = Counter(await attacking)
        assert set(codes) <= {"body_too_large", "none"}
        assert codes["body_too_large"] > 0
        await siege.see_others_served()
        assert siege.growth_mib() < 16


def bomb(bits: int, megabytes: int = 64) -> bytes:
    """So many megabytes of spaces, packed."""
    packer = zlib.compressobj(9, zlib.DEFLATED, bits)
    return b"".join([*(packer.compress(b" " * (1 << 20)) for _ in range(megabytes)), packer.flush()])


async def test_body_that_unpacks_to_a_gigabyte_is_refused_packed() -> None:
    """415 for each of sixteen in a row on sixteen connections, and nobody has waited for the unpacking."""
    bombs = [("gzip", bomb(31)), ("deflate", bomb(15))]

    def attack(caller: Caller, encoding: str, packed: bytes) -> set[tuple[int, str]]:
        answers = [caller.ask("POST", PATH, packed, f"Content-Encoding: {encoding}") for _ in range(16)]
        return {(status, answer["error"]["code"]) for status, answer in answers}

    async with besieged() as siege:
        with callers(siege.port, 16) as attackers:
            attacking = asyncio.create_task(at_once(attack, attackers, *zip(*bombs * 8, strict=True)))
            await siege.see_others_served()
            assert await attacking == [{(415, "unsupported_encoding")}] * 16
        assert siege.growth_mib() < 8


async def test_bodies_and_heads_that_trickle_are_cut() -> None:
    """Slow loris: a byte now and then renews nothing. 408 for a body, the end for a head, in their time."""

    def attack(begun: bytes) -> str:
        with callers(siege.port, 100) as attackers:
            for caller in attackers:
                caller.send(begun)
            while all(caller.send(b"a") for caller in attackers[::10]):
                stop.wait(0.05)
            return code_of(attackers[-1].receive_all())

    stop = threading.Event()
    async with besieged("--read-timeout-s", "0.5", "--idle-timeout-s", "0.5") as siege:
        body = CREATE + b"Content-Length: 60000\r\n\r\n" + bytes(50_000)
        head = CREATE + b"X: " + b"a" * 15_000
        attacking = asyncio.create_task(at_once(attack, (body, head)))
        await siege.see_others_served()
        assert await attacking == ["request_timeout", "none"]
        await siege.see_others_served()
        assert siege.growth_mib() < 48


async def test_heads_without_end_are_cut_at_their_bound() -> None:
    """Two hundred connections that send headers as long as they may: 431, and no more is held than the bound."""

    def attack(caller: Caller) -> str:
        caller.send(CREATE)
        for number in range(40):
            if not caller.send(b"X-%d: " % number + b"a" * 15_000 + b"\r\n"):
                break
        return code_of(caller.receive_all())

    async with besieged() as siege:
        with callers(siege.port, 200) as attackers:
            for some in range(0, 200, 20):
                codes = await at_once(attack, attackers[some : some + 20])
                assert set(codes) <= {"headers_too_large", "none"}
                assert "headers_too_large" in codes
        await siege.see_others_served()
        assert siege.growth_mib() < 24


NOT_JSON: list[Any] = [
    (b"[" * 60_000, "invalid_body"),
    (b'{"customName":' + b"[" * 60_000, "invalid_body"),
    (b'{"customName":' + b'{"a":' * 12_000, "invalid_body"),
    (b'{"isPublic":' + b"1" * 60_000 + b"}", "invalid_body"),
    (b'{"customName":"\xff"}', "malformed_json"),
    (b'{"customName":"\xed\xa0\x80"}', "malformed_json"),
    (b'{"customName":"\\ud800"}', "malformed_json"),
    (b'{"customName":"\\udc00\\ud800"}', "malformed_json"),
    (b'{"displayName":"' + b"\xf0\x9f\x92\xa9" * 65 + b'"}', "invalid_body"),
    (b"\xff\xfe{\x00}\x00", "malformed_json"),
    (b"\xef\xbb\xbf{}", "malformed_json"),
]


async def test_bodies_that_are_no_json_for_us_are_refused_by_name() -> None:
    """Deep, endless, half surrogates, another encoding: 400 each, from whoever, a hundred times."""

    def attack(_: int) -> set[tuple[bytes, int, str]]:
        seen = set()
        with Caller(siege.port) as caller:
            for _ in range(25):
                for body, _ in NOT_JSON:
                    status, answer = caller.ask("POST", PATH, body)
                    seen.add((body, status, answer["error"]["code"]))
        return seen

    async with besieged() as siege:
        seen = await at_once(attack, range(4))
        assert seen == [{(body, 400, code) for body, code in NOT_JSON}] * 4
        await siege.see_others_served()
        assert siege.growth_mib() < 8


STRANGE: list[Any] = [
    ("GET /healthz HTTP/1.1\r\nHost: \xff\xfe", 200),
    ("GET /healthz HTTP/1.1\r\nHost: a\r\nX-Request-Id: \xff\xed\xa0\x80", 200),
    ("GET /healthz HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer \xff", 200),
    ("GET /signaling/rooms HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer \xff.\xfe.\xff", 401),
    ("GET /signaling/rooms HTTP/1.1\r\nHost: a\r\nAuthorization: \xff", 401),
    ("GET /signaling/rooms HTTP/1.1\r\nHost: a\r\nOrigin: http://\xff", 403),
    ("GET /signaling/rooms?cursor=%ff%fe HTTP/1.1\r\nHost: a", 400),
    ("GET /signaling/rooms?limit=%ed%a0%80 HTTP/1.1\r\nHost: a", 400),
    ("GET /signaling/rooms?limit=\xff HTTP/1.1\r\nHost: a", 400),
    ("GET /signaling/inbox/%ff%00%ed%a0%80 HTTP/1.1\r\nHost: a", 401),
    ("GET /signaling/inbox/\xff HTTP/1.1\r\nHost: a", 400),
    ("GET /%2e%2e/%2e%2e/etc/passwd HTTP/1.1\r\nHost: a", 404),
    ("GET //[::: HTTP/1.1\r\nHost: a", 404),
    ("GET http://other.example/healthz HTTP/1.1\r\nHost: a", 200),
    ("OPTIONS * HTTP/1.1\r\nHost: a", 404),
    ("CONNECT a:1 HTTP/1.1\r\nHost: a", 404),
    ("GET /signaling/ws HTTP/1.1\r\nHost: a\r\nUpgrade: h2c", 426),
    ("GET /healthz HTTP/1.1\r\nHost: a\r\n" + "\r\n".join(f"X-{n}: a" for n in range(5000)), 400),
    ("GET /healthz HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\nContent-Length: 1", 400),
]
"""Bytes as Latin-1, and the status of their answer."""


async def test_strange_bytes_in_a_head_are_never_a_fault() -> None:
    """In headers, address and query; the log stays clean of them too."""

    def attack() -> list[int]:
        statuses = []
        for head, _ in STRANGE:
            with Caller(siege.port) as caller:
                caller.send(head.encode("latin-1") + b"\r\nConnection: close\r\n\r\n")
                statuses.append(int(caller.receive_all().split()[1]))
        return statuses

    async with besieged("--log-level", "debug") as siege:
        assert await asyncio.to_thread(attack) == [status for _, status in STRANGE]
        await siege.see_others_served()
    assert not [line for line in siege.log if not line.isascii()]
