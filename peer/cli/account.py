"""Who we are for a command: our name, the server, what proves who we are, and where all of it is kept.

A secret is never an argument, since every user of a machine can read those: a token and a passphrase come from the
environment, from a file, or from somebody at the terminal. The token goes only to a server that the user named; an
invite link alone could name anybody's.
"""

from __future__ import annotations

import getpass
import os
from argparse import Namespace
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import quote

from ..config import Config
from ..errors import BadSetting
from ..invite import looks_like_invite
from ..peer import Peer, server_of
from ..ports import TokenSource
from ..store.identity_file import guard_of

__all__ = ["DEFAULT_SERVER", "Account", "ask_passphrase", "choose_account", "data_folder"]

DEFAULT_SERVER = "http://127.0.0.1:8080"


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """All that a `Peer` is made from."""

    server: str
    name: str
    token: TokenSource = field(default=None, repr=False)
    data_dir: Path | None = None
    """None: we are somebody new, and nothing is kept."""
    passphrase: str | None = field(default=None, repr=False)
    keyring: bool = False

    def peer(self, config: Config | None = None) -> Peer:
        """Not open yet. Raises BadSetting."""
        return Peer(
            self.server,
            name=self.name,
            token=self.token,
            data_dir=self.data_dir,
            passphrase=self.passphrase,
            keyring=self.keyring,
            config=config,
        )


def choose_account(
    options: Namespace,
    where: str | None = None,
    *,
    environment: Mapping[str, str] = os.environ,
    ask: Callable[[str], str] = getpass.getpass,
    asks: bool = True,
    usual_name: str | None = None,
) -> Account:
    """From the command line, else the environment, else by default; `where` may be an invite, which names a server.

    May wait for a person to type a passphrase, if it `asks`; `usual_name` stands for the login name. Raises BadSetting.
    """
    named = options.server or environment.get("SPEAKTUBE_SERVER")
    server = _server(options.server, named, where)
    name = options.name or environment.get("SPEAKTUBE_NAME") or usual_name or _login_name()
    folder = _folder(options, environment, name)
    guard = guard_of(folder) if folder is not None else None
    keyring = folder is not None and (options.keyring or guard == "keyring")
    return Account(
        server=server,
        name=name,
        token=_token(options, environment) if named and server == server_of(named) else None,
        data_dir=folder,
        passphrase=_passphrase(options, environment, folder, guard, ask) if folder and asks and not keyring else None,
        keyring=keyring,
    )


def data_folder(name: str, environment: Mapping[str, str]) -> Path:
    """Where what is kept for this name lies, as the XDG base directory specification has it.

    Each name has a folder of its own, so that two people, or a person and a bot, do not get in each other's way.
    """
    base = environment.get("XDG_DATA_HOME") or ""
    try:
        data = Path(base) if base.startswith("/") else Path("~/.local/share").expanduser()
    except RuntimeError:
        raise BadSetting(
            "there is no home directory to keep your identity in: give --data-dir or --temporary"
        ) from None
    return data / "speaktube" / quote(name.casefold(), safe=" @+").replace(".", "%2E")


def ask_passphrase(folder: Path, *, is_new: bool, ask: Callable[[str], str]) -> str:
    """Twice where it will seal something from now on: a mistyped one would lock its owner out. Raises BadSetting."""
    try:
        passphrase = ask(f"passphrase of {folder}: ")
        if is_new and ask("once more, since it is new: ") != passphrase:
            raise BadSetting("the two passphrases are not the same: start again")
    except EOFError:
        raise BadSetting(f"nobody is at a terminal to type the passphrase of {folder}: use --passphrase-file") from None
    return passphrase


def _server(given: str | None, named: str | None, where: str | None) -> str:
    """An invite's server wins over the usual one, and not over one that was asked for this time."""
    if given is None and where is not None and looks_like_invite(where):
        return server_of(where)
    return server_of(named or DEFAULT_SERVER)


def _login_name() -> str:
    try:
        return getpass.getuser()
    except (OSError, KeyError):  # a container whose user has no name
        return "guest"


def _folder(options: Namespace, environment: Mapping[str, str], name: str) -> Path | None:
    if options.temporary:
        return None
    given = options.data_dir or environment.get("SPEAKTUBE_DATA_DIR")
    return Path(given).expanduser() if given else data_folder(name, environment)


def _token(options: Namespace, environment: Mapping[str, str]) -> TokenSource:
    """A file is read at each join, since what lies in it may have been renewed."""
    path = options.token_file or environment.get("SPEAKTUBE_TOKEN_FILE")
    if path:
        return lambda: _first_line(path, "token")
    return environment.get("SPEAKTUBE_TOKEN") or None


def _passphrase(
    options: Namespace, environment: Mapping[str, str], folder: Path, guard: str | None, ask: Callable[[str], str]
) -> str | None:
    path = options.passphrase_file or environment.get("SPEAKTUBE_PASSPHRASE_FILE")
    if path:
        return _first_line(path, "passphrase")
    if given := environment.get("SPEAKTUBE_PASSPHRASE"):
        return given
    if options.passphrase or guard == "passphrase":
        return ask_passphrase(folder, is_new=guard != "passphrase", ask=ask)
    return None


def _first_line(path: str, what: str) -> str:
    try:
        with Path(path).expanduser().open(encoding="utf-8") as file:
            line = file.readline().strip("\r\n")
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or "it is no text"
        raise BadSetting(f"cannot read the {what} file {path} ({reason}): give another one") from None
    if not line:
        raise BadSetting(f"the {what} file {path} is empty: its first line has to be the {what}")
    return line
