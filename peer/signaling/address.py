"""The address of a signaling server, as people write it.

Pure. One spelling of each address leaves here, so that it can be compared and shown; the sentence of each refusal
says what to write instead.
"""

from __future__ import annotations

from urllib.parse import SplitResult, urlsplit

from ..errors import BadSetting

__all__ = ["normalise_server"]

_DEFAULT_PORTS = {"http": 80, "https": 443}


def normalise_server(server: str) -> str:
    """`http(s)://host[:port][/path]` without a slash at its end; raise `BadSetting` for all else."""
    try:
        parts = urlsplit(server.strip())
        port = parts.port
    except ValueError as error:
        raise _refused("it is not an address") from error
    _check(parts)
    host = f"[{parts.hostname}]" if ":" in (parts.hostname or "") else parts.hostname
    shown_port = "" if port in (None, _DEFAULT_PORTS[parts.scheme]) else f":{port}"
    return f"{parts.scheme}://{host}{shown_port}{parts.path.rstrip('/')}"


def _check(parts: SplitResult) -> None:
    if parts.scheme not in _DEFAULT_PORTS:
        raise _refused("it must begin with http:// or https://")
    if not parts.hostname or any(not character.isprintable() or character == " " for character in parts.geturl()):
        raise _refused("it names no host")
    if parts.username is not None or parts.password is not None:
        raise _refused("a user name or password does not belong in it, the token is a setting of its own")
    if parts.query or parts.fragment:
        raise _refused("it ends before any ? or #; an invite link is joined, not connected to")


def _refused(reason: str) -> BadSetting:
    return BadSetting(f"this is no address of a signaling server ({reason}): write it like https://signal.example")
