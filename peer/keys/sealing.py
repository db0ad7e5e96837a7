"""Signals, sealed so that the server relays offers, answers and candidates without reading or altering them.

docs/protocol.md, "Signals". Promised: who lacks the signal key can neither read a signal nor change it, nor pass it off
as one of another room, kind, sender or recipient. Not promised: freshness (the handshake binds that), hidden sizes, or
that a member does not speak in another's name: the key is the room's.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from ..encoding import decode_base64url, encode_base64url, length_prefixed
from ..errors import BadCiphertext, MalformedFrame, MessageTooLarge
from ..ids import PeerId, Topic
from .labels import SIGNAL_CONTEXT

__all__ = ["MAX_SIGNAL_CHARS", "SignalContext", "open_signal", "seal_signal"]

MAX_SIGNAL_CHARS = 64 * 1024 - 2
"""The server takes 64 KiB of JSON, and a JSON string has two quotes."""

_VERSION = 1
_NONCE_BYTES = 12
_TAG_BYTES = 16
_MIN_BYTES = 1 + _NONCE_BYTES + _TAG_BYTES


@dataclass(frozen=True, slots=True)
class SignalContext:
    """What a signal is bound to: it opens in the same context only."""

    topic: Topic
    kind: str
    """`offer`, `answer` or `candidate`."""
    sender: PeerId
    recipient: PeerId


def seal_signal(plaintext: bytes, *, key: bytes, context: SignalContext, random_bytes: Callable[[int], bytes]) -> str:
    """The text to relay; raise MessageTooLarge for more than the server takes.

        base64url of    0         1       13
                        | 01      | nonce | ciphertext and tag |

    Random nonces: a room may seal 2^32 signals under its key (NIST SP 800-38D, 8.3).
    """
    nonce = random_bytes(_NONCE_BYTES)
    ciphertext = AESGCM(key).encrypt(nonce, plaintext, _associated_data(context))
    body = encode_base64url(bytes([_VERSION]) + nonce + ciphertext)
    if len(body) > MAX_SIGNAL_CHARS:
        raise MessageTooLarge(actual_bytes=len(body), limit_bytes=MAX_SIGNAL_CHARS)
    return body


def open_signal(body: str, *, key: bytes, context: SignalContext) -> bytes:
    """The plaintext; raise MalformedFrame for what cannot be a signal, BadCiphertext for what is none of ours."""
    sealed = _decode_body(body)
    nonce, ciphertext = sealed[1 : 1 + _NONCE_BYTES], sealed[1 + _NONCE_BYTES :]
    try:
        return AESGCM(key).decrypt(nonce, ciphertext, _associated_data(context))
    except InvalidTag:
        raise BadCiphertext("the tag of a signal does not fit") from None


def _decode_body(body: str) -> bytes:
    if len(body) > MAX_SIGNAL_CHARS:
        raise MalformedFrame("a signal over 64 KiB")
    try:
        sealed = decode_base64url(body)
    except ValueError:
        raise MalformedFrame("a signal that is not base64url") from None
    if len(sealed) < _MIN_BYTES or sealed[0] != _VERSION:
        raise MalformedFrame("a signal cut short, or of another version")
    return sealed


def _associated_data(context: SignalContext) -> bytes:
    texts = (context.topic, context.kind, context.sender, context.recipient)
    return length_prefixed(SIGNAL_CONTEXT, *(text.encode() for text in texts))
