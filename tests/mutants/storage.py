"""Checks of what is kept of the talks, each taken away."""

from __future__ import annotations

from .mutation import Mutation

__all__ = ["MUTATIONS"]

_STORE = "peer/store"
_ROWS = ("tests/peer/store/test_log_rows.py", "tests/peer/store/test_log_keys.py")
_FILE = ("tests/peer/store/test_database.py", "tests/peer/store/test_schema.py")
_MESSAGES = ("tests/peer/store/test_messages.py", "tests/crash/test_kill.py")

MUTATIONS = (
    Mutation(
        "row of a log not bound to its place",
        _STORE,
        {
            'name=table.encode() + b" " + name, random_bytes': 'name=b"", random_bytes',
            "sealed, name=head + name)": 'sealed, name=b"")',
        },
        _ROWS,
    ),
    Mutation(
        "row of a log not bound to its table",
        _STORE,
        {
            'name=table.encode() + b" " + name, random_bytes': "name=name, random_bytes",
            "sealed, name=head + name)": "sealed, name=name)",
        },
        _ROWS,
    ),
    Mutation(
        "row of a log named by its id",
        _STORE,
        {'return self.key.name(table.encode() + b" " + plain)[:_NAME_BYTES]': "return plain"},
        _ROWS,
    ),
    Mutation("deleted text left in its page", _STORE, {"secure_delete = ON": "secure_delete = OFF"}, _ROWS),
    Mutation(
        "deleted text left in the write-ahead log",
        _STORE,
        {"        self._thread.submit(self._scrub)\n": ""},
        _MESSAGES[:1],
    ),
    Mutation(
        "write-ahead log of a killed process left as it is",
        _STORE,
        {'    connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()  # what': "    # what"},
        _FILE,
    ),
    Mutation("flushes left to the system", _STORE, {"PRAGMA synchronous = FULL": "PRAGMA synchronous = OFF"}, _FILE),
    Mutation("database of another program taken over", _STORE, {"if whose is not None:": "if False:"}, _FILE),
    Mutation("database of a newer version opened", _STORE, {"if version > VERSION:": "if False:"}, _FILE),
    Mutation(
        "promised before it is safe",
        _STORE,
        {
            "_Commit(room_id, changes, on_done))": "_Commit(room_id, changes, lambda _: None))\n"
            "        asyncio.get_running_loop().call_soon(on_done, None)"
        },
        _MESSAGES,
    ),
    Mutation(
        "what could not be written is dropped",
        _STORE,
        {"self._unwritten = {room: merged(batch[room]) for room in outcome.failed}": "self._unwritten = {}"},
        _MESSAGES[:1],
    ),
    Mutation(
        "folder that was put back taken for the one that was left",
        _STORE,
        {"life = left.life if left is not None and is_as_left else": "life = left.life if left is not None else"},
        ("tests/peer/store/test_life.py",),
    ),
    Mutation(
        "text of others is markup in an export",
        "peer",
        {'_MARKUP.sub(r"\\\\\\1", line.rstrip())': "line.rstrip()"},
        ("tests/peer/test_export.py",),
    ),
)
