"""The message plane of a room, between its links and its user: whoever is linked hears and tells, by who is a member.

Composes the history of a room with its links and its control log. What is to be kept goes out before whatever follows
from it; the rules are those of all that the control log says by then.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from ..config import Config
from ..errors import RemoteError
from ..events import Event
from ..ids import MemberId
from ..log.genesis import is_direct
from ..log.record import LogRecord
from ..messages.journal import Journal
from ..messages.profiles import Profiles
from ..messages.rules import PrivateRules, PublicRules, Rules, UnknownRules, WaitingRules
from ..messages.window import Limits
from ..wire.frames import MAX_NAME_CHARS, MessageFrame, ProfileFrame
from .company import Company
from .credentials import Credentials
from .history import History
from .history_outputs import Save, Tell
from .links import Links
from .lobby import Lobby
from .machine import earliest
from .membership import Membership
from .messages import MUTED_ROW, Messages
from .profile_exchange import ProfileExchange
from .roll import RoomRoll

__all__ = ["MessagePlane"]


class MessagePlane:
    """Of one room. `run` after each call, and after all that may have changed who is a member."""

    def __init__(
        self,
        *,
        membership: Membership,
        links: Links,
        lobby: Lobby,
        company: Company,
        credentials: Credentials,
        config: Config,
        wall_ms: Callable[[], int],
        record: LogRecord | None = None,
    ) -> None:
        """Raise MalformedFrame for a record that is not ours."""
        self._membership = membership
        self._links = links
        self._lobby = lobby
        self._ruled_by: object = None
        journal = Journal(
            membership.room_id,
            identity=credentials.identity,
            rules=self._take_rules(),
            random_bytes=credentials.random_bytes,
            now_ms=wall_ms(),
            limits=Limits(max_texts=config.max_kept_messages),
            max_drafts=config.max_pending_messages,
            verify_all=credentials.verify_all,
            record=record,
        )
        self.history = History(journal, config, wall_ms, membership.draw)
        self.messages = Messages(
            self.history, company, credentials.keys.topic, max_text_bytes=config.max_text_bytes, wall_ms=wall_ms
        )
        self.messages.is_muted = record is not None and MUTED_ROW in record.registers
        self.messages.is_direct = lambda: membership.authority is not None and is_direct(membership.authority.genesis)
        self._keep_retention()
        profiles = Profiles(
            identity=credentials.identity,
            room_id=membership.room_id,
            name=company.me.name[:MAX_NAME_CHARS],
            rank_of=lambda key: self.roll.rank_of(key),  # noqa: PLW0108 - the roll is made of the profiles
            limit=config.max_profiles,
            rows=record.registers if record is not None else {},
            now_ms=wall_ms(),
        )
        self.roll = RoomRoll(membership, profiles, journal.holdings)
        self._names = ProfileExchange(profiles, config, wall_ms, membership.draw, membership.is_member)

    # ---- who is there, and what they say

    def link_up(self, member: MemberId, *, now: float) -> None:
        """A link to a member is open."""
        self._renew_rules(now=now)
        self.history.link_up(member, now=now)
        self._names.link_up(member, now=now)

    def link_down(self, member: MemberId) -> None:
        """A link to a member ended; another one may be open."""
        if self._links.link_to(member) is None:
            self.history.link_down(member)
            self._names.link_down(member)

    def hear(self, member: MemberId, frame: MessageFrame | ProfileFrame, *, now: float) -> None:
        """What it said; whoever breaks the rules is cut off without a word."""
        self._renew_rules(now=now)
        try:
            if isinstance(frame, ProfileFrame):
                self._names.receive(member, frame, now=now)
            else:
                self.history.receive(member, frame, now=now)
        except RemoteError as error:
            self._cut(member, type(error).__name__, now=now)

    # ---- time

    def next_deadline(self) -> float | None:
        return earliest(self.history.next_deadline(), self._names.next_deadline())

    def handle_timeout(self, *, now: float) -> None:
        self.history.handle_timeout(now=now)
        self._names.handle_timeout(now=now)

    def _cut(self, member: MemberId, reason: str, *, now: float) -> None:
        for link in self._links.links_to(member):
            self._links.cut(link, reason, now=now)

    def is_owing(self, *, is_anybody_coming: bool) -> bool:
        """Whether somebody who is linked, or just about to be, has yet to get or to confirm something."""
        return self.history.is_owing or (is_anybody_coming and bool(len(self.history.journal.drafts)))

    # ---- what follows

    def run(self, *, now: float) -> list[Save]:
        """Tell whom there is something to tell; what is to be kept before that leaves."""
        self._renew_rules(now=now)
        self.messages.follow()
        saves = self._names.take_saves()
        for order in self.messages.take_orders():
            if isinstance(order, Save):
                saves.append(order)
            elif isinstance(order, Tell):
                self._tell(order.member, order.frame, now=now)
            else:
                self._lobby.compare_with(order.member)
                self._links.obey(now=now)
        for member, frame in self._names.take_told():
            self._tell(member, frame, now=now)
        return saves

    def take_events(self) -> list[Event]:
        return self.messages.take_events()

    def _tell(self, member: MemberId, frame: MessageFrame | ProfileFrame, *, now: float) -> None:
        for link in self._links.links_to(member):
            self._links.send_on(link, frame, now=now)

    # ---- by which rules

    def _renew_rules(self, *, now: float) -> None:
        authority = self._membership.authority
        if authority is not None and authority is not self._ruled_by:
            self.history.rules_changed(self._take_rules(), now=now)
            self._keep_retention()

    def _take_rules(self) -> Rules:
        if self._membership.is_public:
            return PublicRules()
        membership = self._membership
        self._ruled_by = authority = membership.authority
        if authority is None:
            return UnknownRules()
        is_waiting = not membership.are_we_in and not membership.is_barred(membership.me)
        return WaitingRules(authority) if is_waiting else PrivateRules(authority)

    def _keep_retention(self) -> None:
        """A private room's founding says how much its members keep."""
        authority, holdings = self._membership.authority, self.history.journal.holdings
        if authority is not None:
            holdings.limits = replace(holdings.limits, max_texts=authority.genesis.retention)
