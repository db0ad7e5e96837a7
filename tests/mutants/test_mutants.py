"""The mutations of `make mutants` still fit the code; whether they are noticed takes minutes, and is seen there."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

from .catalogue import MUTATIONS
from .mutation import Mutation, TextNotFound

ROOT = Path(__file__).parents[2]


def test_each_mutation_has_a_name_of_its_own() -> None:
    """At least 25, as many as the specification asks for."""
    assert len(MUTATIONS) >= 25
    assert [name for name, count in Counter(each.name for each in MUTATIONS).items() if count > 1] == []


@pytest.mark.parametrize("mutation", MUTATIONS, ids=lambda mutation: mutation.name)
def test_what_a_mutation_takes_away_is_there(mutation: Mutation) -> None:
    """Its text stands in the code exactly once, and what comes of it is Python; its tests exist."""
    altered = mutation.mutate(ROOT)
    assert altered
    for path, text in altered.items():
        assert text != path.read_text()
        compile(text, str(path), "exec")
    assert [test for test in mutation.tests if not (ROOT / test).is_file()] == []


def test_mutation_whose_text_is_gone_fails_loudly() -> None:
    """Else it would weaken nothing, and the run would seem to say something."""
    with pytest.raises(TextNotFound, match="0 places"):
        Mutation("nothing", "peer/crypto", {"no such text": ""}, ()).mutate(ROOT)
