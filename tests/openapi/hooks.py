"""What schemathesis cannot know by itself: who asks, in which room, and who else is there. Loaded in its own process.

Positive cases name a room and a peer that exist; negative ones stay as they were made.
"""

import functools
import json
import os
from dataclasses import dataclass
from typing import Any
from urllib.request import Request, urlopen

import schemathesis
from schemathesis import AuthContext, Case, GenerationMode

URL = os.environ["SPEAKTUBE_URL"]
TOKENS = {"userToken": os.environ["SPEAKTUBE_USER_TOKEN"], "operatorToken": os.environ["SPEAKTUBE_METRICS_TOKEN"]}


@dataclass
class Pair:
    """Two peers in one room, as they were answered."""

    left: Any
    right: Any


def _post(call: str, **body: Any) -> Any:
    headers = {"Authorization": f"Bearer {TOKENS['userToken']}"}
    request = Request(f"{URL}/signaling/{call}", json.dumps(body).encode(), headers)  # noqa: S310 - loopback
    with urlopen(request) as response:  # noqa: S310
        return json.load(response)


def _pair() -> Pair:
    left = _post("create-room", isPublic=True)
    return Pair(left, _post("join-room", roomId=left["room"]["roomId"]))


@functools.cache
def _lasting_pair() -> Pair:
    """For the calls that end nothing."""
    return _pair()


@schemathesis.auth(refresh_interval=None)
class Tokens:
    """The token that each call wants."""

    def get(self, case: Case[Any], context: AuthContext) -> str | None:
        wanted = {name for way in case.operation.definition.raw.get("security", []) for name in way}
        if "roomToken" in wanted:
            pair = _pair() if case.operation.path.endswith("/leave-room") else _lasting_pair()
            _put_in_place(case, pair)
            return str(pair.left["token"])
        return next((TOKENS[name] for name in wanted), None)

    def set(self, case: Case[Any], data: str | None, context: AuthContext) -> None:
        if data is not None:
            case.headers["Authorization"] = f"Bearer {data}"


def _put_in_place(case: Case[Any], pair: Pair) -> None:
    if case.meta is None or case.meta.generation.mode is not GenerationMode.POSITIVE:
        return
    room_id = pair.left["room"]["roomId"]
    if "roomId" in case.path_parameters:
        case.path_parameters["roomId"] = room_id
    if isinstance(case.body, dict):
        known = {"to": pair.right["peerId"], "roomId": room_id}
        case.body.update({name: value for name, value in known.items() if name in case.body})
