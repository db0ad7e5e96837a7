"""Asks the server of these settings whether it is well; for containers and scripts."""

import http.client
import sys

from .config import Config
from .errors import BadSetting

__all__ = ["check"]

TIMEOUT_S = 3

ANY_HOST = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104 - compared with, not listened on


def check(config: Config) -> int:
    """0 and a sentence when it answers, 1 and a sentence when not. No proxy is asked."""
    if config.port == 0:
        raise BadSetting("healthcheck needs SIGNALING_PORT: port 0 says nothing about where the server is")
    host = ANY_HOST.get(config.host, config.host)
    try:
        status = _ask(host, config.port)
    except (OSError, http.client.HTTPException) as error:
        sys.stderr.write(f"no answer from {host} port {config.port}: {error}\n")
        return 1
    sys.stdout.write(f"{host} port {config.port} answers {status}\n")
    return 0 if status == 200 else 1


def _ask(host: str, port: int) -> int:
    connection = http.client.HTTPConnection(host, port, timeout=TIMEOUT_S)
    try:
        connection.request("GET", "/healthz")
        return connection.getresponse().status
    finally:
        connection.close()
