"""redis-server on loopback: alone, three as a cluster, or replicas under Sentinels; ended with the block."""

import secrets
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

import pytest

__all__ = ["RedisServer", "a_cluster", "a_redis", "a_sentinel", "free_port", "needs_redis", "wait_until"]

START_S = 15.0


def needs_redis(program: str = "redis-server") -> str:
    """The program's path; skip where it is missing."""
    found = shutil.which(program)
    if found is None:
        pytest.skip(f"{program} is missing: apt-get install redis-server")
    return found


def free_port() -> int:
    """Below those that connections are given by chance, so that it is still free when its server starts again."""
    while True:
        port = 20_000 + secrets.randbelow(12_000)
        with socket.socket() as probe, suppress(OSError):
            probe.bind(("127.0.0.1", port))
            return port


class RedisServer:
    """A process of redis-server that can be stopped and started again on the same port."""

    def __init__(self, folder: Path, *options: str) -> None:
        self.port = free_port()
        self.options = options
        self._folder = folder
        self._log = folder / f"{self.port}.log"
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        return f"redis://127.0.0.1:{self.port}/0"

    def start(self) -> None:
        line = [needs_redis(), "--bind", "127.0.0.1", "--port", str(self.port), "--dir", str(self._folder)]
        line += ["--save", "", "--appendonly", "no", "--logfile", str(self._log), *self.options]
        self._process = subprocess.Popen(line, stdout=subprocess.DEVNULL)
        wait_until(self._answers, what=f"redis-server on port {self.port}")

    def _answers(self) -> bool:
        assert self._process is not None
        assert self._process.poll() is None, self._log.read_text()
        said = self.command("PING")
        return "PONG" in said or "NOAUTH" in said

    def stop(self) -> None:
        """At once and without a word, as a machine that loses power."""
        process, self._process = self._process, None
        if process is not None:
            process.kill()
            process.wait()

    def pause(self) -> None:
        assert self._process is not None
        self._process.send_signal(signal.SIGSTOP)

    def resume(self) -> None:
        assert self._process is not None
        self._process.send_signal(signal.SIGCONT)

    def command(self, *words: str) -> str:
        """What redis-cli prints."""
        line = [needs_redis("redis-cli"), "-h", "127.0.0.1", "-p", str(self.port), *words]
        return _output(line).strip()


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
        try:
            server.start()
            yield server
        finally:
            server.stop()


@contextmanager
def a_cluster(nodes: int = 3, *, replicas: int = 0) -> Iterator[list[RedisServer]]:
    """A Redis Cluster of so many servers, with so many replicas for each primary."""
    with ExitStack() as stack:
        servers = []
        for number in range(nodes):
            node = ("--cluster-enabled", "yes", "--cluster-config-file", f"{number}.conf", "--cluster-port")
            options = (*node, str(free_port()), "--cluster-node-timeout", "1000")
            servers.append(stack.enter_context(a_redis(*options)))
        addresses = [f"127.0.0.1:{server.port}" for server in servers]
        copies = ("--cluster-replicas", str(replicas))
        servers[0].command("--cluster", "create", *addresses, *copies, "--cluster-yes")
        for server in servers:
            wait_until(lambda each=server: "cluster_state:ok" in each.command("CLUSTER", "INFO"), what="the cluster")  # type: ignore[misc]
            wait_until(lambda each=server: _has_its_master(each), what="a replica")  # type: ignore[misc]
        yield servers


def _has_its_master(server: RedisServer) -> bool:
    replication = server.command("INFO", "replication")
    return "role:master" in replication or "master_link_status:up" in replication


@contextmanager
def a_sentinel() -> Iterator[tuple[RedisServer, RedisServer, str]]:
    """A master, its replica, and the URL of a Sentinel that promotes it within a second or two."""
    with a_redis() as master, a_redis("--replicaof", f"127.0.0.1 {master.port}") as replica:
        wait_until(lambda: "master_link_status:up" in replica.command("INFO", "replication"), what="the replica")
        with tempfile.TemporaryDirectory() as folder:
            port, file = free_port(), Path(folder) / "sentinel.conf"
            lines = (f"monitor rooms 127.0.0.1 {master.port} 1", "down-after-milliseconds rooms 500")
            more = ("failover-timeout rooms 3000",)
            file.write_text("".join(f"sentinel {line}\n" for line in (*lines, *more)))
            line = [needs_redis(), str(file), "--sentinel", "--bind", "127.0.0.1", "--port", str(port)]
            process = subprocess.Popen(line, stdout=subprocess.DEVNULL)
            try:
                sees = [needs_redis("redis-cli"), "-p", str(port), "sentinel", "replicas", "rooms"]
                wait_until(lambda: str(replica.port) in _output(sees), what="the Sentinel")
                yield master, replica, f"redis+sentinel://127.0.0.1:{port}/rooms"
            finally:
                process.kill()
                process.wait()


def _output(line: list[str]) -> str:
    return subprocess.run(line, capture_output=True, text=True, timeout=10, check=False).stdout
