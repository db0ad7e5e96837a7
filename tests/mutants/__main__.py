"""`make mutants`: weakens the code one check at a time and shows which test notices.

Each mutation is made in a copy of the tree, never here, and its tests run there until one fails. A mutation that no
test notices has survived: either a test is missing, or its `excuse` says why there is nothing to notice. An excuse
that is no longer needed counts as a failure too. Words on the command line choose the mutations that contain one.
"""

from __future__ import annotations

import argparse
import os
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from queue import SimpleQueue
from tempfile import TemporaryDirectory

from .catalogue import MUTATIONS
from .mutation import Mutation

ROOT = Path(__file__).parents[2]
COPIES = 2
TIMEOUT_S = 120
"""A machine that asks to be woken for what it no longer does keeps its test busy for ever."""
UNMUTATED_TIMEOUT_S = 900
"""All tests of all mutations, once."""
LEFT_OUT = shutil.ignore_patterns(".venv", ".git", "__pycache__", ".*_cache", ".hypothesis", "build", "*.egg-info")

_FAILED = re.compile(r"^(?:FAILED|ERROR) \S+::(\w+)", re.MULTILINE)


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.mutants", description="Does a test notice each weakening?")
    parser.add_argument(
        "words", nargs="*", metavar="WORD", help="take the mutations whose name contains one; all if none"
    )
    words = parser.parse_args(arguments).words
    chosen = [each for each in MUTATIONS if not words or any(word in each.name for word in words)]
    if not chosen:
        parser.error("no mutation has such a name: tests/mutants/*.py list them")
    print(f"{len(chosen)} mutations, {COPIES} at a time", flush=True)
    began = time.monotonic()
    with TemporaryDirectory(prefix="mutants-") as folder:
        copies = [_copy_tree(Path(folder) / str(number)) for number in range(COPIES)]
        check_unmutated(copies[0], sorted({test for each in chosen for test in each.tests}))
        free: SimpleQueue[Path] = SimpleQueue()
        for copy in copies:
            free.put(copy)
        with ThreadPoolExecutor(COPIES) as workers:
            verdicts = [_tell(verdict) for verdict in workers.map(lambda each: judge(each, free), chosen)]
    bad = len(verdicts) - sum(verdicts)
    print(f"{len(verdicts) - bad} as they should be, {bad} not, in {time.monotonic() - began:.0f} s")
    return 1 if bad else 0


def _tell(verdict: tuple[bool, str]) -> bool:
    print(verdict[1], flush=True)
    return verdict[0]


def _copy_tree(copy: Path) -> Path:
    """With bytecode that Python takes by the source's hash: a mutated module is compiled anew, whatever its date."""
    shutil.copytree(ROOT, copy, ignore=LEFT_OUT)
    compile_all = [sys.executable, "-m", "compileall", "-q", "--invalidation-mode", "checked-hash", "peer", "signaling"]
    subprocess.run(compile_all, cwd=copy, check=True)
    return copy


def check_unmutated(copy: Path, tests: list[str]) -> None:
    """Tests that fail anyway would kill every mutation."""
    run = _run_tests(copy, tests, timeout_s=UNMUTATED_TIMEOUT_S)
    if run.returncode != 0:
        sys.exit(f"the tests fail before anything is taken away:\n{run.stdout[-3000:]}")


def judge(mutation: Mutation, free: SimpleQueue[Path]) -> tuple[bool, str]:
    """Whether all is well with it, and the line that says so."""
    copy = free.get()
    try:
        with _mutated(copy, mutation):
            killer = _find_killer(copy, mutation)
    finally:
        free.put(copy)
    if killer is not None:
        return not mutation.excuse, f"killed    {mutation.name}: {killer}" + (
            ", its excuse is stale" * bool(mutation.excuse)
        )
    if mutation.excuse:
        return True, f"explained {mutation.name}: {mutation.excuse}"
    return False, f"SURVIVED  {mutation.name}"


@contextmanager
def _mutated(copy: Path, mutation: Mutation) -> Iterator[None]:
    altered = mutation.mutate(copy)
    originals = {path: path.read_text() for path in altered}
    try:
        for path, text in altered.items():
            path.write_text(text)
        yield
    finally:
        for path, text in originals.items():
            path.write_text(text)


def _find_killer(copy: Path, mutation: Mutation) -> str | None:
    """The name of the first test that fails."""
    try:
        run = _run_tests(copy, mutation.tests)
    except subprocess.TimeoutExpired:
        return f"no end after {TIMEOUT_S} s"
    if run.returncode not in (0, 1):
        sys.exit(f"{mutation.name!r} breaks the code instead of weakening it:\n{run.stdout[-3000:]}")
    found = _FAILED.search(run.stdout)
    return found[1] if found else None


def _run_tests(
    copy: Path, tests: list[str] | tuple[str, ...], *, timeout_s: int = TIMEOUT_S
) -> subprocess.CompletedProcess[str]:
    pytest = [sys.executable, "-m", "pytest", "-q", "-x", "--tb=no", "--hypothesis-seed=0", "-p", "no:cacheprovider"]
    environment = {**os.environ, "PYTHONPATH": str(copy), "PYTHONDONTWRITEBYTECODE": "1"}
    return subprocess.run(
        [*pytest, *tests], cwd=copy, env=environment, capture_output=True, text=True, check=False, timeout=timeout_s
    )


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
