"""What follows from a row of the route table."""

from typing import Any

import pytest

from signaling import errors, wire
from signaling.http.query import WAIT
from signaling.http.route import Asker, Refusals, Route

OF_EVERY_CALL = (
    errors.MalformedRequest,
    errors.ExpectationFailed,
    errors.HeadersTooLarge,
    errors.RateLimited,
    errors.ServerFull,
    errors.GoingAway,
    errors.InternalError,
)
OF_A_TOKEN = (errors.Unauthenticated, errors.InvalidToken, errors.TokenExpired)


async def nothing(request: object) -> object:
    """A handler."""
    return request


def a_route(**settings: Any) -> Route:
    row = {"method": "GET", "path": "/", "handler": nothing, "summary": "Nothing", "asker": Asker.NOBODY}
    return Route(**{**row, **settings})


@pytest.mark.parametrize(
    ("row", "refusals"),
    [
        (a_route(), ()),
        (
            a_route(asker=Asker.USER),
            (*OF_A_TOKEN, errors.WrongOrigin, errors.KeysUnavailable, errors.StoreUnavailable),
        ),
        (
            a_route(asker=Asker.ROOM_TOKEN),
            (*OF_A_TOKEN, errors.PeerGone, errors.WrongOrigin, errors.WrongRoom, errors.StoreUnavailable),
        ),
        (a_route(asker=Asker.OPERATOR), OF_A_TOKEN),
        (a_route(path="/a/{b}"), (errors.NotFound,)),
        (a_route(query=(WAIT,)), (errors.InvalidQuery,)),
        (
            a_route(body=wire.OnlyRoom),
            (
                errors.MalformedJson,
                errors.InvalidBody,
                errors.BodyTooLarge,
                errors.UnsupportedEncoding,
                errors.RequestTimeout,
            ),
        ),
        (a_route(refusals=(errors.RoomFull, errors.GoingAway)), (errors.RoomFull,)),
        (a_route(status=101, asker=Asker.ROOM_TOKEN), ()),
    ],
)
def test_refusals_follow_from_the_row(row: Route, refusals: Refusals) -> None:
    """Each once; those that every call may give need not be said."""
    assert set(row.all_refusals) == {*refusals, *OF_EVERY_CALL}
    assert len(row.all_refusals) == len({*refusals, *OF_EVERY_CALL})


@pytest.mark.parametrize(("status", "is_socket"), [(101, True), (200, False)])
def test_socket_is_known_by_its_status(status: int, is_socket: bool) -> None:
    """RFC 6455, section 4.2.2."""
    assert a_route(status=status).is_socket is is_socket
