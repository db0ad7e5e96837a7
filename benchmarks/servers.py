"""The servers that are compared, each in a process of its own and pinned to one core, and what they have used.

Ours runs as operators run it, with everything on; the bounds that a load from one address would reach are raised in
`SETTINGS`, the only place that knows them. Use of CPU and memory is what /proc says.
"""

import os
import resource
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryFile
from typing import IO

__all__ = [
    "CLIENT_CORE",
    "CONTESTANTS",
    "FOLDER",
    "JWT_KEY",
    "OURS",
    "WIDE",
    "Absent",
    "Server",
    "pin_to",
    "raise_file_limit",
    "running",
]

CORES = sorted(os.sched_getaffinity(0))
SERVER_CORE, CLIENT_CORE = CORES[0], CORES[-1]
TICKS_S = os.sysconf("SC_CLK_TCK")
PAGE_BYTES = os.sysconf("SC_PAGE_SIZE")
STOP_S = 10.0

FOLDER = Path(__file__).parent
CACHE = Path(os.environ.get("XDG_CACHE_HOME", "~/.cache")).expanduser() / "speaktube" / "benchmarks"
PEER_SERVER = "peer@1.0.2"

JWT_KEY = "of servers that live for seconds, on loopback"

WIDE = "1000000000/60"
"""A pace that nobody reaches; 0 would spare the counting."""

SETTINGS = {
    "SIGNALING_STORE": "memory:",
    "SIGNALING_JWT_SECRET": JWT_KEY,
    "SIGNALING_LOG_FORMAT": "json",
    "SIGNALING_ADDRESS_CREATES": WIDE,
    "SIGNALING_ADDRESS_JOINS": WIDE,
    "SIGNALING_ADDRESS_REQUESTS": WIDE,
    "SIGNALING_ADDRESS_CALLS": WIDE,
    "SIGNALING_PEER_REQUESTS": WIDE,
    "SIGNALING_ADDRESS_CONNECTIONS": "1000000",
    "SIGNALING_PEER_ENVELOPES": WIDE,
    "SIGNALING_ADDRESS_ENVELOPES": WIDE,
}
"""All features on; bounds that few addresses and busy pairs reach sooner than a server's CPU are out of the way."""

START_PEER_SERVER = """
require("peer").PeerServer(
    {host: "127.0.0.1", port: 0, path: "/", concurrent_limit: 1000000},
    server => console.log("listening on http://127.0.0.1:" + server.address().port),
)
"""


class Absent(Exception):
    """A contestant cannot run here; the sentence says why."""


@dataclass
class Server:
    """A running server."""

    name: str
    process: subprocess.Popen[str]
    port: int

    @property
    def cpu_s(self) -> float:
        """Seconds of CPU used so far, in user and system mode together."""
        fields = Path(f"/proc/{self.process.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / TICKS_S

    @property
    def resident_bytes(self) -> int:
        """What it holds of the machine's memory."""
        return int(Path(f"/proc/{self.process.pid}/statm").read_text().split()[1]) * PAGE_BYTES


def pin_to(core: int) -> None:
    """Keep this process, and those that it starts, on one core."""
    os.sched_setaffinity(0, {core})


def raise_file_limit() -> int:
    """As many open files as this process may have; those that it starts inherit the limit."""
    _, highest = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (highest, highest))
    return highest


@contextmanager
def running(name: str, **settings: str) -> Iterator[Server]:
    """Start a contestant, and stop it at the end; raise Absent where it cannot run."""
    command, environment = CONTESTANTS[name]()
    with TemporaryFile("w+") as log, _started(command, {**environment, **settings}, log) as process:
        assert process.stdout is not None
        line = process.stdout.readline().strip()
        if not line.startswith("listening on "):
            raise Absent(f"{name} does not start: {_last_line(log) or 'it says nothing'}")
        yield Server(name, process, int(line.rpartition(":")[2]))


@contextmanager
def _started(command: Sequence[str], environment: Mapping[str, str], log: IO[str]) -> Iterator[subprocess.Popen[str]]:
    inherited = {key: value for key, value in os.environ.items() if not key.startswith("SIGNALING_")}
    pin_to(SERVER_CORE)
    process = subprocess.Popen(
        command,
        env={**inherited, **environment},
        cwd=FOLDER.parent,  # here, -m would take signaling.py for the server
        stdout=subprocess.PIPE,
        stderr=log,
        text=True,
        start_new_session=True,  # Ctrl-C is for us, who then stop it
    )
    pin_to(CLIENT_CORE)
    with process:
        try:
            yield process
        finally:
            process.terminate()
            try:
                process.wait(STOP_S)
            except subprocess.TimeoutExpired:
                process.kill()


def _last_line(log: IO[str]) -> str:
    log.seek(0)
    return "".join(log.readlines()[-1:]).strip()


def _ours() -> tuple[Sequence[str], Mapping[str, str]]:
    return (sys.executable, "-m", "signaling", "serve", "--port", "0"), SETTINGS


def _bare() -> tuple[Sequence[str], Mapping[str, str]]:
    return (sys.executable, str(FOLDER / "bare_relay.py")), {"SECRET": JWT_KEY}


def _peer_server() -> tuple[Sequence[str], Mapping[str, str]]:
    """npm's `peer`, fetched into the user's cache when it is first needed."""
    node, npm = shutil.which("node"), shutil.which("npm")
    if not node or not npm:
        raise Absent("node and npm are missing: apt-get install nodejs npm")
    if not (CACHE / "node_modules" / "peer").is_dir():
        CACHE.mkdir(parents=True, exist_ok=True)
        command = (npm, "install", "--no-fund", "--no-audit", "--silent", "--prefix", str(CACHE), PEER_SERVER)
        if subprocess.run(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=False).returncode:
            raise Absent(f"npm could not install {PEER_SERVER}")
    return (node, "-e", START_PEER_SERVER), {"NODE_PATH": str(CACHE / "node_modules")}


OURS = "ours"
CONTESTANTS = {OURS: _ours, "bare": _bare, "peer_server": _peer_server}
