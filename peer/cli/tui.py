"""`tui`: the full screen, as whoever the command line says, or as whoever is typed on its first page."""

from __future__ import annotations

from argparse import Namespace
from collections.abc import Callable
from dataclasses import replace

from ..peer import Peer, server_of
from .account import Account, choose_account
from .place import named_place

__all__ = ["account_for", "opener", "run"]


def run(options: Namespace) -> int:
    """A passphrase is asked for before the screen is taken. Raises BadSetting where textual is missing."""
    from ..tui import Start, run

    where = named_place(options.where)
    account = choose_account(options, where)
    start = Start(
        name=account.name,
        server=account.server,
        room=where or "",
        create=options.create or "",
        is_public=options.public,
        needs_approval=options.approve,
    )
    run(opener(account, options), start, theme=options.theme)
    return 0


def opener(account: Account, options: Namespace) -> Callable[[str, str], Peer]:
    """Makes a peer for a server and a name."""
    return lambda server, name: account_for(server, name, usual=account, options=options).peer()


def account_for(server: str, name: str, *, usual: Account, options: Namespace) -> Account:
    """Another name has a folder of its own, as elsewhere; another server gets no token. Raises BadSetting."""
    named = Namespace(**{**vars(options), "name": name})
    chosen = usual if name in ("", usual.name) else choose_account(named, asks=False)
    address = server_of(server) if server else usual.server
    return replace(chosen, server=address, token=usual.token if address == usual.server else None)
