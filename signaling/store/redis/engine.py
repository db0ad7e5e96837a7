"""The store of many servers: rooms, leases and mailboxes in Redis or Valkey, each operation one or two commands.

What is atomic: everything within a room, including its place in the list of what is due; each is one script (see
redis_scripts.py). What is a second step: listing, counting and finding rooms, in the directory. A create adds the room
first and lists it after, and is undone where the directory refuses; a room's end is unlisted after. An entry that a
dying server left behind is passed over by readers and removed by the audit that comes with each sweep.

Leases go by the clock of Redis. What Redis forgets is forgotten: its persistence is the operator's choice. The signing
key is put back within a second by any server that still has it, so that tokens outlive an empty restart.
"""

import logging
import secrets
import time
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from typing import Any

import msgspec

from ...bounds.limits import Limiter
from ...errors import StoreUnavailable, StoreUnusable
from ...ids import PeerId, PeerKey, RoomId
from ...wire import Kind
from ..port import (
    Attached,
    CreateRefusal,
    Cursor,
    Departure,
    Entered,
    JoinRefusal,
    Limits,
    Mail,
    Page,
    PeerRecord,
    PostRefusal,
    Refusal,
    RoomRecord,
    RoomView,
)
from ..shared import Bell, Claim, Handed, SharedStore, Standing
from . import keys
from .bells import Bells
from .lanes import Argument, Client, Lanes
from .limits import RedisLimiter
from .scripts import Scripts
from .url import connect, where

__all__ = ["RedisStore"]

log = logging.getLogger("signaling")

FORMAT = b"speaktube signaling 1"

SKEW_S = 2.0
"""Beyond this an operator is told; TLS, tokens and logs want clocks that agree."""

MAX_STALE = 8
"""Rooms under one name that may be gone and still be listed, before the name is taken for nobody's."""

MAX_CLAIMS = 64
"""Peers that one command may concern: no step holds up the others for long."""

_encode = msgspec.msgpack.Encoder().encode
_room = msgspec.msgpack.Decoder(RoomRecord).decode
_peer = msgspec.msgpack.Decoder(PeerRecord).decode


def _no_offset() -> int:
    return 0


