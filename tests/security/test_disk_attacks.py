"""Somebody has the disk: reads it, exchanges what is on it, guesses, plants things.

E2EE.md, "stolen disk" and "Server, JWT, disk". The folder is that of a peer with a passphrase that talked, verified
somebody and knows a room; the attacker has every byte of it, and may write.
"""

from __future__ import annotations

import hashlib
import os
import pickle
import shutil
import sqlite3
from collections.abc import Callable
from pathlib import Path

import pytest

from peer import BadIdentity, Member, Peer, StoreDamaged, StoreError, WrongPassphrase
from peer.ids import RoomId
from peer.invite import Invite, parse_invite
from peer.ports import RoomRecord
from peer.store.identity_file import load_secrets
from peer.store.protection import PassphraseProtection
from peer.store.vault import open_vault
from peer.testing import Network

from ..support.keys import Chance, identity
from ..support.rooms import linked

PASSPHRASE = "correct horse battery staple"
BEN = identity("ben").member_id
DECK, HOLD = RoomId(hashlib.sha256(b"deck").digest()), RoomId(hashlib.sha256(b"hold").digest())
RECORD = RoomRecord(
    secret=b"SECRET OF ROOM..", seed=b"SEED OF INVITE..", title="The Deck", control=(b"EVENT ONE", b"EVENT TWO")
)


async def run(folder: Path, passphrase: str | None = PASSPHRASE) -> str:
    """One run of the victim, who verifies Ben; who they are."""
    async with (
        Network() as network,
        Peer(
            "http://memory.invalid",
            name="ann",
            data_dir=folder,
            passphrase=passphrase,
            transport=network.transport("ann"),
        ) as me,
    ):
        me.verify(Member(id=BEN, name="Ben the friend"))
        return me.id


