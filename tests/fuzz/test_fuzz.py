"""Every decoder, and every state of handshake and rekey, takes arbitrary bytes: the documented error, and no growth.

Few inputs here, `SPEAKTUBE_FUZZ=100000` of them on demand; `by_hand` takes as many in less time.
"""

from __future__ import annotations

import random
import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ..support.fuzz import fuzz
from .decoders import DECODERS
from .forging import forge, forge_at_random
from .states import STATES

TARGETS = DECODERS | STATES


@pytest.mark.parametrize("name", TARGETS)
@fuzz
@given(data=st.data())
def test_any_bytes_give_the_documented_error_and_nothing_grows(name: str, data: st.DataObject) -> None:
    target = TARGETS[name]
    seed = data.draw(st.sampled_from(target.seeds))
    choice, place = data.draw(st.integers(0, 3)), data.draw(st.integers(0, len(seed)))
    target.run(forge(seed, choice, place, data.draw(st.binary(max_size=200))))


@pytest.mark.parametrize("name", TARGETS)
def test_seeds_are_taken_or_refused(name: str) -> None:
    for seed in TARGETS[name].seeds:
        TARGETS[name].run(seed)


def test_forged_inputs_are_near_the_seed() -> None:
    chance = random.Random(1)  # noqa: S311 - inputs, not secrets
    inputs = {forge_at_random((b"genuine frame",), chance) for _ in range(200)}
    assert len(inputs) > 100
    assert any(data.startswith(b"genuine") and data != b"genuine frame" for data in inputs)


def test_long_run_is_one_command() -> None:
    command = [sys.executable, "-m", "tests.fuzz.by_hand", "20", "frame", "suite 2: initiator awaits message 2"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stdout.count("nothing found") == 2
