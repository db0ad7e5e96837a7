"""redis-server on loopback: alone, three as a cluster, or replicas under Sentinels; ended with the block."""

import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest

__all__ = ["RedisServer", "a_cluster", "a_redis", "free_port", "needs_redis"]

START_S = 15.0


def needs_redis(program: str = "redis-server") -> str:
    """The program's path; skip where it is missing."""
    found = shutil.which(program)
    if found is None:
        pytest.skip(f"{program} is missing: apt-get install redis-server redis-sentinel")
    return found


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class RedisServer:
    """A process of redis-server that can be stopped and started again on the same port."""

    def __init__(self, folder: Path, *options: str) -> None:
        self.port = free_port()
        self.options = options
        self._folder = folder
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        return f"redis://127.0.0.1:{self.port}/0"

    def start(self) -> None:
        line = [needs_redis(), "--bind", "127.0.0.1", "--port", str(self.port), "--dir", str(self._folder)]
        line += ["--save", "", "--appendonly", "no", "--logfile", str(self._folder / f"{self.port}.log"), *self.options]
        self._process = subprocess.Popen(line, stdout=subprocess.DEVNULL)
        wait_until(lambda: self.command("PING") == "PONG", what=f"redis-server on port {self.port}")

    def stop(self) -> None:
        """At once and without a word, as a machine that loses power."""
        process, self._process = self._process, None
        if process is not None:
            process.kill()
            process.wait()

    def pause(self) -> None:
        assert self._process is not None
        self._process.send_signal(subprocess.signal.SIGSTOP)  # type: ignore[attr-defined]

    def resume(self) -> None:
        assert self._process is not None
        self._process.send_signal(subprocess.signal.SIGCONT)  # type: ignore[attr-defined]

    def command(self, *words: str) -> str:
        """What redis-cli prints."""
        line = [needs_redis("redis-cli"), "-h", "127.0.0.1", "-p", str(self.port), *words]
        return subprocess.run(line, capture_output=True, text=True, timeout=10, check=False).stdout.strip()


def wait_until(is_so: Callable[[], bool], *, what: str, timeout_s: float = START_S) -> None:
    deadline = time.monotonic() + timeout_s
    while not is_so():
        assert time.monotonic() < deadline, f"{what} did not come up within {timeout_s:g} s"
        time.sleep(0.05)


@contextmanager
def a_redis(*options: str) -> Iterator[RedisServer]:
    """One server, empty."""
    with tempfile.TemporaryDirectory() as folder:
        server = RedisServer(Path(folder), *options)
        server.start()
        try:
            yield server
        finally:
            server.stop()


@contextmanager
def a_cluster(nodes: int = 3) -> Iterator[list[RedisServer]]:
    """A Redis Cluster of primaries."""
    with ExitStack() as stack:
        servers = []
        for number in range(nodes):
            bus = (
                "--cluster-enabled",
                "yes",
                "--cluster-config-file",
                f"{number}.conf",
                "--cluster-port",
                str(free_port()),
            )
            servers.append(stack.enter_context(a_redis(*bus)))
        addresses = [f"127.0.0.1:{server.port}" for server in servers]
        servers[0].command("--cluster", "create", *addresses, "--cluster-yes")
        for server in servers:
            wait_until(lambda each=server: "cluster_state:ok" in each.command("CLUSTER", "INFO"), what="the cluster")  # type: ignore[misc]
        yield servers
