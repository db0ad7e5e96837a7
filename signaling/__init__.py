"""The signaling server: a small meeting place where peers find each other, and which never learns what they say.

The names below are loaded when they are first used, so that `python -m signaling --help` does not pay for aiohttp.
"""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .app import create_app, running_server
    from .config import Config
    from .identity.auth import mint_user_token

__all__ = ["Config", "create_app", "mint_user_token", "running_server"]

_HOMES = {"Config": "config", "create_app": "app", "mint_user_token": "identity.auth", "running_server": "app"}


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(f".{_HOMES[name]}", __name__), name)
