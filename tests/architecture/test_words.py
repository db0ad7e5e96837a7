"""A file is named after the thing it knows."""

from .sources import ROOT, tracked_files

SAYS_NOTHING = {"utils", "util", "common", "helpers", "helper", "base", "manager", "misc", "tools"}


def test_no_file_is_named_after_nothing() -> None:
    python = [path.relative_to(ROOT) for path in tracked_files() if path.suffix == ".py"]
    assert [str(path) for path in python if SAYS_NOTHING & {path.stem, *path.parts[:-1]}] == []


def test_test_folders_are_packages() -> None:
    """Without an `__init__.py`, tests/signaling would hide the real package."""
    folders = {path.parent for path in tracked_files() if path.suffix == ".py" and path.is_relative_to(ROOT / "tests")}
    assert [str(folder.relative_to(ROOT)) for folder in folders if not (folder / "__init__.py").is_file()] == []
