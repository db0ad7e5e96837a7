"""Everything that can go wrong, as one tree.

    SignalingError
      Refused                what a client hears: code, status, sentence, hint
        BadRequest           400  MalformedRequest, MalformedJson, InvalidBody, InvalidQuery
        Unauthorized         401  Unauthenticated, InvalidToken, TokenExpired
        Forbidden            403  WrongRoom, WrongOrigin, GuestRefused, MetricsClosed, ProofFailed
        NotThere             404  NoSuchRoom, NoSuchPeer
        NotFound             404
        MethodNotAllowed     405
        RequestTimeout       408
        Conflict             409  RoomFull, RoomExists
        PeerGone             410
        BodyTooLarge         413
        UnsupportedEncoding  415
        ExpectationFailed    417
        UpgradeRequired      426
        TooMany              429  MailboxFull, ShareFull, RateLimited, TooManyConnections, TooManyOwnRooms,
                                  TooManyRooms, UserSeatsTaken, AddressSeatsTaken
        HeadersTooLarge      431
        InternalError        500  our own bug, and the only 500
        Unavailable          503  StoreUnavailable, GoingAway, KeysUnavailable, ServerFull
      Halt                   what the operator reads before the server stops
        BadSetting, StoreUnusable, AddressInUse

An error carries facts and builds its sentence from them; the table in docs/protocol.md names the codes.
"""

from .access import (
    Forbidden,
    GuestRefused,
    InvalidToken,
    MetricsClosed,
    ProofFailed,
    TokenExpired,
    Unauthenticated,
    Unauthorized,
    WrongOrigin,
    WrongRoom,
)
from .capacity import (
    AddressSeatsTaken,
    GoingAway,
    InternalError,
    KeysUnavailable,
    MailboxFull,
    RateLimited,
    ServerFull,
    ShareFull,
    StoreUnavailable,
    TooMany,
    TooManyConnections,
    TooManyOwnRooms,
    TooManyRooms,
    Unavailable,
    UserSeatsTaken,
)
from .halt import AddressInUse, BadSetting, Halt, StoreUnusable
from .request import (
    BadRequest,
    BodyTooLarge,
    ExpectationFailed,
    HeadersTooLarge,
    InvalidBody,
    InvalidQuery,
    MalformedJson,
    MalformedRequest,
    MethodNotAllowed,
    NotFound,
    RequestTimeout,
    UnsupportedEncoding,
    UpgradeRequired,
)
from .rooms import Conflict, NoSuchPeer, NoSuchRoom, NotThere, PeerGone, RoomExists, RoomFull
from .root import Refused, SignalingError

__all__ = [
    "AddressInUse",
    "AddressSeatsTaken",
    "BadRequest",
    "BadSetting",
    "BodyTooLarge",
    "Conflict",
    "ExpectationFailed",
    "Forbidden",
    "GoingAway",
    "GuestRefused",
    "Halt",
    "HeadersTooLarge",
    "InternalError",
    "InvalidBody",
    "InvalidQuery",
    "InvalidToken",
    "KeysUnavailable",
    "MailboxFull",
    "MalformedJson",
    "MalformedRequest",
    "MethodNotAllowed",
    "MetricsClosed",
    "NoSuchPeer",
    "NoSuchRoom",
    "NotFound",
    "NotThere",
    "PeerGone",
    "ProofFailed",
    "RateLimited",
    "Refused",
    "RequestTimeout",
    "RoomExists",
    "RoomFull",
    "ServerFull",
    "ShareFull",
    "SignalingError",
    "StoreUnavailable",
    "StoreUnusable",
    "TokenExpired",
    "TooMany",
    "TooManyConnections",
    "TooManyOwnRooms",
    "TooManyRooms",
    "Unauthenticated",
    "Unauthorized",
    "Unavailable",
    "UnsupportedEncoding",
    "UpgradeRequired",
    "UserSeatsTaken",
    "WrongOrigin",
    "WrongRoom",
]
