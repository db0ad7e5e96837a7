"""The program around the chat: opens the peer, shows the start screen until there is a room, and ends in good order."""

from __future__ import annotations

import logging
from collections.abc import Coroutine
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any, ClassVar

from textual.app import App
from textual.binding import Binding, BindingType

from ..errors import PeerError
from ..invite import looks_like_invite
from ..member import Member
from ..peer import server_of
from .chat_screen import ChatScreen
from .desk import Desk
from .dialogs import CodeDialog, HelpDialog, InviteDialog
from .layout import CSS
from .session import Session
from .start import Start
from .start_screen import StartScreen, Wish

__all__ = ["ChatApp"]

_log = logging.getLogger("peer")
_THEMES = {"dark": "textual-dark", "light": "textual-light"}


class ChatApp(App[None]):
    """One window on one peer. It is the `order.Screen` of all commands."""

    CSS = CSS
    TITLE = "Speaktube"
    ENABLE_COMMAND_PALETTE = False
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("f1", "show_help", "Help"),
        Binding("f4", "toggle_ground", "Theme"),
        Binding("ctrl+q", "end", "Quit", priority=True),
        Binding("ctrl+c", "end", show=False, priority=True),
    ]

    def __init__(self, session: Session, start: Start, *, theme: str = "") -> None:
        super().__init__()
        self.fault: Exception | None = None
        """Why it ended, where that was a defect of ours."""
        self._session = session
        self._start = start
        self._wish = Wish(
            server=start.server, name=start.name, room=start.create or start.room, is_new=bool(start.create)
        )
        """What is asked for, or was the last time."""
        self._first_theme = theme
        self._chat: ChatScreen | None = None

    # ---- beginning and end

    def on_mount(self) -> None:
        if self._first_theme:
            self.set_theme(self._first_theme)
        if self._wish.name and self._wish.room:
            self.do(self._begin(self._wish))
        else:
            self._ask(self._wish)

    def _ask(self, wish: Wish, trouble: str = "") -> None:
        """Show the start screen, with what is known already."""
        if isinstance(self.screen, StartScreen):
            self.screen.say(trouble)
        else:
            self.push_screen(StartScreen(wish, trouble))

    def on_start_screen_opened(self) -> None:
        if self._wish.name:
            self.do(self._offer_kept())

    async def _offer_kept(self) -> None:
        """What is kept needs no server to be listed."""
        me = await self._session.peer(self._wish.server, self._wish.name)
        kept = await me.conversations()
        if isinstance(self.screen, StartScreen):
            self.screen.offer(kept)

    def on_start_screen_wished(self, event: StartScreen.Wished) -> None:
        self.do(self._begin(event.wish))

    async def _begin(self, wish: Wish) -> None:
        """Open the peer and the first room; on the start screen stands why that did not work."""
        self._wish = wish
        if isinstance(self.screen, StartScreen):
            self.screen.say("entering ...")
        try:
            chat = await self._enter(wish)
        except PeerError as error:
            self._ask(wish, str(error))
            return
        if isinstance(self.screen, StartScreen):
            self.pop_screen()
        if self._chat is not chat:
            self._chat = chat
            self.push_screen(chat)

    async def _enter(self, wish: Wish) -> ChatScreen:
        has_link = looks_like_invite(wish.room) and not wish.is_new and wish.kept is None
        me = await self._session.peer(server_of(wish.room) if has_link else wish.server, wish.name)
        chat = self._chat if self._chat is not None and self._chat.desk.me is me else self._new_chat(Desk(me, now=_now))
        if wish.kept is not None:
            await chat.desk.enter(wish.kept)
        elif wish.is_new:
            await chat.desk.create(wish.room, public=self._start.is_public, approve=self._start.needs_approval)
        else:
            await chat.desk.join(wish.room)
        return chat

    def _new_chat(self, desk: Desk) -> ChatScreen:
        chat = ChatScreen(desk, do=self.do, commands=self)
        desk.on_change, desk.on_highlight = chat.on_change, chat.on_highlight
        self.do(desk.follow())
        return chat

    def do(self, work: Coroutine[Any, Any, None]) -> None:
        """Beside the screen, which never waits."""
        self.run_worker(self._guard(work), exit_on_error=False)

    async def _guard(self, work: Coroutine[Any, Any, None]) -> None:
        """What a room refuses is told there; so is a defect of ours, which ends nothing."""
        try:
            await work
        except PeerError as error:
            self._complain(str(error))
        except Exception as error:
            _log.exception("! a command failed")
            self._complain(f"that failed by a fault of this program ({type(error).__name__}): please report it")

    def _complain(self, text: str) -> None:
        view = self._chat.desk.view if self._chat is not None else None
        if view is not None:
            view.tell(text, "warning")
        elif isinstance(self.screen, StartScreen):
            self.screen.say(text)

    def on_chat_screen_emptied(self) -> None:
        """The last room was left."""
        self._ask(replace(self._wish, room=""), "you are in no room")

    def end(self) -> None:
        """The rooms are left once the screen is gone."""
        self.exit()

    def action_end(self) -> None:
        self.end()

    def _fatal_error(self) -> None:
        """A sentence is shown instead of textual's traceback, which holds what people said and the keys they use."""
        self.fault = self._exception
        self._close_messages_no_wait()

    # ---- what only the screen can do

    def show_help(self) -> None:
        self.push_screen(HelpDialog())

    def action_show_help(self) -> None:
        self.show_help()

    def show_invite(self, link: str, note: str) -> None:
        self.push_screen(InviteDialog(link, note))

    def show_code(self, member: Member, number: str, code: str) -> None:
        self.push_screen(CodeDialog(member, number, code))

    def set_theme(self, name: str) -> str:
        wanted = _THEMES.get(name, name)
        if wanted not in self.available_themes:
            return f"themes: {', '.join([*_THEMES, *sorted(self.available_themes)])}"
        self.theme = wanted
        return f"the theme is {name}"

    def action_toggle_ground(self) -> None:
        self.set_theme("light" if self.current_theme.dark else "dark")


def _now() -> datetime:
    return datetime.now(UTC)
