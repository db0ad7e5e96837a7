"""What the documents state about settings and files is so."""

import os
import re
import subprocess
import sys
from collections.abc import Iterator

from .sources import ROOT, tracked_files

LINK = re.compile(r"\]\((?!\w+:)([^)#]+)")


def _settings() -> Iterator[str]:
    """One row of the table in docs/operations.md for each setting that `config` prints."""
    environment = {name: text for name, text in os.environ.items() if not name.startswith("SIGNALING_")}
    command = [sys.executable, "-m", "signaling", "config"]
    printed = subprocess.run(command, cwd=ROOT, env=environment, check=True, capture_output=True, text=True).stdout
    lines = printed.splitlines()
    for setting, details, reason in zip(lines[::3], lines[1::3], lines[2::3], strict=True):
        variable = setting.partition("=")[0]
        default = details.partition("default ")[2].partition("; allowed is ")[0]
        yield f"| `{variable}` | `{default}` | {reason.strip()} |"


def test_operations_lists_every_setting_as_it_is() -> None:
    """Name, default and reason as `python -m signaling config` prints them; the failure shows the rows to paste."""
    text = (ROOT / "docs" / "operations.md").read_text("utf-8")
    rows = [line for line in text.splitlines() if line.startswith("| `SIGNALING_")]
    assert rows == list(_settings())


def test_relative_links_lead_somewhere() -> None:
    documents = [path for path in tracked_files() if path.suffix == ".md"]
    broken = [
        f"{path.relative_to(ROOT)}: {target}"
        for path in documents
        for target in LINK.findall(path.read_text("utf-8"))
        if not (path.parent / target).exists()
    ]
    assert broken == []