@pytest.fixture(scope="module")
def victim(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Made once, since a passphrase takes its time; each test attacks a copy."""
    folder = tmp_path_factory.mktemp("victim")
    vault = open_vault(folder, PassphraseProtection(PASSPHRASE), random_bytes=os.urandom)
    for room in (DECK, HOLD):
        vault.rooms.save(room, RECORD)
    vault.close()
    return folder


@pytest.fixture
def disk(victim: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(victim, tmp_path / "disk"))


def content(folder: Path) -> bytes:
    return b"".join(path.read_bytes() for path in folder.iterdir() if path.is_file())


def write(folder: Path, statement: str, *values: bytes) -> None:
    database = sqlite3.connect(folder / "rooms.sqlite3")
    with database:
        assert database.execute(statement, values).rowcount > 0
    database.close()


async def test_thief_of_the_disk_learns_neither_keys_nor_rooms_nor_people(disk: Path) -> None:
    """All that was ever in the folder is searched for what was kept in it."""
    secrets = load_secrets(disk, PassphraseProtection(PASSPHRASE), random_bytes=Chance("unused"))
    await run(disk)
    found = [
        word
        for word in (
            *(secrets.seed, secrets.master, secrets.identity.public_key, PASSPHRASE.encode(), b"Ben the friend"),
            *(BEN.encode(), DECK, HOLD, RECORD.secret, RECORD.seed, b"The Deck", b"EVENT ONE"),
        )
        if word in content(disk)
    ]
    assert found == []


async def test_thief_of_the_disk_cannot_enter_the_rooms_of_its_owner(disk: Path) -> None:
    """After a talk in a private room: neither its title nor any part of its links is in the folder."""
    async with (
        Network() as network,
        Peer(
            "http://memory.invalid",
            name="ann",
            data_dir=disk,
            passphrase=PASSPHRASE,
            transport=network.transport("ann"),
        ) as me,
    ):
        deck = await me.create_room("The quiet deck")
        guest = await (await network.peer("ben")).join_room(str(deck.invite))
        await linked(deck, guest)
        invites = [parse_invite(link) for link in (str(deck.invite), await deck.create_invite())]
        while_open = content(disk)
    for found in (while_open, content(disk)):
        for invite in invites:
            assert isinstance(invite, Invite)
            assert [part for part in (invite.room_id, invite.secret, invite.seed) if part in found] == []
        assert b"quiet deck" not in found
        assert deck.id.encode() not in found


async def test_wrong_passphrase_opens_nothing_and_says_so(disk: Path) -> None:
    """In one sentence that does not repeat it, and changes nothing."""
    before = content(disk)
    with pytest.raises(WrongPassphrase, match="type it again") as refusal:
        await run(disk, "Correct horse battery staple")
    assert "horse" not in str(refusal.value)
    assert content(disk) == before


TAMPERING: dict[str, str] = {
    "row changed": "UPDATE row SET sealed = CAST(substr(sealed, 1, 20) || X'FF' || substr(sealed, 22) AS BLOB)",
    "rows of one room swapped": """UPDATE row SET sealed = (SELECT other.sealed FROM row AS other
        WHERE other.space = row.space AND other.number != row.number ORDER BY other.number LIMIT 1)
        WHERE (SELECT count(*) FROM row AS other WHERE other.space = row.space) > 1""",
    "rows of two rooms swapped": """UPDATE row SET space = (SELECT name FROM space WHERE name != row.space LIMIT 1),
        number = -number""",
    "row taken away": "DELETE FROM row WHERE number % 3 = 0",
    "keys of two rooms swapped": "UPDATE space SET wrapped_key = (SELECT wrapped_key FROM space LIMIT 1)",
}


@pytest.mark.parametrize("statement", TAMPERING.values(), ids=TAMPERING.keys())
async def test_tampered_or_swapped_rows_are_found_out(disk: Path, statement: str) -> None:
    """When the folder is opened, or when the room is loaded: a clear error, and never a room that is not ours."""
    write(disk, statement)
    with pytest.raises(StoreDamaged, match="altered, exchanged or damaged"):
        load_both(disk)


def load_both(folder: Path) -> None:
    vault = open_vault(folder, PassphraseProtection(PASSPHRASE), random_bytes=os.urandom)
    try:
        for room in (DECK, HOLD):
            assert vault.rooms.load(room) == RECORD
    finally:
        vault.close()


async def test_folder_put_together_from_two_is_found_out(disk: Path, tmp_path: Path) -> None:
    """The thief's own identity over the victim's rooms, and the other way round."""
    thief = tmp_path / "thief"
    await run(thief, None)
    (disk / "rooms.sqlite3").replace(thief / "rooms.sqlite3")
    with pytest.raises(StoreDamaged, match="belongs to another identity"):
        await run(thief, None)


ALTERATIONS: dict[str, Callable[[bytes], bytes]] = {
    "bit flipped": lambda data: data[:-1] + bytes([data[-1] ^ 1]),
    "salt of another file": lambda data: data[:6] + bytes(16) + data[22:],
    "cut short": lambda data: data[:-1],
    "in the clear": lambda data: bytes(64),
}


@pytest.mark.parametrize("alter", ALTERATIONS.values(), ids=ALTERATIONS.keys())
async def test_altered_identity_is_refused(disk: Path, alter: Callable[[bytes], bytes]) -> None:
    """Also one that the thief wrote himself, to be taken for the victim's: the rooms do not fit it."""
    path = disk / "identity.key"
    path.write_bytes(alter(path.read_bytes()))
    with pytest.raises((WrongPassphrase, BadIdentity, StoreError)):
        await run(disk)


class Bomb:
    """Marks a file when it is unpickled."""

    def __init__(self, mark: Path) -> None:
        self.mark = mark

    def __reduce__(self) -> tuple[object, ...]:
        return os.mkdir, (str(self.mark),)


async def test_planted_pickle_is_never_loaded(disk: Path, tmp_path: Path) -> None:
    """In place of any file or row, and in files such as diskcache would read."""
    mark = tmp_path / "exploded"
    pickled = pickle.dumps(Bomb(mark))
    for name in ("identity.key", "rooms.sqlite3", "cache.db", "identity.key-0"):
        planted = Path(shutil.copytree(disk, tmp_path / f"disk with {name}"))
        (planted / name).write_bytes(pickled)
        (planted / name).chmod(0o600)
        if name in ("identity.key", "rooms.sqlite3"):
            with pytest.raises((BadIdentity, StoreDamaged)):
                load_both(planted)
        else:
            load_both(planted)
    write(disk, "UPDATE row SET sealed = ?", pickled)
    with pytest.raises(StoreDamaged):
        load_both(disk)
    assert not mark.exists()


async def test_room_that_was_left_for_good_is_gone_from_the_disk(disk: Path) -> None:
    """Its data key is deleted, so that a thief who gets passphrase and disk later finds noise at best."""
    vault = open_vault(disk, PassphraseProtection(PASSPHRASE), random_bytes=os.urandom)
    with vault._shelf.database.reading() as database:  # type: ignore[union-attr]
        sealed = database.execute("SELECT sealed FROM row").fetchall()
        keys = database.execute("SELECT wrapped_key FROM space").fetchall()
    vault.rooms.delete(DECK)
    left = content(disk)
    assert (sum(row in left for (row,) in sealed), sum(key in left for (key,) in keys)) == (4, 3)
    assert vault.rooms.load(HOLD) == RECORD
    vault.close()
