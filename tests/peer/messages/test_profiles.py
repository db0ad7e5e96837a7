"""Names that go from hand to hand: whoever shows one knows that its owner signed it."""

from __future__ import annotations

import itertools
from collections.abc import Callable

import msgspec
import pytest

from peer.errors import MalformedFrame
from peer.ids import RoomId
from peer.messages.profiles import BUCKET_BYTES, BUCKETS, MAX_AHEAD_MS, Profile, Profiles, decode_profile, sign_profile

from ...support.keys import identity
from ..log.replicas import public_key

ROOM = RoomId(b"the room, of thirty-two bytes, ok")
NOW_MS = 1_700_000_000_000


def everybody(_: bytes) -> int:
    return 1


def profiles(
    name: str = "ann", *, calls: str = "", limit: int = 9, rank_of: Callable[[bytes], int] = everybody,
    rows: dict[bytes, bytes] | None = None, now_ms: int = NOW_MS,
) -> Profiles:  # fmt: skip
    """Of somebody, who calls itself so."""
    return Profiles(identity=identity(name), room_id=ROOM, name=calls or name, rank_of=rank_of, limit=limit,
                    rows=rows or {}, now_ms=now_ms)  # fmt: skip


def signed(name: str, *, calls: str = "", stamp: int = NOW_MS, room: RoomId = ROOM) -> bytes:
    return msgspec.msgpack.encode(sign_profile(identity(name), room_id=room, stamp=stamp, name=calls or name))


def rows_of(held: Profiles) -> dict[bytes, bytes]:
    return {key: row for key, row in held.take_stir().items() if row is not None}


def test_name_is_passed_on_by_whoever_has_it() -> None:
    """DESIGN, section 7, 5: the key that it is shown for has signed it."""
    ann = profiles()
    assert ann.take(signed("bob"), now_ms=NOW_MS)
    assert (ann.name_of(public_key("bob")), ann.name_of(public_key("cyd"))) == ("bob", "")
    assert not ann.take(signed("bob"), now_ms=NOW_MS)


def test_newest_counts_in_any_order() -> None:
    """And of two with one stamp the same one everywhere."""
    told = [signed("bob", calls=calls, stamp=stamp) for stamp, calls in [(1, "b"), (2, "a"), (2, "c")]]
    for order in itertools.permutations(told):
        ann = profiles()
        for each in order:
            ann.take(each, now_ms=NOW_MS)
        assert ann.name_of(public_key("bob")) == "c"


@pytest.mark.parametrize("forge", [
    lambda: signed("bob", room=RoomId(bytes(32))),
    lambda: msgspec.msgpack.encode(msgspec.structs.replace(decode_profile(signed("bob")), name="ann")),
    lambda: msgspec.msgpack.encode(msgspec.structs.replace(decode_profile(signed("bob")), stamp=NOW_MS + 1)),
    lambda: msgspec.msgpack.encode(msgspec.structs.replace(decode_profile(signed("bob")), key=public_key("cyd"))),
    lambda: b"\x94", lambda: signed("bob") + b"\0", lambda: signed("bob", calls="x" * 65),
])  # fmt: skip
def test_what_its_owner_did_not_sign_is_refused(forge: Callable[[], bytes]) -> None:
    """Another room's, another name, stamp or key; and what has another shape."""
    ann = profiles()
    with pytest.raises(MalformedFrame):
        ann.take(forge(), now_ms=NOW_MS)
    assert ann.name_of(public_key("bob")) == ann.name_of(public_key("cyd")) == ""


def test_profile_from_the_future_and_that_of_a_stranger_are_passed_over() -> None:
    """They may be good later."""
    ann = profiles(rank_of=lambda key: int(key != public_key("eve")))
    assert not ann.take(signed("eve"), now_ms=NOW_MS)
    ahead = signed("bob", stamp=NOW_MS + MAX_AHEAD_MS + 1)
    assert not ann.take(ahead, now_ms=NOW_MS)
    assert ann.take(ahead, now_ms=NOW_MS + 1)


