"""Requests and frames that were good once: what may be changed about one, and the dice that choose.

The words were chosen for the trouble that they make elsewhere; splices make the rest.
"""

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import TypeVar

from hypothesis import settings
from hypothesis import strategies as st

__all__ = ["BATCH", "BATCHES", "FIELDS", "VALUES", "Dice", "Request", "Splice", "dice", "mutated"]

BATCH = 100
"""At a time: what waits for a timeout does not wait alone."""
BATCHES = 10 if settings.get_current_profile_name() == "ci" else 2
"""A thousand of everything in CI."""

Pairs = tuple[tuple[bytes, bytes], ...]


@dataclass(frozen=True)
class Request:
    """An HTTP request in pieces; the fields of its body are raw JSON, None for no body."""

    method: bytes
    target: bytes
    headers: Pairs
    fields: Pairs | None = None
    splices: tuple["Splice", ...] = ()

    def encode(self) -> bytes:
        """Its bytes; a head that has lost its end gets another one, or the server would rightly wait."""
        headers, body = self.headers, b""
        if self.fields is not None:
            body = b"{" + b",".join(b'"%b":%b' % each for each in self.fields) + b"}"
            headers += ((b"Content-Length", b"%d" % len(body)),)
        lines = [b"%b %b HTTP/1.1" % (self.method, self.target), *(b"%b: %b" % each for each in headers)]
        raw = b"\r\n".join(lines) + b"\r\n\r\n" + body
        for splice in self.splices:
            raw = splice.applied(raw)
        return raw if b"\r\n\r\n" in raw else raw + b"\r\n\r\n"


Change = Callable[[Request], Request]


@dataclass(frozen=True)
class Splice:
    """Some bytes taken out and others put in, anywhere."""

    at: int
    out: int
    put: bytes

    def applied(self, raw: bytes) -> bytes:
        """The bytes with the change."""
        at = self.at % (len(raw) + 1)
        return raw[:at] + self.put + raw[at + self.out :]

    def __call__(self, request: Request) -> Request:
        return replace(request, splices=(*request.splices, self))


@dataclass(frozen=True)
class SetMethod:
    """Another method."""

    method: bytes

    def __call__(self, request: Request) -> Request:
        return replace(request, method=self.method)


@dataclass(frozen=True)
class SetSegment:
    """Another segment of the path."""

    at: int
    text: bytes

    def __call__(self, request: Request) -> Request:
        segments = request.target.split(b"/")
        segments[self.at % len(segments)] = self.text
        return replace(request, target=b"/".join(segments))


@dataclass(frozen=True)
class AddQuery:
    """One more parameter."""

    name: bytes
    text: bytes

    def __call__(self, request: Request) -> Request:
        mark = b"&" if b"?" in request.target else b"?"
        return replace(request, target=request.target + mark + self.name + b"=" + self.text)


@dataclass(frozen=True)
class SetHeader:
    """A header in place of all of its name: gone, once or twice."""

    name: bytes
    text: bytes
    times: int

    def __call__(self, request: Request) -> Request:
        others = tuple(each for each in request.headers if each[0].lower() != self.name.lower())
        return replace(request, headers=others + ((self.name, self.text),) * self.times)


@dataclass(frozen=True)
class SetField:
    """The same with a field of the body."""

    name: bytes
    value: bytes
    times: int

    def __call__(self, request: Request) -> Request:
        others = tuple(each for each in request.fields or () if each[0] != self.name)
        return replace(request, fields=others + ((self.name, self.value),) * self.times)


class _Long(bytes):
    """Bytes that nobody wants to read."""

    def __repr__(self) -> str:
        return f"<{len(self)} bytes that begin with {self[:8]!r}>"


NOTHING_MUCH = [b"", b" ", b"\x00", b"\xff\xfe", b"\t", b"\xc3\xa9", b"*", b"{}", b"$", b"..", b"null", b"undefined"]
ESCAPES = [b"%", b"%zz", b"%00", b"%0d%0aX:1", b"%2e%2e%2f", b"%C3%A9", b"%F0%9F%98%80", b"%E2%80%A8"]
NUMBERS = [b"0", b"-1", b"-0", b"1e999", b"nan", b"inf", b"25.0001", b"101", b"1_0"]
LENGTHS = [b"A" * 22, b"A" * 43, b"a" * 64, b"a" * 65, _Long(b"a" * 9000)]
WORDS = NOTHING_MUCH + ESCAPES + NUMBERS + LENGTHS

