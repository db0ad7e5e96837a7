"""The route table: every address of this server, and all that is said about it, in one place.

The router is filled from it, /openapi.json and /docs are made from it, and the tests walk it. A new call is a row.
"""

from typing import Annotated

from msgspec import Meta

from .. import errors, wire
from ..identity import attest_wire
from ..metrics import metrics
from ..reference.publish import Publisher
from ..wire import Kind
from . import answers, handlers
from .query import CURSOR, LIMIT, WAIT
from .route import HTML, PLAIN, SWITCHING_PROTOCOLS, Asker, Route
from .websocket import open_socket

__all__ = ["ROUTES"]

POSTED: dict[Kind, str] = {
    "offer": "Send an offer to one peer",
    "answer": "Send an answer to one peer",
    "candidate": "Send a candidate to one peer",
    "bye": "Tell one peer that an attempt or link is given up",
}
FETCHED: dict[Kind, str] = {
    "offer": "Fetch the offers that wait",
    "answer": "Fetch the answers that wait",
    "candidate": "Fetch the candidates that wait",
    "bye": "Fetch the byes that wait",
}
EITHER = {
    "oneOf": [
        {"required": [given], "properties": {given: {"type": "string"}, missing: {"type": "null"}}}
        for given, missing in (("roomId", "broadcasterName"), ("broadcasterName", "roomId"))
    ]
}
"""What `rooms.room_to_join` wants, as a schema."""

PUBLISHER = Publisher(lambda: ROUTES)


def _post(kind: Kind) -> Route:
    return Route(
        method="POST",
        path=f"/signaling/{kind}",
        handler=handlers.post_envelope(kind),
        summary=POSTED[kind],
        asker=Asker.ROOM_TOKEN,
        details="An envelope is kept for its addressee for half a minute and handed out once. The body is any JSON; "
        "this server does not look at it.",
        body=wire.PostEnvelope,
        example={"to": "m1pwWd5C2D1w-wSejRx9Jw", "body": "sealed by the sender"},
        status=202,
        answer=answers.Empty,
        refusals=(errors.NoSuchPeer, errors.MailboxFull, errors.ShareFull),
    )


def _fetch(name: str, kind: Kind | None, summary: str) -> Route:
    return Route(
        method="GET",
        path=f"/signaling/{name}/{{roomId}}",
        handler=handlers.get_envelopes(kind),
        summary=summary,
        asker=Asker.ROOM_TOKEN,
        details="The WebSocket, where it is open, gets them first. Without any, the answer waits as long as asked.",
        query=(WAIT,),
        answer=answers.Envelopes,
    )


