"""What only the engine on disk promises: survival, refusal of foreign bytes, and no silent reset."""

import asyncio
import os
import pickle
import sqlite3
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from signaling.errors import StoreUnavailable, StoreUnusable
from signaling.ids import PeerId, RoomId
from signaling.store.diskcache import BytesDisk, DiskcacheStore
from signaling.store.port import Entered, Limits, Mail, Refusal

from ..support import FakeClock
from .support import a_key, a_peer, a_room

LIMITS = Limits()


@asynccontextmanager
async def opened(folder: Path, clock: FakeClock) -> AsyncIterator[DiskcacheStore]:
    store = DiskcacheStore(folder, LIMITS, clock=clock)
    try:
        await store.open()
        yield store
    finally:
        await store.close()


async def test_everything_survives_a_restart(tmp_path: Path, clock: FakeClock) -> None:
    """Rooms, peers, mail in order, and the key; taken mail stays taken."""
    async with opened(tmp_path / "s", clock) as store:
        key = await store.signing_key()
        await store.create(a_room(), a_peer("p"))
        await store.join(RoomId("room"), a_peer("q"))
        await store.join(RoomId("room"), a_peer("r"))
        for number in range(12):
            await store.post(a_key("p"), PeerId("q"), Mail("offer", b"%d" % number))
        await store.post(a_key("q"), PeerId("p"), Mail("offer", b"taken"))
        await store.take(a_key("p"))
        await store.leave(a_key("r"))
    async with opened(tmp_path / "s", clock) as store:
        assert await store.signing_key() == key
        assert await store.find_public("b") == "room"
        assert await store.take(a_key("q")) == tuple(b"%d" % number for number in range(12))
        assert await store.take(a_key("p")) == ()
        others = await store.others(a_key("p"))
        assert [each.peer_id for each in others or ()] == ["q"]


async def test_restart_gives_each_peer_a_full_lease(tmp_path: Path, clock: FakeClock) -> None:
    """It was the server that was away."""
    async with opened(tmp_path / "s", clock) as store:
        await store.create(a_room(), a_peer("p"))
    clock.advance(1000)
    async with opened(tmp_path / "s", clock) as store:
        assert await store.expire() == ()
        clock.advance(76)
        assert len(await store.expire()) == 1
    async with opened(tmp_path / "s", clock) as store:
        assert (await store.page(None, 1)).rooms == ()


ANSWER_THEN_WAIT = """
import asyncio, sys, time
from pathlib import Path
from signaling.store.diskcache import DiskcacheStore
from signaling.store.port import Limits
from tests.signaling.store.support import a_peer, a_room

async def main():
    store = DiskcacheStore(Path(sys.argv[1]), Limits(), clock=time.time)
    await store.open()
    for number in range(1000):
        await store.create(a_room(f"r{number}"), a_peer())
        print(number, flush=True)

asyncio.run(main())
"""


async def test_what_was_answered_survives_kill_9(tmp_path: Path, clock: FakeClock) -> None:
    """The process is killed in the middle of its work."""
    folder = tmp_path / "s"
    command = [sys.executable, "-c", ANSWER_THEN_WAIT, str(folder)]
    process = await asyncio.create_subprocess_exec(*command, stdout=subprocess.PIPE, cwd=Path(__file__).parents[3])
    assert process.stdout is not None
    answered = [int(await process.stdout.readline()) for _ in range(50)]
    process.kill()
    answered += [int(line) for line in (await process.stdout.read()).splitlines() if line]
    await process.wait()
    async with opened(folder, clock) as store:
        for number in answered:
            assert isinstance(await store.join(RoomId(f"r{number}"), a_peer("q")), Entered)


