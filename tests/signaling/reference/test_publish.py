"""The document and its page, as they are served."""

import json

import pytest

from ..conftest import Start
from ..support import Meeting

ADDRESSES = ["/openapi.json", "/docs"]


async def test_document_is_served(meeting: Meeting) -> None:
    """S17: by the server that it describes."""
    answer = await meeting.call("GET", "/openapi.json")
    assert (answer.status, answer.headers["Content-Type"]) == (200, "application/json")
    assert answer.json["openapi"] == "3.1.0"
    assert "/openapi.json" in answer.json["paths"]


async def test_page_is_served_with_its_policy(meeting: Meeting) -> None:
    """Its one style is allowed by its hash, everything else forbidden."""
    answer = await meeting.call("GET", "/docs")
    assert (answer.status, answer.headers["Content-Type"]) == (200, "text/html; charset=utf-8")
    assert answer.headers["Content-Security-Policy"].startswith("default-src 'none'; style-src 'sha256-")
    assert "<h1>Speaktube signaling" in answer.text


@pytest.mark.parametrize("path", ADDRESSES)
async def test_unchanged_bytes_are_not_sent_again(meeting: Meeting, path: str) -> None:
    """RFC 9110, section 13.1.2."""
    etag = (await meeting.call("GET", path)).headers["ETag"]
    for known in (etag, f'"other", {etag}', f"W/{etag}", "*"):
        answer = await meeting.call("GET", path, headers={"If-None-Match": known})
        assert (answer.status, answer.text, answer.headers["ETag"]) == (304, "", etag), known
        assert answer.headers["Cache-Control"] == "no-cache"
    for unknown in ('"other"', "nonsense", ""):
        assert (await meeting.call("GET", path, headers={"If-None-Match": unknown})).status == 200, unknown


async def test_document_is_that_of_the_settings(start: Start) -> None:
    """Bounds that the operator has set are the bounds it tells."""
    paths = []
    for poll_max_s in (5.0, 6.0):
        meeting = await start(poll_max_s=poll_max_s)
        paths.append(json.dumps((await meeting.call("GET", "/openapi.json")).json["paths"]))
    assert ['"maximum": 5' in paths[0], '"maximum": 6' in paths[1]] == [True, True]


async def test_page_of_another_origin_may_read_the_document(start: Start) -> None:
    """S13: as any other call."""
    meeting = await start(cors_origins=("https://chat.example",))
    answer = await meeting.call("GET", "/openapi.json", headers={"Origin": "https://chat.example"})
    assert answer.headers["Access-Control-Allow-Origin"] == "https://chat.example"
