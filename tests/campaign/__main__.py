"""`make campaign SEEDS=5000` lives that many lives of a room; `make campaign SEED=123` shows one, step by step."""

from __future__ import annotations

import argparse
import os
import sys
from concurrent.futures import ProcessPoolExecutor

from rich.progress import Progress

from .checks import Broken
from .world import World

__all__: list[str] = []


def live(seed: int) -> str:
    """Empty, or what was broken."""
    try:
        World(seed).live()
    except Broken as broken:
        return str(broken)
    except Exception as error:  # a seed that crashes is a finding too
        return f"seed {seed}: {type(error).__name__}: {error}"
    return ""


def show(seed: int) -> int:
    """One life with its trace."""
    World(seed, trace=print).live()
    return 0


def run(first: int, count: int) -> int:
    failed: list[str] = []
    with Progress() as progress, ProcessPoolExecutor(os.cpu_count()) as workers:
        task = progress.add_task("lives of a room", total=count)
        for verdict in workers.map(live, range(first, first + count), chunksize=4):
            progress.advance(task)
            if verdict:
                failed.append(verdict)
                progress.console.print(verdict)
    print(f"{count - len(failed)} of {count} seeds hold; a failed one is shown by `make campaign SEED=number`")
    return 1 if failed else 0


if __name__ == "__main__":
    parser = argparse.ArgumentParser(prog="make campaign", description=__doc__)
    parser.add_argument("--seeds", type=int, default=300)
    parser.add_argument("--first", type=int, default=0)
    parser.add_argument("--seed", type=int)
    chosen = parser.parse_args()
    sys.exit(show(chosen.seed) if chosen.seed is not None else run(chosen.first, chosen.seeds))
