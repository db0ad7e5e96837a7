"""A call as people read it."""

import shlex
from typing import Any

import pytest

from signaling import errors, wire
from signaling.config import Config
from signaling.http.query import LIMIT
from signaling.http.route import HTML, Asker, Route
from signaling.reference.article import badge, calls_of, describe_call, media_of, show_path
from signaling.reference.openapi import describe

from ..http.test_route import a_route

OFFER = {"to": "A" * 22, "body": "it's"}


def article(row: Route, **settings: Any) -> str:
    document = describe([row], Config(**settings), version="1")
    (tag,) = document["tags"]
    (call,) = calls_of(document, tag["name"])
    assert calls_of(document, "another") == []
    return describe_call(call, document["components"])


def test_article_has_its_anchor() -> None:
    """A call can be linked to."""
    html = article(a_route(path="/healthz", summary="See `it`", details="At last."))
    assert html.startswith('<article id="getHealthz"><h3><a href="#getHealthz">')
    assert "See <code>it</code>.</p><p>At last.</p>" in html


@pytest.mark.parametrize(
    ("row", "guests", "wanted"),
    [
        (a_route(), False, "Asked without a token."),
        (a_route(asker=Asker.USER), False, "Asked with a user’s JWT."),
        (a_route(asker=Asker.USER), True, "Asked with a user’s JWT or without a token."),
        (a_route(asker=Asker.ROOM_TOKEN), True, "Asked with the room token."),
    ],
)
def test_article_says_who_may_ask(row: Route, guests: bool, wanted: str) -> None:
    """By the settings of this very server."""
    assert wanted in article(row, guests=guests)


@pytest.mark.parametrize(("may_miss", "wanted"), [(True, "</a>, or nothing at all."), (False, "</a>.")])
def test_article_shows_the_fields_of_the_body(may_miss: bool, wanted: str) -> None:
    """In place, so that nobody has to look them up."""
    html = article(a_route(method="POST", body=wire.OnlyRoom, body_may_miss=may_miss))
    assert f'The body is JSON, <a href="#type-OnlyRoom">OnlyRoom{wanted}' in html
    assert "<td><code>roomId</code>?</td>" in html


def test_body_without_a_name_has_no_table() -> None:
    """Its type says it all."""
    assert "<th" not in article(a_route(body=dict[str, int])).partition("<pre>")[0]


def test_article_shows_the_query() -> None:
    """With its bounds, and with segments of the path, whose meaning is that of their type."""
    html = article(a_route(path="/signaling/offer/{roomId}", query=(LIMIT,)))
    assert "<td><code>limit</code></td><td>query</td><td>integer 1–100, default 50</td>" in html
    assert "<td><code>roomId</code></td><td>path</td>" in html
    assert "The room's name" in html


@pytest.mark.parametrize(
    ("row", "words"),
    [
        (a_route(path="/healthz"), ["curl", "$SERVER/healthz"]),
        (
            a_route(method="POST", path="/signaling/offer", asker=Asker.ROOM_TOKEN, body=wire.PostEnvelope),
            ["curl", "-X", "POST", "-H", "Authorization: Bearer $TOKEN", "-d", None, "$SERVER/signaling/offer"],
        ),
        (
            a_route(path="/signaling/offer/{roomId}", asker=Asker.ROOM_TOKEN),
            ["curl", "-H", "Authorization: Bearer $TOKEN", "$SERVER/signaling/offer/$ROOM"],
        ),
        (
            a_route(path="/signaling/ws", status=101, asker=Asker.ROOM_TOKEN),
            ["websocat", "-H", "Authorization: Bearer $TOKEN", "${SERVER/http/ws}/signaling/ws"],
        ),
    ],
)
def test_article_has_a_command_for_a_shell(row: Route, words: list[str | None]) -> None:
    """As one would type it."""
    html = article(row)
    command = html.partition("<pre>")[2].partition("</pre>")[0]
    read = shlex.split(command.replace("\\\n", " "))
    assert [wanted if wanted is not None else read[at] for at, wanted in enumerate(words)] == read


def test_article_lists_every_answer() -> None:
    """Successes by type or media type, failures by code, each with a link to its meaning."""
    html = article(a_route(answer=wire.Rooms, is_cached=True, refusals=(errors.RoomFull,)))
    assert '<td><b>200</b></td><td>Done. <a href="#type-Rooms">Rooms</a></td>' in html
    assert "<td><b>304</b></td>" in html
    assert '<td><b>409</b></td><td><a href="#error-room_full"><code>room_full</code></a></td>' in html
    assert "<summary>Example of an answer</summary>" in html
    page = article(a_route(media_type=HTML))
    assert f"<td>Done. <code>{HTML}</code></td>" in page
    assert "<summary>" not in page


def test_pieces_are_shared_with_the_list_of_calls() -> None:
    """What stands for something else is set apart, and long paths break."""
    assert badge("GET") == '<b class="method get">GET</b>'
    assert show_path("/a/{b}") == "/<wbr>a/<wbr><i>{b}</i>"
    assert media_of({}) == {}
