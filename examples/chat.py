"""Talk from a terminal, or from a pipe: `python -m peer chat`, but as somebody new each time.

    python examples/chat.py --create Deck                  open a private room; prints its invite link
    python examples/chat.py INVITE                         enter by that link
    fortune | python examples/chat.py INVITE               send lines, then leave

All of it is in `peer/cli`: `line_chat.py` shows how events become lines, `slash.py` what a slash does.
"""

import sys

from peer.cli.program import main

if __name__ == "__main__":
    sys.exit(main(["chat", "--temporary", *sys.argv[1:]]))