ROUTES: tuple[Route, ...] = (
    Route(
        method="POST",
        path="/signaling/create-room",
        handler=handlers.create_room,
        summary="Make a room and enter it",
        asker=Asker.USER,
        details="With the `resume` of a peer that is in the room, that peer is renewed instead, and nobody is told.",
        body=wire.CreateRoom,
        example={"customName": "Deck", "isPublic": True, "displayName": "Alice"},
        body_may_miss=True,
        answer=wire.Joined,
        refusals=(errors.RoomExists, errors.RoomFull, errors.TooManyOwnRooms, errors.TooManyRooms),
    ),
    Route(
        method="POST",
        path="/signaling/join-room",
        handler=handlers.join_room,
        summary="Enter a room, by its id or by its broadcaster's name",
        asker=Asker.USER,
        details="The body names either `roomId` or `broadcasterName`. By a name only public rooms are found. With the "
        "`resume` of a peer that is in the room, that peer is renewed instead, and nobody is told.",
        body=Annotated[wire.JoinRoom, Meta(extra_json_schema=EITHER)],
        example={"roomId": "q3Zk0bY1c9TgX2LwP8vJdA", "displayName": "Bob"},
        answer=wire.Joined,
        refusals=(errors.NoSuchRoom, errors.RoomFull, errors.UserSeatsTaken, errors.AddressSeatsTaken),
    ),
    *(_post(kind) for kind in wire.KINDS),
    *(_fetch(kind, kind, FETCHED[kind]) for kind in wire.KINDS),
    _fetch("inbox", None, "Fetch all that waits, notices included, in order"),
    Route(
        method="POST",
        path="/signaling/heartbeat",
        handler=handlers.heartbeat,
        summary="Stay in the room, and hear who is there",
        asker=Asker.ROOM_TOKEN,
        details="Every `heartbeatS` seconds, by peers without a WebSocket. Answers a fresh `token` when half of the "
        "one in use is spent.",
        body=wire.OnlyRoom,
        body_may_miss=True,
        answer=wire.Heard,
    ),
    Route(
        method="POST",
        path="/signaling/leave-room",
        handler=handlers.leave_room,
        summary="Leave the room; the last one out ends it",
        asker=Asker.ROOM_TOKEN,
        body=wire.OnlyRoom,
        body_may_miss=True,
        answer=answers.Empty,
    ),
    Route(
        method="GET",
        path="/signaling/rooms",
        handler=handlers.list_rooms,
        summary="List the public rooms, page by page",
        asker=Asker.USER,
        query=(CURSOR, LIMIT),
        answer=wire.Rooms,
    ),
    Route(
        method="POST",
        path="/signaling/nonce",
        handler=handlers.make_nonce,
        summary="Fetch a nonce, to prove possession of an identity key",
        asker=Asker.USER,
        details="For users with a JWT. The nonce is for this user alone.",
        answer=attest_wire.NonceMade,
        refusals=(errors.GuestRefused,),
    ),
    Route(
        method="POST",
        path="/signaling/attest",
        handler=handlers.attest,
        summary="Prove possession of an identity key, and get an attestation of it",
        asker=Asker.USER,
        details="The signature is over the nonce, the issuer and subject of the JWT, and the key; docs/protocol.md has "
        "its exact bytes. The attestation is an EdDSA JWT for other peers, with the key in `cnf` (RFC 7800).",
        body=attest_wire.Attest,
        answer=attest_wire.Attested,
        refusals=(errors.GuestRefused, errors.ProofFailed),
    ),
    Route(
        method="GET",
        path="/signaling/keys",
        handler=handlers.published_keys,
        summary="Fetch the keys that attestations are checked with",
        asker=Asker.NOBODY,
        details="A JWK Set, with the name of this server beside it.",
        answer=attest_wire.PublishedKeys,
    ),
    Route(
        method="GET",
        path="/signaling/ws",
        handler=open_socket,
        summary="Open the WebSocket of one peer",
        asker=Asker.ROOM_TOKEN,
        details="A client that cannot set the header sends the token in its first frame, `hello`. The answer is "
        "`welcome`; from then on frames go both ways (`x-frames`), and a failure is an `error` frame.",
        status=SWITCHING_PROTOCOLS,
        refusals=(errors.WrongOrigin, errors.UpgradeRequired, errors.TooManyConnections),
        cross_origin=False,
    ),
    Route(
        method="GET",
        path="/healthz",
        handler=handlers.healthz,
        summary="See that the process answers",
        asker=Asker.NOBODY,
        answer=answers.Health,
        cross_origin=False,
    ),
    Route(
        method="GET",
        path="/readyz",
        handler=handlers.readyz,
        summary="See whether clients can be sent here: the store answers, and the server is not about to stop",
        asker=Asker.NOBODY,
        answer=answers.Health,
        refusals=(errors.StoreUnavailable,),
        cross_origin=False,
    ),
    Route(
        method="GET",
        path="/metrics",
        handler=metrics,
        summary="Read the figures of this server, for Prometheus",
        asker=Asker.OPERATOR,
        details="With SIGNALING_METRICS_TOKEN as bearer token; without that setting only from the machine itself.",
        media_type=PLAIN,
        refusals=(errors.MetricsClosed,),
        cross_origin=False,
    ),
    Route(
        method="GET",
        path="/j",
        handler=handlers.invite_page,
        summary="Tell a guest what to do with an invite link",
        asker=Asker.NOBODY,
        media_type=HTML,
        cross_origin=False,
    ),
    Route(
        method="GET",
        path="/openapi.json",
        handler=PUBLISHER.document,
        summary="Fetch this document",
        asker=Asker.NOBODY,
        is_cached=True,
    ),
    Route(
        method="GET",
        path="/docs",
        handler=PUBLISHER.page,
        summary="Read this document as a page",
        asker=Asker.NOBODY,
        media_type=HTML,
        is_cached=True,
        cross_origin=False,
    ),
)
