"""The signaling server against a bare relay and against npm's PeerServer: one line of JSON a figure.

    python benchmarks/signaling.py                      everything, in less than four minutes
    python benchmarks/signaling.py --only relay,joins   parts of it
    python benchmarks/signaling.py --help               what else can be chosen

This file has the server's name, so no module beside it may import `signaling`, and the type checker leaves it out.
"""

import sys

from contest import main

if __name__ == "__main__":
    sys.exit(main())
