"""Lines out of a pipe, and what stands below the line of a person."""

import io
import os
import threading

from peer.cli.typed import footer, piped_lines

from .stage import at_desks


async def test_lines_of_a_pipe_come_in_order() -> None:
    """Also the last without its end; bytes that are no text become question marks."""
    source = io.BytesIO(b"one\r\n\ncaf\xe9\nlast")
    assert [line async for line in piped_lines(source)] == ["one", "", "caf\ufffd", "last"]


async def test_reader_of_a_pipe_ends_with_it() -> None:
    """Also where nobody takes the lines any more; the end of the process need not wait for it."""
    read, write = os.pipe()
    with os.fdopen(read, "rb") as source, os.fdopen(write, "wb") as pipe:
        pipe.write(b"one\n")
        pipe.flush()
        async for line in piped_lines(source):
            assert line == "one"
            break
        pipe.close()
        for reader in threading.enumerate():
            if reader.daemon and "_read" in reader.name:
                reader.join(5)
                assert not reader.is_alive()


async def test_footer_says_who_types_and_where_we_are() -> None:
    async with at_desks() as (ann, bob):
        assert footer(ann.desk) == "Deck · 2 here"
        ann.desk.typists["bob"] = "bob"
        assert footer(ann.desk) == "bob typing ..."
        assert footer(bob.desk) == "Deck · 2 here"
