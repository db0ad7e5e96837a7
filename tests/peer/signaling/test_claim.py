"""Taking a seat again, on a server that may have forgotten the room."""

from collections.abc import AsyncIterator
from dataclasses import replace

import pytest
from aiohttp import web

from peer.errors import JoinRefused, SignalingUnreachable
from peer.signaling.calls import Calls
from peer.signaling.claim import claim_seat
from peer.signaling.frames import Admission
from peer.signaling.http import Http
from peer.signaling.path import Credentials
from peer.signaling.tokens import UserToken

from .fake_server import FakeServer, refusal
from .samples import joined
from .seats import LOBBY

NO_ROOM = refusal(404, "no_such_room")
ROOM_EXISTS = refusal(409, "room_exists")


@pytest.fixture
async def calls(server: FakeServer) -> AsyncIterator[Calls]:
    http = Http(server.url, timeout_s=5.0)
    yield Calls(http, display_name="Ben", user_token=UserToken(None, timeout_s=1.0))
    await http.close()


async def lost_seat(calls: Calls) -> tuple[Admission, Credentials]:
    """Ours, before the server forgot something."""
    admission = await calls.create_room(topic=LOBBY, custom_name=None, is_public=True)
    credentials = Credentials(peer_id=admission.peer_id, topic=LOBBY, token=admission.token, resume=admission.resume)
    return admission, credentials


async def test_seat_is_taken_by_its_resume_secret(server: FakeServer, calls: Calls) -> None:
    admission, credentials = await lost_seat(calls)
    again = await claim_seat(calls, credentials, admission.room)
    assert again.peer_id == admission.peer_id
    assert again.token != admission.token
    assert server.bodies[-1] == {"roomId": "lobby", "displayName": "Ben", "resume": admission.resume}


async def test_forgotten_room_is_made_again(server: FakeServer, calls: Calls) -> None:
    """With all that the server has to know of it, under the same peer id."""
    admission, credentials = await lost_seat(calls)
    server.forget()
    again = await claim_seat(calls, credentials, replace(admission.room, custom_name="The lobby", is_public=False))
    assert again.peer_id == admission.peer_id
    assert server.bodies[-1] == {
        "roomId": "lobby",
        "customName": "The lobby",
        "isPublic": False,
        "displayName": "Ben",
        "resume": admission.resume,
    }


async def test_room_that_others_made_first_is_joined(server: FakeServer, calls: Calls) -> None:
    admission, credentials = await lost_seat(calls)
    server.script("join-room", NO_ROOM)
    await claim_seat(calls, credentials, admission.room)
    assert server.calls[1:] == ["join-room", "create-room", "join-room"]


async def test_room_that_comes_and_goes_is_given_up_after_some_tries(server: FakeServer, calls: Calls) -> None:
    """The caller pauses and tries again."""
    admission, credentials = await lost_seat(calls)
    server.script("join-room", *[NO_ROOM] * 9)
    server.script("create-room", *[ROOM_EXISTS] * 9)
    with pytest.raises(SignalingUnreachable, match="comes and goes"):
        await claim_seat(calls, credentials, admission.room)
    assert len(server.calls) == 1 + 2 * 4


@pytest.mark.parametrize("call", ["join-room", "create-room"])
async def test_other_refusals_are_the_callers(server: FakeServer, calls: Calls, call: str) -> None:
    admission, credentials = await lost_seat(calls)
    server.forget()
    server.script(call, refusal(401, "token_expired"))
    with pytest.raises(JoinRefused) as caught:
        await claim_seat(calls, credentials, admission.room)
    assert caught.value.code == "token_expired"


async def test_seat_of_somebody_else_is_refused(server: FakeServer, calls: Calls) -> None:
    """A server that answers with another peer or room is not the one that we know."""
    admission, credentials = await lost_seat(calls)
    server.script("join-room", lambda: web.json_response(joined()))
    with pytest.raises(SignalingUnreachable, match="somebody else"):
        await claim_seat(calls, credentials, admission.room)
