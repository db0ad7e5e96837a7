"""`export`: a conversation that is kept here as JSON lines or Markdown, to a file or to standard output."""

from __future__ import annotations

import sys
from argparse import Namespace

from ..errors import BadSetting
from ..peer import Peer
from .account import choose_account
from .output import complain
from .place import find_kept
from .running import run_loop

__all__ = ["run"]


def run(options: Namespace) -> int:
    return run_loop(_export(choose_account(options).peer(), options))


async def _export(peer: Peer, options: Namespace) -> int:
    file = None if options.file == "-" else options.file
    async with peer as me:
        kept = await find_kept(me, options.where)
        try:
            await me.export(kept, file or sys.stdout, format=options.format)
        except BrokenPipeError:
            raise
        except OSError as error:
            raise BadSetting(f"cannot write {file} ({error.strerror}): name another file") from None
    if file:
        complain(f"export: {kept.title} is in {file}, where anybody who may read that file can read it")
    return 0