class Bomb:
    """Leaves a file behind when it is unpickled."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> Any:
        return (Path.touch, (self.path,))


@pytest.mark.parametrize("is_key", [True, False])
async def test_planted_pickle_is_never_loaded(tmp_path: Path, clock: FakeClock, is_key: bool) -> None:
    """CVE-2025-69872: whoever can write to the folder cannot make us run code."""
    async with opened(tmp_path / "s", clock) as store:
        await store.create(a_room(), a_peer())
    bomb = pickle.dumps(Bomb(tmp_path / "gone off"))
    change = "SET key = ?, raw = 0" if is_key else "SET value = ?, mode = 4"
    with sqlite3.connect(tmp_path / "s" / "cache.db") as database:
        database.execute(f"UPDATE Cache {change} WHERE key = 'room:room'", (bomb,))
    database.close()
    with pytest.raises(StoreUnusable, match="did not write"):
        async with opened(tmp_path / "s", clock):
            pass
    assert not (tmp_path / "gone off").exists()


async def test_corrupt_store_is_told_and_left_alone(tmp_path: Path, clock: FakeClock) -> None:
    """A sentence that names the folder; the bytes stay for whoever wants to mend them."""
    folder = tmp_path / "s"
    folder.mkdir(mode=0o700)
    (folder / "cache.db").write_bytes(b"not a database, but long enough to look like one" * 100)
    before = (folder / "cache.db").read_bytes()
    with pytest.raises(StoreUnusable, match=str(folder)):
        async with opened(folder, clock):
            pass
    assert (folder / "cache.db").read_bytes() == before


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE Cache SET value = x'00' WHERE key = 'room:room'",
        "UPDATE Cache SET key = 'what:room' WHERE key = 'room:room'",
        "DELETE FROM Cache WHERE key = 'room:room'",
        "UPDATE Cache SET value = x'00' WHERE key = 'meta:format'",
    ],
)
async def test_foreign_rows_are_told(tmp_path: Path, clock: FakeClock, change: str) -> None:
    """Rows that we did not write like this mean that somebody must look."""
    async with opened(tmp_path / "s", clock) as store:
        await store.create(a_room(), a_peer())
    with sqlite3.connect(tmp_path / "s" / "cache.db") as database:
        database.execute(change)
    database.close()
    with pytest.raises(StoreUnusable, match="cannot be read"):
        async with opened(tmp_path / "s", clock):
            pass


async def test_locked_database_is_unavailable_and_recovers(tmp_path: Path, clock: FakeClock) -> None:
    """Another program holds the lock: 503, nothing has happened, and later all is well."""
    async with opened(tmp_path / "s", clock) as store:
        await store.create(a_room(), a_peer("p"))
        blocker = sqlite3.connect(tmp_path / "s" / "cache.db", isolation_level=None)
        blocker.execute("BEGIN EXCLUSIVE")
        with pytest.raises(StoreUnavailable):
            await store.join(RoomId("room"), a_peer("q"))
        with pytest.raises(StoreUnavailable):
            await store.ping()
        blocker.execute("ROLLBACK")
        blocker.close()
        await store.ping()
        assert await store.others(a_key("p")) == ()
        assert isinstance(await store.join(RoomId("room"), a_peer("q")), Entered)


async def test_row_that_cannot_be_written_leaves_no_trace(tmp_path: Path, clock: FakeClock) -> None:
    """Whoever brings it fails alone: the others go on, in memory and on disk."""
    async with opened(tmp_path / "s", clock) as store:
        await store.create(a_room(), a_peer("p"))
        with pytest.raises(UnicodeEncodeError):
            await store.create(a_room("bad"), a_peer("q", user="x\ud800"))
        assert await store.join(RoomId("bad"), a_peer("r")) is Refusal.NO_SUCH_ROOM
        assert isinstance(await store.join(RoomId("room"), a_peer("r")), Entered)
    async with opened(tmp_path / "s", clock) as store:
        assert [view.record.room_id for view in (await store.page(None, 9)).rooms] == ["room"]
        assert [each.peer_id for each in await store.others(a_key("p")) or ()] == ["r"]


async def test_second_server_is_refused(tmp_path: Path, clock: FakeClock) -> None:
    """One process a folder; the first goes on."""
    async with opened(tmp_path / "s", clock) as first:
        with pytest.raises(StoreUnusable, match="another server"):
            async with opened(tmp_path / "s", clock):
                pass
        assert len(await first.signing_key()) == 32


async def test_rooms_of_a_user_are_counted_again_after_a_restart(tmp_path: Path, clock: FakeClock) -> None:
    """The bound does not begin anew."""
    async with opened(tmp_path / "s", clock) as store:
        for number in range(LIMITS.user_rooms):
            await store.create(a_room(f"r{number}"), a_peer())
    async with opened(tmp_path / "s", clock) as store:
        assert await store.create(a_room("new"), a_peer()) is Refusal.TOO_MANY_OWN_ROOMS


def modes(folder: Path) -> set[int]:
    return {path.stat().st_mode & 0o777 for path in folder.iterdir()}


@pytest.mark.parametrize("mode", [None, 0o755, 0o777])
async def test_new_store_is_private(tmp_path: Path, clock: FakeClock, mode: int | None) -> None:
    """The signing key lies in it: also in an empty folder that was made for all to see."""
    folder = tmp_path / "s"
    if mode is not None:
        folder.mkdir()
        folder.chmod(mode)
    async with opened(folder, clock) as store:
        await store.create(a_room(), a_peer())
        assert len(list(folder.iterdir())) > 2
        assert (folder.stat().st_mode & 0o777, modes(folder)) == (0o700, {0o600})


async def test_store_that_others_could_read_is_made_private(tmp_path: Path, clock: FakeClock) -> None:
    """As earlier versions left it."""
    async with opened(tmp_path / "s", clock) as store:
        await store.create(a_room(), a_peer("p"))
    for path in (tmp_path / "s").glob("cache.db*"):
        path.chmod(0o644)
    (tmp_path / "s").chmod(0o755)
    async with opened(tmp_path / "s", clock) as store:
        assert await store.others(a_key("p")) == ()
        assert ((tmp_path / "s").stat().st_mode & 0o777, modes(tmp_path / "s")) == (0o700, {0o600})


@pytest.mark.parametrize(("mode", "name"), [(0o775, "cache.db"), (0o755, "letter.txt")])
async def test_folder_that_is_not_ours_alone_is_refused(tmp_path: Path, clock: FakeClock, mode: int, name: str) -> None:
    """What others may have written is not trusted, and a folder with other things in it is not shut to others."""
    (tmp_path / "s").mkdir()
    (tmp_path / "s" / name).touch()
    (tmp_path / "s").chmod(mode)
    with pytest.raises(StoreUnusable, match="chmod 700"):
        async with opened(tmp_path / "s", clock):
            pass
    assert (tmp_path / "s").stat().st_mode & 0o777 == mode


async def test_folder_of_somebody_else_is_refused(tmp_path: Path, clock: FakeClock) -> None:
    """Its owner could open it again at any time."""
    folder = Path("/")
    if os.geteuid() == 0:  # who may give a folder away, and owns the other one
        folder = tmp_path / "s"
        folder.mkdir(mode=0o700)
        os.chown(folder, 12345, 12345)
    with pytest.raises(StoreUnusable, match="belongs to another user"):
        async with opened(folder, clock):
            pass


async def test_mail_taken_by_two_at_once_is_on_disk_once(tmp_path: Path, clock: FakeClock) -> None:
    """The hand-out is committed before it is answered."""
    async with opened(tmp_path / "s", clock) as store:
        await store.create(a_room(), a_peer("p"))
        await store.post(a_key(), PeerId("p"), Mail("offer", b"x"))
        taken = await asyncio.gather(store.take(a_key()), store.take(a_key()))
        assert sorted(len(frames or ()) for frames in taken) == [0, 1]
    async with opened(tmp_path / "s", clock) as store:
        assert await store.take(a_key()) == ()


def test_disk_takes_text_keys_and_bytes_only(tmp_path: Path) -> None:
    """Nothing is ever pickled on the way in either."""
    disk = BytesDisk(str(tmp_path))
    with pytest.raises(TypeError):
        disk.put(1)
    with pytest.raises(TypeError):
        disk.store({"a": 1}, False)
    with pytest.raises(ValueError, match="did not write"):
        disk.fetch(2, "file.val", None, False)
