"""`make soak`: eight peers come and go for a while, and the books must balance.

    make soak                  30 minutes
    make soak MINUTES=2
    python -m tests.soak --minutes 10 --seed 7

What is asserted stands in `ledger.py`. Each figure is a line of JSON on standard output; the table and the progress
are on standard error. Ctrl-C ends the run early: all say goodbye, and the report is made of what there was. The exit
code is 0 if all is well, 1 if not, and 130 after Ctrl-C with nothing wrong.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import secrets
import signal
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table

from peer.rtc.ice import ADDRESSES_SETTING

from .crew import Crew, Server
from .member import Life
from .plan import make_plan
from .verdict import faults, figures
from .watch import Record, Watch

NAMES = ("anna", "ben", "cleo", "dora", "emil", "fynn", "gina", "hugo")
STEADY = 2
"""The first so many never die: their memory is measured over the whole run."""
PAUSE_S = 4.0
"""Between two messages of a member: eight of them are then heard sixteen times a second in all."""
SAY_EVERY_S = 30.0


def main() -> int:
    parser = argparse.ArgumentParser(prog="make soak", description=__doc__.partition("\n")[0])
    parser.add_argument("--minutes", type=float, default=30.0)
    parser.add_argument("--peers", type=int, choices=range(STEADY + 1, len(NAMES) + 1), default=len(NAMES))
    parser.add_argument("--seed", type=int, default=secrets.randbelow(1_000_000), help="that of a run to repeat")
    arguments = parser.parse_args()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(
            number, signal.default_int_handler
        )  # shells have what they put in the background ignore the first
    os.environ.setdefault(ADDRESSES_SETTING, "127.0.0.1")  # links need no other interface
    console = Console(stderr=True)
    console.print(
        f"soak: {arguments.peers} peers, {arguments.minutes:g} minutes, seed {arguments.seed}", highlight=False
    )
    with _progress(console, arguments.minutes * 60) as show:
        record = _run(NAMES[: arguments.peers], arguments.seed, duration_s=arguments.minutes * 60, show=show)
    return _report(record, console, seed=arguments.seed)


def _run(names: Sequence[str], seed: int, *, duration_s: float, show: Callable[[Record], None]) -> Record:
    with TemporaryDirectory(prefix="speaktube-soak-") as name:
        folder = Path(name)
        server = Server(folder)
        life = Life(name="", number=0, folder="", server=server.address, invite=None, pause_s=PAUSE_S, seed=seed)
        crew = Crew(folder, names, life)
        plan = make_plan(seed, steady=names[:STEADY], others=names[STEADY:], duration_s=duration_s)
        watch = Watch(crew, server, plan, show=show)
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, watch.stop)
        try:
            server.start()
            watch.run(names, duration_s=duration_s)
        finally:
            crew.end()
            server.stop()
        watch.record.troubles += server.troubles()
        watch.record.cpu_s = _cpu_s()
        return watch.record


def _cpu_s() -> float:
    """Of this process, and of the servers; members tell their own."""
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(each.ru_utime + each.ru_stime for each in used)


@contextmanager
def _progress(console: Console, duration_s: float) -> Iterator[Callable[[Record], None]]:
    """A bar on a terminal; elsewhere a line now and then."""
    if not console.is_terminal:
        yield _Lines(console)
        return
    columns = (TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn())
    with Progress(*columns, console=console, transient=True) as progress:
        bar = progress.add_task("soak", total=duration_s)

        def show(record: Record) -> None:
            progress.update(bar, completed=time.monotonic() - record.began_at, description=_summary(record))

        yield show


class _Lines:
    def __init__(self, console: Console) -> None:
        self._console = console
        self._next_at = 0.0

    def __call__(self, record: Record) -> None:
        now = time.monotonic()
        if now >= self._next_at:
            self._next_at = now + SAY_EVERY_S
            self._console.print(f"{now - record.began_at:5.0f} s  {_summary(record)}", highlight=False, soft_wrap=True)


def _summary(record: Record) -> str:
    links = sum(map(len, record.links.values()))
    last = record.blows[-1].partition(": ")[2] if record.blows else "all quiet"
    ledger = record.ledger
    return f"{links} links · {ledger.said} said · {ledger.heard} heard · {len(record.troubles)} troubles · {last}"


def _report(record: Record, console: Console, *, seed: int) -> int:
    table = Table("figure", "value", title=f"soak, seed {seed}")
    for line in figures(record):
        sys.stdout.write(json.dumps(line) + "\n")
        values = ", ".join(f"{key} {value}" for key, value in line.items() if key != "soak")
        table.add_row(str(line["soak"]), values)
    sys.stdout.flush()
    console.print(table)
    wrong = faults(record)
    for sentence in wrong:
        console.print(sentence, style="red", highlight=False, markup=False, soft_wrap=True)
    if wrong:
        console.print(f"{len(wrong)} faults; to have them again: python -m tests.soak --seed {seed}", markup=False)
        return 1
    console.print("nothing lost, nothing twice, nothing left behind")
    return 130 if record.is_stopped else 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except KeyboardInterrupt:
        sys.exit(130)
