"""A long run over decoders and states: `python -m tests.fuzz.by_hand [COUNT] [NAME…]`, or `--list`.

Each takes COUNT (100,000) inputs near genuine ones, from a seed that is printed. With `--atheris` one NAME is given to
libFuzzer instead, which is led by coverage; `pip install atheris` first, in an environment of your own.
"""

from __future__ import annotations

import random
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from .forging import forge_at_random

COUNT = 100_000


def all_targets() -> dict[str, Any]:
    """Imported late, since atheris counts the branches of what is imported under its eyes."""
    from .decoders import DECODERS
    from .states import STATES

    return DECODERS | STATES


def run(name: str, target: Any, count: int, seed: int) -> None:
    chance = random.Random(f"{seed} {name}")  # noqa: S311 - inputs, not secrets
    before = time.process_time()
    for number in range(count):
        data = forge_at_random(target.seeds, chance)
        try:
            target.run(data)
        except Exception:
            print(f"{name}: input {number} of seed {seed}: {data.hex()}", file=sys.stderr)
            raise
    print(f"{name}: {count} inputs, {time.process_time() - before:.0f} s of CPU, nothing found", flush=True)


def run_atheris(name: str, options: list[str]) -> None:
    """`options` are those of libFuzzer."""
    import atheris

    with atheris.instrument_imports(include=["peer"]):
        target = all_targets()[name]
    with tempfile.TemporaryDirectory() as seeds:
        for number, seed in enumerate(target.seeds):
            (Path(seeds) / str(number)).write_bytes(seed)
        atheris.Setup([sys.argv[0], seeds, *options], target.run)
        atheris.Fuzz()


def main(arguments: list[str]) -> None:
    if arguments == ["--list"]:
        print("\n".join(all_targets()))
    elif arguments[:1] == ["--atheris"]:
        run_atheris(arguments[1], arguments[2:])
    else:
        count = int(arguments.pop(0)) if arguments and arguments[0].isdigit() else COUNT
        seed = random.randrange(2**32)  # noqa: S311
        targets = all_targets()
        for name in arguments or targets:
            run(name, targets[name], count, seed)


if __name__ == "__main__":
    main(sys.argv[1:])
