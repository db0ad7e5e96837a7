"""What fails before any handler is found, in the one shape of all failures."""

import asyncio
import json
from typing import Any

import pytest

from .support import Meeting

GET = b"GET /healthz HTTP/1.1\r\nHost: a\r\n"
POST = b"POST /signaling/create-room HTTP/1.1\r\nHost: a\r\n"


async def ask(meeting: Meeting, request: bytes) -> tuple[int, dict[str, str], Any]:
    """Status, headers and JSON of what is answered to these bytes until the server hangs up; held to the document."""
    reader, writer = await asyncio.open_connection("127.0.0.1", meeting.server.port)
    writer.write(request)
    answer = await asyncio.wait_for(reader.read(), 3)
    writer.close()
    await writer.wait_closed()
    head, _, body = answer.decode().partition("\r\n\r\n")
    first, *lines = head.split("\r\n")
    headers = {name.title(): value for name, _, value in (line.partition(": ") for line in lines)}
    meeting.judge.check_answer("GET", "/healthz", int(first.split()[1]), headers, body)
    return int(first.split()[1]), headers, json.loads(body)


@pytest.mark.parametrize(
    ("request_bytes", "status", "code"),
    [
        (b"s3cret\r\n\r\n", 400, "malformed_request"),
        (b"GET /s3cret HTTP/9\r\n\r\n", 400, "malformed_request"),
        (b"\x16\x03\x01s3cret\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n", 400, "malformed_request"),
        (GET + b"Authorization : Bearer s3cret\r\n\r\n", 400, "malformed_request"),
        (GET + b"Authorization: s3cret\x01\r\n\r\n", 400, "malformed_request"),
        (GET + b"Content-Length: s3cret\r\n\r\n", 400, "malformed_request"),
        (GET + b"Transfer-Encoding: s3cret\r\n\r\n", 400, "malformed_request"),
        (POST + b"Content-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n", 400, "malformed_request"),
        (GET + b"Authorization: s3cret" + b"x" * 20_000 + b"\r\n\r\n", 431, "headers_too_large"),
        (b"GET /s3cret" + b"x" * 9_000 + b" HTTP/1.1\r\n\r\n", 431, "headers_too_large"),
        (GET + b"Expect: s3cret\r\n\r\n", 417, "expectation_failed"),
        (b"GET /s3cret HTTP/1.1\r\nHost: a\r\nExpect: s3cret\r\n\r\n", 417, "expectation_failed"),
    ],
)
async def test_request_that_cannot_be_read_is_refused_as_any_other(
    meeting: Meeting, request_bytes: bytes, status: int, code: str
) -> None:
    """S21: one shape, which does not quote what may be a token; the connection ends, and the refusal is counted."""
    answered, headers, body = await ask(meeting, request_bytes)
    assert (answered, body["error"]["code"]) == (status, code)
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert "s3cret" not in json.dumps([headers, body])
    assert meeting.service.tally.refusals[code] == 1
    assert (await meeting.call("GET", "/healthz")).status == 200


async def test_expectation_that_is_known_is_met(meeting: Meeting) -> None:
    """RFC 9110, section 10.1.1: 100, then the answer."""
    answer = await meeting.call("POST", "/signaling/create-room", {"customName": "Deck"}, expect100=True)
    assert answer.json["room"]["customName"] == "Deck"


async def test_what_is_left_of_a_refused_request_is_not_read(meeting: Meeting) -> None:
    """A second request behind bytes that cannot be read is not one."""
    status, _, _ = await ask(meeting, b"s3cret\r\n\r\n" + GET + b"\r\n")
    assert status == 400
    assert meeting.service.tally.refusals.total() == 1
