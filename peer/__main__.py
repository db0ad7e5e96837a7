"""`python -m peer`: see `python -m peer --help`."""

import sys

from .cli.program import main

__all__ = ["main"]

if __name__ == "__main__":
    sys.exit(main())
