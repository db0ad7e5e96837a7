"""`bot`: runs a `peer.Bot` object of a module, as whoever the command line says."""

from __future__ import annotations

import importlib
import sys
from argparse import Namespace
from pathlib import Path

from ..bot import Bot
from ..errors import BadSetting
from .account import choose_account
from .place import named_place

__all__ = ["load_bot", "run"]


def run(options: Namespace) -> int:
    """Until Ctrl-C or SIGTERM; `Bot.run` says what it could not do."""
    where = named_place(options.where)
    if bool(where) == bool(options.room):
        raise BadSetting("where does it serve? give an invite link, or --room NAME for a public room")
    bot = load_bot(options.bot, folder=Path.cwd())
    account = choose_account(options, where, usual_name=bot.name)
    bot.name = account.name
    bot.run(
        where or account.server,
        room=options.room,
        token=account.token,
        data_dir=account.data_dir,
        passphrase=account.passphrase,
        keyring=account.keyring,
    )
    return 0


def load_bot(place: str, *, folder: Path) -> Bot:
    """The object of "module:name", found from this folder as a script there would be. Raises BadSetting.

    What the module itself raises passes through: it is for whoever writes it, and they want to see where.
    """
    name, _, attribute = place.partition(":")
    if str(folder) not in sys.path:
        sys.path.insert(0, str(folder))
    try:
        module = importlib.import_module(name.removesuffix(".py"))
    except ModuleNotFoundError as error:
        if error.name is None or not name.removesuffix(".py").startswith(error.name):
            raise
        raise BadSetting(
            f"there is no module {name} in {folder} or among what is installed: name its folder first"
        ) from None
    found = getattr(module, attribute or "bot", None)
    if not isinstance(found, Bot):
        bots = ", ".join(key for key, value in vars(module).items() if isinstance(value, Bot))
        raise BadSetting(
            f"{name} has no bot called {attribute or 'bot'}"
            + (f": it has {bots}" if bots else ": write bot = peer.Bot(...)")
        )
    return found
