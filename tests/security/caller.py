"""Raw clients that do one thing, each on a thread: what is measured is the server and not the loop of the tests.

They come from other loopback addresses than the peers who behave: bounds on what one address may do have their own
tests, and must not end these attacks early.
"""

import asyncio
import base64
import contextlib
import json
import re
import select
import socket
import struct
import time
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, TypeVar

__all__ = ["PATIENCE_S", "Caller", "Member", "at_once", "callers", "frame", "frames_of"]

PATIENCE_S = 10.0
"""Nobody who behaves waits longer for anything, whatever the attack and however busy the machine."""

T = TypeVar("T")


@dataclass(frozen=True)
class Member:
    """A peer with its token."""

    room_id: str
    peer_id: str
    token: str

    @classmethod
    def of(cls, joined: Any) -> "Member":
        return cls(joined["room"]["roomId"], joined["peerId"], joined["token"])


class Caller:
    """One TCP connection of somebody who does as it likes; blocks, so it belongs on a thread."""

    def __init__(self, port: int, *, source: str = "127.0.0.2", receive_buffer: int = 0) -> None:
        self.socket = socket.socket()
        if receive_buffer:
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
        self.socket.settimeout(PATIENCE_S)
        self.socket.bind((source, 0))
        self.socket.connect(("127.0.0.1", port))

    def close(self) -> None:
        """At once, without a farewell."""
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.socket.close()

    def __enter__(self) -> "Caller":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def send(self, data: bytes) -> bool:
        """Whether the server has taken it all; False once it has cut us."""
        try:
            self.socket.sendall(data)
        except (ConnectionError, TimeoutError):
            return False
        return True

    def pour(self, block: bytes, *, seconds: float) -> int:
        """Send it again and again, and throw away what comes back; answers the bytes that the server took."""
        taken, end = 0, time.monotonic() + seconds
        with contextlib.suppress(ConnectionError):
            for event in self._events():
                if event & select.POLLIN and not self.socket.recv(1 << 20):
                    break
                if event & select.POLLOUT:
                    taken += self.socket.send(block[taken % len(block) :])
                if time.monotonic() > end:
                    break
        return taken

    def exchange(self, data: bytes, *, until: bytes | None = None) -> bytes:
        """Send it all and read meanwhile, up to these bytes or until the server hangs up."""
        unsent, heard, end = memoryview(data), bytearray(), time.monotonic() + PATIENCE_S
        for event in self._events():
            assert time.monotonic() < end, "the server neither answers nor hangs up"
            if event & select.POLLOUT and unsent:
                unsent = unsent[self.socket.send(unsent) :]
            if event & select.POLLIN:
                more = self.socket.recv(1 << 20)
                heard += more
                if not more or (until and until in heard[-len(more) - len(until) :]):
                    break
        return bytes(heard)

    def _events(self) -> Iterator[int]:
        """What the socket is ready for, again and again."""
        poller = select.poll()
        poller.register(self.socket, select.POLLIN | select.POLLOUT)
        self.socket.setblocking(False)
        try:
            while True:
                yield sum(event for _, event in poller.poll(100))
        finally:
            self.socket.settimeout(PATIENCE_S)

    def receive(self, until: bytes = b"\r\n\r\n") -> bytes:
        """What comes up to these bytes, or until the server hangs up."""
        data = b""
        with contextlib.suppress(ConnectionError):
            while until not in data and (more := self.socket.recv(65_536)):
                data += more
        return data

    def receive_all(self) -> bytes:
        """What comes until the server hangs up, which it must."""
        data = b""
        with contextlib.suppress(ConnectionError):
            while more := self.socket.recv(65_536):
                data += more
        return data

    def ask(self, method: str, path: str, body: bytes = b"", *headers: str) -> tuple[int, Any]:
        """One call: status and JSON."""
        lines = (f"{method} {path} HTTP/1.1", "Host: a", f"Content-Length: {len(body)}", *headers, "", "")
        self.send("\r\n".join(lines).encode() + body)
        head, _, answer = self.receive().partition(b"\r\n\r\n")
        length = int(re.findall(rb"Content-Length: (\d+)", head)[0])
        while len(answer) < length:
            answer += self.socket.recv(65_536)
        return int(head.split()[1]), json.loads(answer)

    def enter(self, room_id: str | None = None) -> Member:
        """Join a room, or make one."""
        call, body = ("join-room", {"roomId": room_id}) if room_id else ("create-room", {})
        status, joined = self.ask("POST", f"/signaling/{call}", json.dumps(body).encode())
        assert status == 200, joined
        return Member.of(joined)

    def upgrade(self, token: str | None = None) -> None:
        """Become a WebSocket; without a token, one that has not said hello."""
        key = base64.b64encode(bytes(16)).decode()
        lines = ["GET /signaling/ws HTTP/1.1", "Host: a", "Connection: Upgrade", "Upgrade: websocket"]
        lines += ["Sec-WebSocket-Version: 13", f"Sec-WebSocket-Key: {key}"]
        lines += [f"Authorization: Bearer {token}"] if token else []
        self.send("\r\n".join((*lines, "", "")).encode())
        answer = self.receive()
        assert b" 101 " in answer, answer


@contextlib.contextmanager
def callers(port: int, count: int, *, source: str = "127.0.0.2", receive_buffer: int = 0) -> Iterator[list[Caller]]:
    """Many of them."""
    with contextlib.ExitStack() as stack:
        yield [stack.enter_context(Caller(port, source=source, receive_buffer=receive_buffer)) for _ in range(count)]


async def at_once(attack: Callable[..., T], *columns: Iterable[Any]) -> list[T]:
    """What each attack comes to, each on a thread of its own; columns are as for `map`."""
    rows = list(zip(*columns, strict=True))
    with ThreadPoolExecutor(len(rows)) as threads:
        loop = asyncio.get_running_loop()
        return await asyncio.gather(*(loop.run_in_executor(threads, attack, *row) for row in rows))


def frame(payload: bytes | Any, *, opcode: int = 1, is_last: bool = True) -> bytes:
    """A frame of a client (RFC 6455, 5.2), masked with zeros; what is not bytes goes as JSON."""
    data = payload if isinstance(payload, bytes) else json.dumps(payload).encode()
    first = (0x80 if is_last else 0) | opcode
    if len(data) < 126:
        head = struct.pack("!BB", first, 0x80 | len(data))
    elif len(data) < 65_536:
        head = struct.pack("!BBH", first, 0x80 | 126, len(data))
    else:
        head = struct.pack("!BBQ", first, 0x80 | 127, len(data))
    return head + bytes(4) + data


def frames_of(data: bytes) -> list[tuple[int, bytes]]:
    """Opcode and payload of each whole frame of a server."""
    found, at = [], 0
    while at + 2 <= len(data):
        opcode, size, start = data[at] & 15, data[at + 1], at + 2
        if size == 126:
            size, start = int.from_bytes(data[at + 2 : at + 4], "big"), at + 4
        elif size == 127:
            size, start = int.from_bytes(data[at + 2 : at + 10], "big"), at + 10
        found.append((opcode, data[start : start + size]))
        at = start + size
    return found
