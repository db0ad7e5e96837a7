"""What a NAT box does to datagrams, found out from both of its sides.

    python probe.py listen           out there: says which ports one knocking socket comes from, towards two of its own
    python probe.py knock ADDRESS    in here: says which ports the answers come from

Both begin when they are told to, by a line. It is answered from where it was knocked at, and from a stranger's port;
that nothing comes is an answer, too.
"""

import json
import select
import socket
import sys

KNOCKED, STRANGER = (7001, 7002), 7003
PATIENCE_S = 0.5


def _bound(port: int) -> socket.socket:
    bound = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    bound.bind(("0.0.0.0", port))  # noqa: S104 - in a namespace of our own
    return bound


def _next(ear: socket.socket) -> tuple[str, int] | None:
    """Where the next datagram comes from."""
    ready, _, _ = select.select([ear], [], [], PATIENCE_S)
    return ear.recvfrom(64)[1] if ready else None


def listen() -> list[int]:
    ears = [_bound(port) for port in KNOCKED]
    wait_for_word()
    sources = [source for ear in ears if (source := _next(ear))]
    if sources:
        for mouth in (ears[0], _bound(STRANGER)):
            mouth.sendto(b"answer", sources[0])
    return [port for _, port in sources]


def knock(address: str) -> list[int]:
    socket_in_here = _bound(0)
    wait_for_word()
    for port in KNOCKED:
        socket_in_here.sendto(b"knock", (address, port))
    answers = []
    while source := _next(socket_in_here):
        answers.append(source[1])
    return sorted(answers)


def wait_for_word() -> None:
    say("ready")
    sys.stdin.readline()


def say(what: object) -> None:
    sys.stdout.write(json.dumps(what) + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    say(listen() if sys.argv[1] == "listen" else knock(sys.argv[2]))
