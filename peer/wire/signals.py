"""The plaintext of a sealed signal: MessagePack `[attempt, text]` (docs/protocol.md, Signals)."""

from __future__ import annotations

from typing import Annotated

import msgspec

from ..errors import MalformedFrame

__all__ = ["ATTEMPT_BYTES", "Description", "decode_description", "encode_description"]

ATTEMPT_BYTES = 8


class Description(msgspec.Struct, array_like=True, frozen=True):
    """One SDP or candidate line, and the attempt at a link that it belongs to."""

    attempt: Annotated[bytes, msgspec.Meta(min_length=ATTEMPT_BYTES, max_length=ATTEMPT_BYTES)]
    text: Annotated[str, msgspec.Meta(max_length=16 * 1024)]


_decoder = msgspec.msgpack.Decoder(Description)


def encode_description(description: Description) -> bytes:
    """The bytes to seal."""
    return msgspec.msgpack.encode(description)


def decode_description(data: bytes) -> Description:
    """Read what was sealed; raise MalformedFrame, and nothing else."""
    try:
        return _decoder.decode(data)
    except (msgspec.MsgspecError, ValueError, RecursionError) as error:
        raise MalformedFrame(f"not a description: {error}") from error