class RedisStore(SharedStore):
    """One server's view of the shared store."""

    def __init__(
        self,
        url: str,
        limits: Limits,
        *,
        connections: int = 4,
        max_waiting: int = 4096,
        timeout_s: float = 2.0,
        clock: Callable[[], float] = time.time,
        offset_ms: Callable[[], int] = _no_offset,
    ) -> None:
        self.skew_s = 0.0
        self.may_evict = False
        self._clock = clock
        self._where = where(url)
        self._client: Client = connect(url, connections=connections + 2, timeout_s=timeout_s)  # and one for bells
        self._lanes = Lanes(self._client, lanes=connections, max_waiting=max_waiting, timeout_s=timeout_s)
        self._scripts = Scripts(limits)
        self._server = secrets.token_urlsafe(6)
        self._bells = Bells(self._client, keys.channel(self._server), timeout_s=timeout_s)
        self._offset_ms = offset_ms
        self._signing_key: bytes | None = None
        self.limiter: Limiter = RedisLimiter(self._lanes, offset_ms=offset_ms)

    # Life

    async def open(self) -> None:
        self._lanes.open()
        try:
            await self._lanes.ask(("SET", keys.FORMAT_KEY, FORMAT, "NX"))
            found = await self._lanes.ask(("GET", keys.FORMAT_KEY))
        except StoreUnavailable as error:
            await self.close()
            raise StoreUnusable(
                f"{self._where} cannot be used as the store ({error.__cause__ or 'no answer'}); "
                "start it, or set SIGNALING_STORE to one that runs"
            ) from error
        if found != FORMAT:
            await self.close()
            raise StoreUnusable(f"the store in {self._where} was written by another version; set SIGNALING_STORE anew")
        await self._measure_skew()
        if abs(self.skew_s) > SKEW_S:
            log.warning("! this machine's clock is %.0f s off that of Redis, which is taken instead", -self.skew_s)

        await self._warn_of_eviction()

    async def _warn_of_eviction(self) -> None:
        """Redis that makes room by itself takes a room's keys one by one, and what is left makes no sense."""
        policies = await self._client.eviction_policies() - {"noeviction"}
        self.may_evict = bool(policies)
        if policies:
            log.warning(
                "! Redis throws rooms and mail away when its memory is full (maxmemory-policy is %s): "
                "set it to noeviction there, and maxmemory to what the machine has",
                ", ".join(sorted(policies)),
            )

    async def close(self) -> None:
        await self._lanes.close()
        await self._bells.close()
        await self._client.aclose()

    async def ping(self) -> None:
        await self._lanes.ask(("GET", keys.FORMAT_KEY))

    async def signing_key(self) -> bytes:
        await self._lanes.ask(("SET", keys.SIGNING_KEY, self._signing_key or secrets.token_bytes(32), "NX"))
        self._signing_key = bytes(await self._lanes.ask(("GET", keys.SIGNING_KEY)))
        return self._signing_key

    @property
    def commands(self) -> int:
        """How many have been sent to Redis."""
        return self._lanes.commands

    async def _measure_skew(self) -> None:
        sent_at = self._clock()
        there_ms = int(await self._in_directory(self._scripts.clock))
        self.skew_s = there_ms / 1000 - (sent_at + self._clock()) / 2

    # Coming and going

    async def create(self, room: RoomRecord, peer: PeerRecord) -> Entered | CreateRefusal:
        token = secrets.token_urlsafe(9)
        script, room_id = self._scripts.create, room.room_id
        answer = await self._in_room(script, room_id, peer.peer_id, _encode(peer), _encode(room), token)
        outcome: Entered | CreateRefusal = _entered(answer)  # type: ignore[assignment]  # of this script, only these
        if isinstance(outcome, Entered) and outcome.is_new:
            packed = keys.listing(room, token)
            refusal = await self._in_directory(self._scripts.list, room_id, packed)
            if refusal is not None:
                await self._in_room(self._scripts.undo, room_id, token)
                return Refusal[refusal.decode()]  # type: ignore[return-value]  # of this script, only these
        return outcome

    async def join(self, room_id: RoomId, peer: PeerRecord) -> Entered | JoinRefusal:
        answer = await self._in_room(self._scripts.join, room_id, peer.peer_id, _encode(peer))
        return _entered(answer)  # type: ignore[return-value]  # of this script, only these refusals

    async def join_and_tell(self, room_id: RoomId, peer: PeerRecord, frame: bytes) -> Entered | JoinRefusal:
        notice = _letter(Mail("notice", frame))
        answer = await self._in_room(self._scripts.join, room_id, peer.peer_id, _encode(peer), notice)
        return _entered(answer)  # type: ignore[return-value]  # of this script, only these refusals

    async def leave(self, key: PeerKey) -> tuple[PeerId, ...] | None:
        answer = await self._in_room(self._scripts.leave, key.room_id, key.peer_id)
        if answer is None:
            return None
        token, remaining = answer
        if token:
            await self._unlist([(key.room_id, token)])
        return _peer_ids(remaining)

    # Leases

    async def renew(self, keys: Sequence[PeerKey]) -> tuple[PeerKey, ...]:
        found = await self._look([(*key, "") for key in keys])
        return tuple(key for key, standing in zip(keys, found, strict=True) if standing is Standing.GONE)

    async def look(self, claims: Sequence[Claim]) -> tuple[Standing, ...]:
        return await self._look([(*claim.key, claim.serial) for claim in claims])

    async def _look(self, claims: list[tuple[Argument, ...]]) -> tuple[Standing, ...]:
        return tuple(Standing[name.decode()] for name in await self._in_rooms(self._scripts.look, claims))

    async def others(self, key: PeerKey) -> tuple[PeerRecord, ...] | None:
        answer = await self._in_room(self._scripts.others, key.room_id, key.peer_id)
        return None if answer is None else tuple(map(_peer, answer))

    async def attach(self, key: PeerKey) -> Attached | None:
        answer = await self._in_room(self._scripts.attach, key.room_id, key.peer_id)
        if answer is None:
            return None
        serial, letters, others = answer
        return Attached(tuple(map(_peer, others)), _frames(letters), serial, _has_envelope(letters))

    async def shorten(self, key: PeerKey, serial: int | None = None) -> None:
        claim = "" if serial is None else serial
        await self._in_room(self._scripts.shorten, key.room_id, key.peer_id, claim)

    # Mail

    async def post(self, sender: PeerKey, to: PeerId, mail: Mail) -> PostRefusal | None:
        answer = await self._in_room(
            self._scripts.post, sender.room_id, sender.peer_id, to, _letter(mail, sender.peer_id)
        )
        return Refusal[answer.decode()] if answer else None  # type: ignore[return-value]  # of this script, only these

    async def tell(self, room_id: RoomId, recipients: Sequence[PeerId], frame: bytes) -> int:
        return int(await self._in_room(self._scripts.tell, room_id, _letter(Mail("notice", frame)), *recipients))

    async def take(self, key: PeerKey, kind: Kind | None = None) -> tuple[bytes, ...] | None:
        answer = await self._in_room(self._scripts.take, key.room_id, key.peer_id, kind[0] if kind else "")
        return None if answer is None else _frames(answer)

    async def fetch(self, claims: Sequence[Claim]) -> tuple[Handed | None, ...]:
        answers = await self._in_rooms(self._scripts.fetch, [(*claim.key, claim.serial) for claim in claims])
        return tuple(None if each == 0 else Handed(_frames(each), _has_envelope(each)) for each in answers)

    async def confirm(self, claims: Sequence[Claim]) -> None:
        await self._in_rooms(self._scripts.confirm, [(*claim.key, claim.serial) for claim in claims])

    async def hear(self) -> tuple[Bell, ...] | None:
        return await self._bells.hear()

    # Looking around

    async def find_public(self, broadcaster_name: str) -> RoomId | None:
        start = keys.names_of(broadcaster_name)
        command = ("ZRANGEBYLEX", keys.DIRECTORY + ":names", f"[{start}", f"[{start}\x7f", "LIMIT", 0, MAX_STALE)
        places = [place.decode().removeprefix(start) for place in await self._lanes.ask(command)]
        found = [keys.room_at(place[1:]) for place in places]
        records, _ = await self._records(found)
        return next((room_id for room_id, record in zip(found, records, strict=True) if record), None)

    async def count_rooms(self) -> int:
        return int(await self._lanes.ask(("ZCARD", keys.DIRECTORY + ":checked")))

    async def page(self, after: Cursor | None, limit: int) -> Page:
        lowest = f"({keys.after_cursor(after)}" if after else "-"
        command = ("ZRANGEBYLEX", keys.DIRECTORY + ":public", lowest, "+", "LIMIT", 0, limit + 1)
        places = [place.decode() for place in await self._lanes.ask(command)]
        records, counts = await self._records([keys.room_at(place) for place in places[:limit]])
        pairs = zip(records, counts, strict=True)
        views = tuple(RoomView(_room(record), count) for record, count in pairs if record)
        return Page(views, has_more=len(places) > limit)

    async def _records(self, room_ids: Sequence[RoomId]) -> tuple[list[Any], list[Any]]:
        """The records of rooms, None where one is gone, and how many peers are in each."""
        names = [keys.room_key(room_id) for room_id in room_ids]
        commands = [("HGET", name, "record") for name in names] + [("HLEN", name + ":peers") for name in names]
        found = await self._lanes.ask_many(commands)
        return found[: len(names)], found[len(names) :]

    # Running out

    async def expire(self) -> tuple[Departure, ...]:
        shared = (self._offset_ms(), self._server)
        sweeps = [(self._scripts.expire, (due,), shared) for due in keys.DUE_KEYS]
        ended = [each for found in await self._lanes.scripts(sweeps) for each in found]
        await self._unlist([(RoomId(room_id.decode()), token) for room_id, token, *_ in ended if token])
        await self._audit()
        await self._measure_skew()
        return tuple(
            Departure(PeerKey(RoomId(room_id.decode()), PeerId(peer_id.decode())), _peer_ids(remaining))
            for room_id, _, peer_ids, remaining in ended
            for peer_id in peer_ids
        )

    async def _audit(self) -> None:
        """Compare some entries of the directory with their rooms, and put the signing key back if it is lost."""
        found = await self._in_directory(self._scripts.audit, await self._known_signing_key())
        listed = list(zip(found[::2], found[1::2], strict=True))
        names = [keys.room_key(RoomId(room_id.decode())) for room_id, _ in listed]
        tokens = await self._lanes.ask_many([("HGET", name, "token") for name in names])
        pairs = zip(listed, tokens, strict=True)
        await self._unlist([(RoomId(room_id.decode()), token) for (room_id, token), now in pairs if now != token])

    async def _known_signing_key(self) -> bytes:
        return self._signing_key or await self.signing_key()

    async def _unlist(self, rooms: Iterable[tuple[RoomId, bytes]]) -> None:
        arguments = [each for pair in rooms for each in pair]
        if arguments:
            await self._in_directory(self._scripts.unlist, *arguments)

    # Commands

    async def _in_room(self, script: str, room_id: RoomId, *arguments: Argument) -> Any:
        names = (keys.room_key(room_id), keys.due_key(room_id))
        return await self._lanes.script(script, names, (self._offset_ms(), room_id, self._server, *arguments))

    async def _in_directory(self, script: str, *arguments: Argument) -> Any:
        return await self._lanes.script(script, (keys.DIRECTORY,), (self._offset_ms(), *arguments))

    async def _in_rooms(self, script: str, claims: list[tuple[Argument, ...]]) -> list[Any]:
        """One command for the claims of a tag; answers in the order of the claims."""
        by_tag: defaultdict[str, list[int]] = defaultdict(list)
        for place, claim in enumerate(claims):
            by_tag[keys.due_key(RoomId(str(claim[0])))].append(place)
        groups = [
            (due, places[i : i + MAX_CLAIMS])
            for due, places in by_tag.items()
            for i in range(0, len(places), MAX_CLAIMS)
        ]
        shared = (self._offset_ms(), self._server)
        calls = [
            (script, (due,), (*shared, *(each for place in places for each in claims[place]))) for due, places in groups
        ]
        answers: list[Any] = [None] * len(claims)
        for (_, places), found in zip(groups, await self._lanes.scripts(calls), strict=True):
            for place, answer in zip(places, found or (), strict=bool(found)):
                answers[place] = answer
        return answers


def _letter(mail: Mail, sender: str = "") -> bytes:
    return b"%b%b %b" % (mail.kind[0].encode(), sender.encode(), mail.frame)


def _frames(letters: Sequence[bytes]) -> tuple[bytes, ...]:
    return tuple(letter.partition(b" ")[2] for letter in letters)  # without its end, its kind and its sender


def _has_envelope(letters: Sequence[bytes]) -> bool:
    return any(letter[13:14] != b"n" for letter in letters)


def _peer_ids(found: Sequence[bytes]) -> tuple[PeerId, ...]:
    return tuple(PeerId(each.decode()) for each in found)


def _entered(answer: Sequence[Any]) -> Entered | Refusal:
    if answer[0]:
        return Refusal[answer[0].decode()]
    _, record, count, peer, is_new, others = answer
    return Entered(RoomView(_room(record), count), _peer(peer), tuple(map(_peer, others)), bool(is_new))