def test_what_was_kept_is_there_again_and_a_new_name_gets_a_new_stamp() -> None:
    ann = profiles()
    ann.take(signed("bob"), now_ms=NOW_MS)
    rows = {**rows_of(ann), b"o": b"another register"}
    again = profiles(rows=rows, now_ms=NOW_MS + 5)
    assert (again.ours, again.digest(), again.take_stir()) == (ann.ours, ann.digest(), {})
    renamed = profiles(calls="anna", rows=rows, now_ms=0)
    assert renamed.ours.stamp == NOW_MS + 1
    assert ann.take(msgspec.msgpack.encode(renamed.ours), now_ms=NOW_MS)
    with pytest.raises(MalformedFrame):
        profiles(rows={b"pkey": b""})


def test_later_name_of_ours_that_somebody_remembers_is_taken_back_once() -> None:
    """Our disk was lost; or two processes of ours have names of their own, and neither gives way for ever."""
    ann = profiles()
    assert ann.take(signed("ann", calls="anna", stamp=NOW_MS + 7), now_ms=NOW_MS)
    assert (ann.ours.name, ann.ours.stamp) == ("ann", NOW_MS + 8)
    assert ann.take(signed("ann", calls="anna", stamp=NOW_MS + 9), now_ms=NOW_MS)
    assert ann.ours.name == "anna"


def test_digest_tells_in_which_parts_two_differ() -> None:
    ann, bob = profiles(), profiles("bob")
    assert len(ann.digest()) == BUCKETS * BUCKET_BYTES
    for left, right in ((ann, bob), (bob, ann)):
        for encoded in left.where_other(right.digest()):
            right.take(encoded, now_ms=NOW_MS)
    assert ann.digest() == bob.digest()
    assert list(ann.where_other(bob.digest())) == []
    ann.take(signed("cyd"), now_ms=NOW_MS)
    told = [decode_profile(each).key for each in ann.where_other(bob.digest())]
    assert public_key("cyd") in told
    assert {key[0] >> 4 for key in told} == {public_key("cyd")[0] >> 4}


def test_of_too_many_the_least_goes_and_ours_stays() -> None:
    """Who belongs to the room comes first, then the latest; the same ones everywhere."""
    ranks = {public_key("bob"): 2}
    names = ["bob", "cyd", "dan", "eve"]
    told = [signed(name, stamp=NOW_MS + number) for number, name in enumerate(names)]
    for order in itertools.permutations(told):
        ann = profiles(limit=3, rank_of=lambda key: ranks.get(key, 1))
        is_kept = [ann.take(each, now_ms=NOW_MS) for each in order]
        assert [name for name in names if ann.name_of(public_key(name))] == ["bob", "eve"]
        assert sum(is_kept) >= 2
        rows = ann.take_stir()
        assert {key[1:] for key, row in rows.items() if row is not None} == {
            public_key(name) for name in ("ann", "bob", "eve")
        }


def test_many_new_keys_have_all_others_weighed_once() -> None:
    """In a public room keys cost nothing: a few frames of them would hold up everybody."""
    weighed: list[bytes] = []

    def rank_of(key: bytes) -> int:
        weighed.append(key)
        return 1

    ann = profiles(limit=64, rank_of=rank_of)
    for number in range(70):
        ann.take(signed(f"n{number}", stamp=NOW_MS + number), now_ms=NOW_MS)
    ann.take(signed("n7", stamp=NOW_MS + 100), now_ms=NOW_MS)
    ann.take(signed("n70", stamp=NOW_MS + 70), now_ms=NOW_MS)
    kept = [number for number in range(71) if ann.name_of(public_key(f"n{number}"))]
    assert kept == [7, *range(9, 71)]
    assert len(weighed) < 6 * 64


def test_profile_is_a_value() -> None:
    assert isinstance(decode_profile(signed("bob")), Profile)
