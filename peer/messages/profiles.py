"""What members of a room call themselves, signed by each, so that anybody can pass on the name of who is away.

Registers: of each key the newest counts, by its stamp (docs/protocol.md, part 3, Profiles). Promised: a name that is
shown for a key was signed by that key, for this room. Not promised: that it is true, or nobody else's; people compare
safety numbers.

    profile = MessagePack [key 32, stamp, name, signature 64]
    signed  = "speaktube v1 profile" ‖ 00 ‖ LP(room id, stamp 8, name)
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Mapping
from heapq import heapify, heappop, heappush
from typing import Annotated

import msgspec

from ..crypto.identity import Identity, verify
from ..encoding import length_prefixed
from ..errors import MalformedFrame
from ..ids import RoomId

__all__ = ["BUCKETS", "BUCKET_BYTES", "MAX_AHEAD_MS", "Profile", "Profiles", "decode_profile", "sign_profile"]

BUCKETS, BUCKET_BYTES = 16, 8
"""A digest has one part for each first half byte of a key, so that what is told is a sixteenth where little differs."""
MAX_AHEAD_MS = 120_000
"""A profile whose stamp is further ahead of our clock is not taken yet."""

_SIGNATURE = b"speaktube v1 profile"
_ROW = b"p"
_WEIGHED_SHARE = 32

_Key = Annotated[bytes, msgspec.Meta(min_length=32, max_length=32)]
_Stamp = Annotated[int, msgspec.Meta(ge=0, le=2**62)]
_Name = Annotated[str, msgspec.Meta(min_length=1, max_length=64)]
_Signature = Annotated[bytes, msgspec.Meta(min_length=64, max_length=64)]


class Profile(msgspec.Struct, array_like=True, frozen=True, forbid_unknown_fields=True):
    """What the holder of a key calls itself in one room."""

    key: _Key
    stamp: _Stamp
    """Of two of one key the higher one counts: ms since 1970, or one more than the one before."""
    name: _Name
    """As its owner gave it; whoever shows it makes it fit to be read."""
    signature: _Signature

    @property
    def rank(self) -> tuple[int, str, bytes]:
        """Everybody prefers the same one, whichever came first."""
        return self.stamp, self.name, self.signature


_decoder = msgspec.msgpack.Decoder(Profile)


def sign_profile(identity: Identity, *, room_id: RoomId, stamp: int, name: str) -> Profile:
    """Our own, for one room."""
    return Profile(identity.public_key, stamp, name, identity.sign(_SIGNATURE, _signed(room_id, stamp, name)))


def decode_profile(encoded: bytes) -> Profile:
    """Whose signature nobody has looked at; raise MalformedFrame, and nothing else."""
    try:
        return _decoder.decode(encoded)
    except (msgspec.MsgspecError, ValueError, RecursionError) as error:
        raise MalformedFrame(f"not a profile: {error}") from error


def _signed(room_id: RoomId, stamp: int, name: str) -> bytes:
    return length_prefixed(room_id, stamp.to_bytes(8, "big"), name.encode())


class Profiles:
    """Of one room, ours among them."""

    def __init__(
        self,
        *,
        identity: Identity,
        room_id: RoomId,
        name: str,
        rank_of: Callable[[bytes], int],
        limit: int,
        rows: Mapping[bytes, bytes],
        now_ms: int,
    ) -> None:
        """`rank_of` a key is 0 for whom no profile is kept; of more than `limit` those of the lowest rank go first.

        Raise MalformedFrame for rows that are not ours.
        """
        self._identity = identity
        self._room_id = room_id
        self._name = name
        self._rank_of = rank_of
        self._limit = limit
        self._held = {key[1:]: decode_profile(row) for key, row in rows.items() if key[:1] == _ROW}
        self._stirred: set[bytes] = set()
        self._weighed: list[tuple[int, int, bytes]] = []
        """A heap of rank, stamp and key; of those that were replaced or let go since as well."""
        self._weighed_for = 0
        """So many may be let go by it."""
        self._has_insisted = False
        self._digest = -1, b""
        """Of which version."""
        self.version = 0
        """Grows with each change."""
        ours = self._held.get(identity.public_key)
        if ours is None or ours.name != name:
            self._sign(max(now_ms, ours.stamp + 1 if ours is not None else 0))

    @property
    def ours(self) -> Profile:
        return self._held[self._identity.public_key]

    def name_of(self, key: bytes) -> str:
        """As its owner gave it; empty where we do not know it."""
        profile = self._held.get(key)
        return profile.name if profile is not None else ""

    def take(self, encoded: bytes, *, now_ms: int) -> bool:
        """Keep a profile that somebody told us, if it is the newest; whether it is news.

        Raise MalformedFrame for one that its owner did not sign. Most are not looked at closely: we have them.
        """
        profile = decode_profile(encoded)
        held = self._held.get(profile.key)
        if held is not None and held.rank >= profile.rank:
            return False
        if profile.stamp > now_ms + MAX_AHEAD_MS or not self._rank_of(profile.key):
            return False
        signed = _signed(self._room_id, profile.stamp, profile.name)
        if not verify(profile.key, _SIGNATURE, profile.signature, signed):
            raise MalformedFrame("a profile that its owner did not sign")
        self._put(profile)
        self._insist()
        self._keep_bound()
        return profile.key in self._held

    def digest(self) -> bytes:
        """`BUCKETS` times `BUCKET_BYTES`; equal where both hold the same. Made anew only where something changed."""
        version, digest = self._digest
        if version != self.version:
            hashes = [hashlib.sha256() for _ in range(BUCKETS)]
            for profile in self._in_order():
                hashes[_bucket_of(profile)].update(msgspec.msgpack.encode(profile))
            digest = b"".join(each.digest()[:BUCKET_BYTES] for each in hashes)
            self._digest = self.version, digest
        return digest

    def where_other(self, theirs: bytes) -> Iterator[bytes]:
        """Those that whoever has this digest may lack."""
        ours = self.digest()
        for profile in self._in_order():
            start = _bucket_of(profile) * BUCKET_BYTES
            if ours[start : start + BUCKET_BYTES] != theirs[start : start + BUCKET_BYTES]:
                yield msgspec.msgpack.encode(profile)

    def take_stir(self) -> dict[bytes, bytes | None]:
        """The rows that have changed since it was last asked."""
        taken, self._stirred = self._stirred, set()
        held = {key: self._held.get(key) for key in sorted(taken)}
        return {_ROW + key: msgspec.msgpack.encode(each) if each is not None else None for key, each in held.items()}

    def _in_order(self) -> list[Profile]:
        return [profile for _, profile in sorted(self._held.items())]

    def _sign(self, stamp: int) -> None:
        self._put(sign_profile(self._identity, room_id=self._room_id, stamp=stamp, name=self._name))

    def _insist(self) -> None:
        """Somebody remembers a later name of ours than we do; once, since another process of ours may bear it."""
        if self.ours.name != self._name and not self._has_insisted:
            self._has_insisted = True
            self._sign(self.ours.stamp + 1)

    def _put(self, profile: Profile) -> None:
        self._held[profile.key] = profile
        if 0 < len(self._weighed) <= 2 * self._limit and profile.key != self._identity.public_key:
            heappush(self._weighed, self._weigh(profile))
        self._note(profile.key)

    def _note(self, key: bytes) -> None:
        self._stirred.add(key)
        self.version += 1

    def _keep_bound(self) -> None:
        if len(self._held) > self._limit:
            key = self._take_lowest()
            del self._held[key]
            self._note(key)

    def _take_lowest(self) -> bytes:
        """Whose profile goes first; all are weighed for a part of the limit at a time, since keys may cost nothing."""
        if self._weighed_for <= 0 or len(self._weighed) > 2 * self._limit:
            self._weighed_for = self._limit // _WEIGHED_SHARE
            self._weighed = [self._weigh(each) for each in self._held.values() if each.key != self._identity.public_key]
            heapify(self._weighed)
        self._weighed_for -= 1
        while True:
            _, stamp, key = heappop(self._weighed)
            if key in self._held and self._held[key].stamp == stamp:
                return key

    def _weigh(self, profile: Profile) -> tuple[int, int, bytes]:
        return self._rank_of(profile.key), profile.stamp, profile.key


def _bucket_of(profile: Profile) -> int:
    return profile.key[0] >> 4
