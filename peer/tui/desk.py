"""All that somebody has before them: one peer, the rooms it is in, and which of them is looked at. Knows no screen."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from ..conversation_list import Conversation
from ..errors import FellBehind, UsageError
from ..events import RoomState
from ..ids import MemberId, RoomId
from ..peer import Peer
from ..peer_events import DirectOpened, Invited, PeerEvent
from ..room import Room
from ..shown import marked
from .bars import RoomRow
from .plain import plain_name
from .room_view import RoomView

__all__ = ["Desk"]

_MAX_INVITES = 20
"""That wait to be accepted, the last ones."""


class Desk:
    """The rooms in the order in which they were entered; Alt+digit counts them from one."""

    def __init__(self, me: Peer, *, now: Callable[[], datetime]) -> None:
        self.me = me
        self.on_change: Callable[[], None] = lambda: None
        """Called often, must be cheap: so the screen learns that it is stale."""
        self.on_highlight: Callable[[RoomView], None] = lambda _: None
        """Somebody named us, or wrote to us alone."""
        self.views: list[RoomView] = []
        self.kept: list[Conversation] = []
        """Rooms that we were in before and are not in now, as the list shows them after those that we are in."""
        self.ignored: dict[MemberId, str] = {}
        """Whom we do not want to hear, for as long as this runs, with the name they had."""
        self._ignored_ids: set[MemberId] = set()
        self._invites: list[str] = []
        self._now = now
        self._current = 0
        self._last = 0

    @property
    def view(self) -> RoomView | None:
        """The room that is looked at; None where there is none."""
        return self.views[self._current] if self.views else None

    def rows(self) -> list[RoomRow]:
        entered = [view.row(at + 1, is_current=at == self._current) for at, view in enumerate(self.views)]
        return entered + [_kept_row(each, number) for number, each in enumerate(self.kept, len(entered) + 1)]

    def _change(self) -> None:
        self.on_change()

    def _highlight(self, view: RoomView) -> None:
        self.on_highlight(view)

    # ---- coming and going

    async def join(self, where: str) -> RoomView:
        """Enter by invite link, by the title of a kept room, or a public one by name. Raises as `join_room`."""
        titled = [each for each in await self.me.conversations() if each.title.casefold() == where.casefold()]
        if len(titled) == 1:
            return await self.enter(titled[0].room_id)
        return await self.open(await self.me.join_room(where))

    async def enter(self, room_id: RoomId) -> RoomView:
        """Enter a kept room once more; it needs no link. Raises what `Peer.enter` raises."""
        return await self.open(await self.me.enter(room_id))

    async def create(self, title: str, *, public: bool = False, approve: bool = False) -> RoomView:
        """Raises what `Peer.create_room` raises."""
        view = await self.open(await self.me.create_room(title, public=public, approve=approve))
        if public:
            view.tell(f"{view.name} is open to everybody on this server")
        else:
            view.tell(f"{view.name} is open; /invite shows the link that lets others in")
        return view

    async def open(self, room: Room) -> RoomView:
        """Look at a room that was entered."""
        view = await self.put(room)
        self.go(self.views.index(view))
        return view

    async def put(self, room: Room) -> RoomView:
        """Have a room on the desk, without looking at it; one that is there already is not put there twice."""
        view = next((view for view in self.views if view.room is room), None)
        if view is None:
            view = RoomView(
                room,
                ignored=self._ignored_ids,
                now=self._now,
                on_change=self._change,
                on_highlight=self._highlight,
            )
            await view.begin()
            self.views = [each for each in self.views if not _is_former(each.room, room)] + [view]
            if room.state is RoomState.LOBBY:
                view.tell("you wait to be let in: an admin of the room has to be here and say yes")
            await self._list_kept()
            self.on_change()
        return view

    async def follow(self) -> None:
        """What comes from outside our rooms: somebody opens a direct one, or invites us. Runs until it is cancelled."""
        events = self.me.events()
        while True:
            try:
                async for event in events:
                    await self._hear(event)
                return
            except FellBehind:  # of no weight here: rooms tell of their messages themselves
                continue

    async def _hear(self, event: PeerEvent) -> None:
        match event:
            case DirectOpened(room):
                await self.put(room)
            case Invited(title, by, invite):
                self._invites = [*self._invites, invite][-_MAX_INVITES:]
                if self.view is not None:
                    self.view.tell(f"{marked(by)} invites you to {plain_name(title)}: /accept enters it", "warning")

    async def accept(self) -> RoomView:
        """Enter the room that we were invited to last. Raises UsageError where there is none, and as `join_room`."""
        if not self._invites:
            raise UsageError("nobody has invited you since this started")
        view = await self.open(await self.me.join_room(self._invites[-1]))
        self._invites.pop()
        return view

    async def part(self, view: RoomView) -> None:
        """Leave; the others are told."""
        await view.room.leave()
        at = self.views.index(view)
        self.views.remove(view)
        await self._list_kept()
        self._current = max(0, min(self._current - (at < self._current), len(self.views) - 1))
        if not self.go(self._current):
            self.on_change()

    async def _list_kept(self) -> None:
        here = {view.room.room_id for view in self.views}
        self.kept = [each for each in await self.me.conversations() if each.room_id not in here]

    # ---- looking around

    async def visit(self, at: int) -> bool:
        """Look at the room of this index in `rows`, and enter it first where it is only kept; False without one."""
        if at < len(self.views):
            return self.go(at)
        if at - len(self.views) >= len(self.kept):
            return False
        await self.enter(self.kept[at - len(self.views)].room_id)
        return True

    def go(self, at: int) -> bool:
        """Look at the room of this index; False where there is none."""
        if not 0 <= at < len(self.views):
            return False
        if (before := self.view) is not None and at != self._current:
            self._last = self._current
            before.look_away()
        self._current = at
        self.views[at].look_at()
        self.on_change()
        return True

    def step(self, by: int) -> None:
        """The next room, or the one before, around the ends."""
        if self.views:
            self.go((self._current + by) % len(self.views))

    def go_to_news(self) -> None:
        """Where most happened; back to where we came from where nothing did."""
        busiest = max(range(len(self.views)), key=lambda at: self.views[at].activity, default=0)
        self.go(busiest if self.views and self.views[busiest].activity else self._last)

    def find(self, text: str) -> int | None:
        """The index in `rows` of a room by number, or by the beginning of its name."""
        rows = self.rows()
        if text.isdecimal():
            return int(text) - 1 if 0 < int(text) <= len(rows) else None
        wanted = text.casefold()
        return next((at for at, row in enumerate(rows) if row.name.casefold().startswith(wanted)), None)

    # ---- whom we do not hear

    def ignore(self, member_id: MemberId, name: str) -> None:
        """What they said is not shown, here and in every room."""
        self.ignored[member_id] = name
        self._ignored_ids.add(member_id)
        for view in self.views:
            for message in view.transcript.messages():
                if message.sender.id == member_id:
                    view.transcript.drop(message.id)
            view.typists.pop(member_id, None)

    def unignore(self, member_id: MemberId) -> None:
        self.ignored.pop(member_id, None)
        self._ignored_ids.discard(member_id)


def _kept_row(kept: Conversation, number: int) -> RoomRow:
    return RoomRow(number=number, name=plain_name(kept.title), unread=kept.unread, is_entered=False)


def _is_former(kept: Room, entered: Room) -> bool:
    """We were in that room before, and left it."""
    return kept.room_id == entered.room_id and kept.state is RoomState.LEFT