METHODS = [b"GET", b"POST", b"PUT", b"DELETE", b"HEAD", b"OPTIONS", b"PATCH", b"TRACE", b"CONNECT", b"get", b"SPEAK"]
QUERIES = [b"wait", b"limit", b"cursor", b"token", b"roomId", b"", b"wait[]"]
LONG_TOKEN = _Long(b"Bearer " + b"a" * 8190)
HEADERS = {
    b"Authorization": [b"Bearer", b"Bearer ", b"Basic YTpi", b"Bearer a.b.c", b"bearer  x y", LONG_TOKEN],
    b"Host": [b"", b"a:b:c", b"[::1", b"\xc3\xa9", b"evil.example"],
    b"Origin": [b"null", b"https://evil.example", b"http://[", b"https://chat.example", b"://"],
    b"Content-Length": [b"0", b"1", b"-1", b"99999999999999999999", b"0x10", b"1, 2"],
    b"Content-Type": [b"text/plain; charset=utf-7", b"multipart/form-data", b"application/json; charset=\xff", b";;;"],
    b"Content-Encoding": [b"gzip", b"deflate", b"br", b"zstd", b"identity, gzip"],
    b"Transfer-Encoding": [b"chunked", b"identity", b"chunked, chunked", b"gzip, chunked"],
    b"Accept-Encoding": [b"gzip;q=nan", b"*;q=0"],
    b"Expect": [b"100-continue", b"200-ok"],
    b"Connection": [b"close", b"Upgrade", b"keep-alive, Upgrade"],
    b"Upgrade": [b"websocket", b"h2c", b"WebSocket"],
    b"Sec-WebSocket-Version": [b"13", b"8", b"x"],
    b"Sec-WebSocket-Key": [b"AAAAAAAAAAAAAAAAAAAAAA==", b"x", b"AAAA"],
    b"If-None-Match": [b"*", b'"', b'W/"x", "', b'"x"' * 900],
    b"X-Request-Id": [b"a" * 40, b"../../etc"],
    b"X-Forwarded-For": [b"127.0.0.1", b"::1, nonsense", b"," * 200],
    b"Cookie": [b"a=b; ;=;"],
    b"Range": [b"bytes=0-,0-,0-"],
    b"Access-Control-Request-Method": [b"POST", b"\xff"],
    _Long(b"X" * 9000): [b"x"],
}
"""Names, each with values that say something, or nearly."""

FIELDS = [b"roomId", b"broadcasterName", b"customName", b"isPublic", b"displayName", b"resume", b"to", b"body", b"type"]
FIELDS += [b"from", b"", b"\\u0000", b"__proto__", b"\xff"]
ATOMS = [
    b"",
    b"null",
    b"true",
    b"tru",
    b"0",
    b"-0",
    b"01",
    b"1.",
    b"1e999",
    b"NaN",
    b"/**/1",
    b"\xff",
    _Long(b"1" * 400),
]
STRINGS = [
    b'""',
    b'" "',
    b'"\\ud800"',
    b'"\\u0000"',
    b'"\xff"',
    b'"a\nb"',
    b"'x'",
    b'"\xe2\x80\xa8"',
    b'"' + b"A" * 22 + b'"',
]
LONG_STRINGS = [b'"' + b"x" * 65 + b'"', _Long(b'"' + b"x" * 70_000 + b'"')]
NESTED = [b"[]", b"{}", b"[1,]", b'{"a":1,"a":2}', _Long(b"[" * 3000), _Long(b'{"a":' * 3000)]
VALUES = ATOMS + STRINGS + LONG_STRINGS + NESTED

SET_HEADERS = [(name, text) for name, texts in HEADERS.items() for text in texts]

T = TypeVar("T")


class Dice:
    """Choices from one number: drawn one by one by Hypothesis they would cost more than the requests."""

    def __init__(self, seed: int) -> None:
        self._chance = random.Random(seed)  # noqa: S311 - no secret comes of it

    def below(self, count: int) -> int:
        """A number from 0 on."""
        return int(self._chance.random() * count)

    def one_of(self, things: Sequence[T]) -> T:
        """One of some things."""
        return things[self.below(len(things))]

    def few_bytes(self) -> bytes:
        """Up to four of any value, or a word."""
        return self._chance.randbytes(self.below(5)) if self.below(2) else self.one_of(WORDS)

    def splice(self) -> Splice:
        """Anywhere in the first four thousand bytes; around the end of those that are fewer."""
        return Splice(self.below(4000), self.below(9), self.few_bytes())

    def change(self) -> Change:
        """One thing that is done to a request: half of the time to its bytes, else to what they mean."""
        return self.splice() if self.below(2) else self.one_of(CHANGES)(self)


CHANGES: tuple[Callable[[Dice], Change], ...] = (
    lambda dice: SetMethod(dice.one_of(METHODS)),
    lambda dice: SetSegment(dice.below(5), dice.few_bytes()),
    lambda dice: AddQuery(dice.one_of(QUERIES), dice.few_bytes()),
    lambda dice: SetHeader(*dice.one_of(SET_HEADERS), times=dice.below(3)),
    lambda dice: SetHeader(dice.one_of(list(HEADERS)), dice.few_bytes(), times=dice.below(3)),
    lambda dice: SetField(dice.one_of(FIELDS), dice.one_of(VALUES), times=dice.below(3)),
    lambda dice: SetField(dice.one_of(FIELDS), dice.one_of(VALUES), times=1),
)

dice = st.integers(0, 1 << 64).map(Dice)


def mutated(request: Request, dice: Dice) -> Request:
    """The request after one to three changes."""
    for _ in range(1 + dice.below(3)):
        request = dice.change()(request)
    return request
