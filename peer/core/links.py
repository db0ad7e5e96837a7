"""The links of one room: what comes over them, who is let out of the lobby, what to do when one ends.

How a link comes about is the matter of `attempts`. A new link to a peer takes the place of the old one only when its
handshake is done, proves the same identity, and has left the lobby. A link outlives what the server says of its peer.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import TypeAlias, assert_never

from ..config import Config
from ..ids import MemberId, PeerId
from ..ports import Channel, Fingerprints, PeerInfo, PeerJoinedRoom, PeerLeftRoom, Roster, Signal
from ..wire.frames import ControlFrame, FloodNotice, Frame, Goodbye, Introduction, StreamFrame
from .attempts import Attempts
from .channel import Credentials, PeerChannel
from .connection import Happening, explain
from .contact import Contact, Ending, Linked, Parted, Received, Report, Said, Streamed, Unlinked
from .entry import Cut, Greet, Order, Tell
from .lobby import Lobby
from .machine import LinkId, Output, earliest
from .membership import Membership

__all__ = ["Links", "ServerWord"]

_NAP_S = 1.0
"""A process that is only busy keeps its timers better than this."""

ServerWord: TypeAlias = Signal | Roster | PeerJoinedRoom | PeerLeftRoom
"""Events of our seat that concern links."""


@dataclass(slots=True)
class Links:
    """All links of one room; see `machine` for the verbs."""

    our_id: PeerId
    credentials: Credentials
    introduce: Callable[[], Introduction]
    membership: Membership
    lobby: Lobby
    config: Config
    attempts: Attempts = field(init=False)
    _deadline: float | None = None

    def __post_init__(self) -> None:
        self.attempts = Attempts(
            self.our_id, self.credentials, self.introduce, self.membership, self.config, self.lobby.leave
        )

    def outputs(self) -> list[Output | Report]:
        taken, self.attempts.outputs = self.attempts.outputs, []
        return taken

    # ---- who is there

    def join(self, peers: Iterable[PeerInfo], *, now: float) -> None:
        """We are the newcomer: offer to everybody."""
        self.attempts.join(peers, now=now)

    def receive_signaling(self, event: ServerWord, *, now: float) -> None:
        """What the server says of who is there, or passes on."""
        self._notice_nap(now=now)
        match event:
            case Signal():
                self.attempts.receive_signal(event, now=now)
            case Roster(peers=peers):
                self.attempts.receive_roster(peers, now=now)
            case PeerJoinedRoom(peer=info):
                self.attempts.peer_joined(info.peer_id, now=now)
            case PeerLeftRoom(peer_id=peer):
                self.attempts.peer_left(peer, now=now)
            case _:  # pragma: no cover - the type checker proves that none is left
                assert_never(event)

    # ---- links

    def offer_created(self, link: LinkId, sdp: str) -> None:
        self.attempts.offer_created(link, sdp)

    def answer_created(self, link: LinkId, sdp: str, fingerprints: Fingerprints, *, now: float) -> None:
        if found := self.attempts.find(link):
            contact, channel = found
            self.attempts.answer_created(contact, link, sdp)
            channel.path_described(fingerprints, now=now)
            self._settle(contact, channel, None, now=now)

    def answer_accepted(self, link: LinkId, fingerprints: Fingerprints, *, now: float) -> None:
        if found := self.attempts.find(link):
            contact, channel = found
            channel.path_described(fingerprints, now=now)
            self._settle(contact, channel, None, now=now)

    def link_to(self, member: MemberId) -> LinkId | None:
        """The open link to a member, if there is one."""
        for contact in self.attempts.contacts:
            if contact.current is not None and contact.identity == member:
                return contact.current.link
        return None

    def links_to(self, member: MemberId) -> list[LinkId]:
        """The open links to all processes of a member."""
        contacts = (contact for contact in self.attempts.contacts if contact.identity == member)
        return [contact.current.link for contact in contacts if contact.current is not None]

    def link_opened(self, link: LinkId, *, now: float) -> None:
        if found := self.attempts.find(link):
            contact, channel = found
            channel.path_opened(now=now)
            self._settle(contact, channel, None, now=now)

    def receive(self, link: LinkId, lane: Channel, data: bytes, *, now: float) -> None:
        """Bytes of one data channel."""
        self._notice_nap(now=now)
        if found := self.attempts.find(link):
            contact, channel = found
            frame = channel.receive(lane, data, now=now)
            if channel.is_flooding:
                self._dismiss(contact, channel, now=now)
                return
            self._settle(contact, channel, frame, now=now)
            for frame in channel.take_early():
                self._settle(contact, channel, frame, now=now)

    def link_closed(self, link: LinkId, *, now: float) -> None:
        """The path ended, or could not be made."""
        self._notice_nap(now=now)
        if found := self.attempts.find(link):
            contact, channel = found
            channel.close("broken" if channel is contact.current else "failed")
            self._settle(contact, channel, None, now=now)

    def probe(self, *, now: float) -> None:
        """Our network changed, or we were asleep: find out soon which links live, and try again those that do not."""
        for contact in self.attempts.contacts:
            for channel in contact.channels():
                channel.probe(now=now)
                self._settle(contact, channel, None, now=now)
        self.attempts.start_over(now=now)

    def _notice_nap(self, *, now: float) -> None:
        """If the timer comes this late, it is us who were away, and nobody else is to blame for the silence.

        Joining many at once makes a small machine late, so attempts go on, unless the others have given us up by now.
        """
        late_s = 0.0 if self._deadline is None else now - self._deadline
        if late_s <= _NAP_S:
            return
        for contact in self.attempts.contacts:
            for channel in contact.channels():
                channel.forgive(now=now)
        if late_s > self.config.lost_after_s:
            self.attempts.start_over(now=now)
        else:
            self.attempts.hurry(now=now)

    def send(self, frame: Frame, *, now: float, to: PeerId | None = None) -> int:
        """To everybody who is linked, or to one of them; how many that was."""
        sent = 0
        for contact in self.attempts.contacts:
            if contact.current is not None and to in (None, contact.peer):
                contact.current.send(frame, now=now)
                sent += 1
                self._settle(contact, contact.current, None, now=now)
        return sent

    def is_open(self, link: LinkId) -> bool:
        """Whether frames can be sent on it."""
        contact = self.attempts.contacts.get(link.peer)
        return contact is not None and contact.current is not None and contact.current.link == link

    def send_on(self, link: LinkId, frame: Frame, *, now: float) -> None:
        """To the other end of one link, if it is open."""
        if self.is_open(link):
            self.send(frame, now=now, to=link.peer)

    def dismiss(self, link: LinkId, *, now: float) -> None:
        """It flooded us."""
        if found := self.attempts.find(link):
            self._dismiss(*found, now=now)

    def _dismiss(self, contact: Contact, channel: PeerChannel, *, now: float) -> None:
        """No other link for a while; they are told why, since it may be an honest mistake."""
        assert channel.remote is not None, "flooded by nobody"
        pause_s = self.attempts.floods.punish(channel.remote, now=now)
        channel.dismiss(pause_s=pause_s, now=now)
        self._part(contact, channel, "flooded", pause_s=pause_s, now=now)

    def _part(self, contact: Contact, channel: PeerChannel, reason: Ending, *, pause_s: float, now: float) -> None:
        """Both sides know not to try again before that."""
        self._end(contact, channel, reason=reason, now=now)
        if contact.retry_at is not None:
            contact.retry_at += pause_s
        self.obey(now=now)

    def cut(self, link: LinkId, reason: str, *, now: float) -> None:
        """End a link, without a word."""
        if found := self.attempts.find(link):
            contact, channel = found
            channel.close(reason)
            self._settle(contact, channel, None, now=now)

    def leave(self, *, now: float) -> None:
        """Say goodbye to everybody and forget them."""
        for contact in self.attempts.contacts:
            for channel in contact.channels():
                channel.say_goodbye(now=now)
                self.lobby.leave(channel.link)
                self.attempts.outputs += channel.outputs()
            self.attempts.note(contact, Happening.END, explain("ours"))
        self.attempts.contacts.clear()
        self.attempts.is_deadline_stale = True

    def _settle(self, contact: Contact, channel: PeerChannel, frame: Frame | None, *, now: float) -> None:
        """After each input of a channel: take its outputs, act on its frame, see whether it ended."""
        self.attempts.outputs += channel.outputs()
        self._maybe_enter_lobby(channel, now=now)
        if isinstance(frame, Introduction):
            self._promote(contact, channel, frame)
        elif isinstance(frame, Goodbye):
            contact.present = False
            channel.close("left")
        elif isinstance(frame, FloodNotice):
            channel.close("cut")
            self._part(contact, channel, "cut", pause_s=frame.pause_s, now=now)
            return
        elif isinstance(frame, ControlFrame):
            self.attempts.is_deadline_stale = True
            self.lobby.receive(channel.link, frame, now=now)
        elif isinstance(frame, StreamFrame) and channel.remote is not None:
            self.attempts.outputs.append(Streamed(channel.link, channel.remote, frame))
        elif isinstance(frame, Said) and channel.remote is not None:
            self.attempts.outputs.append(Received(contact.peer, channel.remote, frame))
        if channel.is_closed:
            self._end(contact, channel, reason="left" if isinstance(frame, Goodbye) else "lost", now=now)
        elif channel is contact.current:
            self._note_silence(contact, channel)
        self.obey(now=now)

    def _note_silence(self, contact: Contact, channel: PeerChannel) -> None:
        if channel.is_suspect and contact.connection.state == "linked":
            self.attempts.note(contact, Happening.SILENCE, explain("silent"))
        elif contact.connection.state == "suspect" and not channel.is_suspect:
            self.attempts.note(contact, Happening.SIGN)

    def _maybe_enter_lobby(self, channel: PeerChannel, *, now: float) -> None:
        if channel.is_in_lobby and channel.remote is not None and not self.lobby.knows(channel.link):
            self.lobby.enter(channel.link, channel.remote, now=now)

    def obey(self, *, now: float) -> None:
        """Do with the links what the lobby says."""
        while orders := self.lobby.orders():
            self.attempts.is_deadline_stale = True
            for order in orders:
                self._carry_out(order, now=now)

    def _carry_out(self, order: Order, *, now: float) -> None:
        if (found := self.attempts.find(order.link)) is None:
            return
        contact, channel = found
        match order:
            case Tell(frame=frame):
                channel.send(frame, now=now)
            case Greet():
                channel.greet(now=now)
            case Cut(is_flood=True):
                self._dismiss(contact, channel, now=now)
                return
            case Cut(reason=reason):
                channel.close(reason)
            case _:  # pragma: no cover - the type checker proves that none is left
                assert_never(order)
        self.attempts.outputs += channel.outputs()
        if channel.is_closed:
            is_removed = isinstance(order, Cut) and order.is_removal
            self._end(contact, channel, reason="removed" if is_removed else "lost", now=now)

    def _promote(self, contact: Contact, channel: PeerChannel, introduction: Introduction) -> None:
        """The attempt became the link."""
        assert channel.remote is not None, "introduced without a face"
        assert channel.told is not None, "introduced before we were"
        contact.negotiation.end()
        self.attempts.is_deadline_stale = True
        contact.identity = channel.remote
        contact.attempt, contact.tries, contact.retry_at, contact.lost_at = None, 0, None, None
        self.attempts.retire(contact.current)
        contact.current = channel
        contact.signalled.clear()
        self.attempts.outputs.append(Linked(contact.peer, channel.remote, introduction, channel.told))
        self.attempts.note(contact, Happening.OPEN)

    def _end(self, contact: Contact, channel: PeerChannel, *, reason: Ending, now: float) -> None:
        if channel is contact.attempt:
            self.attempts.end(contact, channel, reason=explain(channel.ended_by), now=now)
            return
        assert contact.identity is not None, "linked to nobody"
        self.attempts.is_deadline_stale = True
        self.attempts.outputs += channel.outputs()
        self.lobby.leave(channel.link)
        contact.current = None
        contact.was_tried = True
        self.attempts.outputs.append(Parted(contact.peer, contact.identity, reason))
        if channel.ended_by == "broken" and contact.present and now < channel.lost_at:
            contact.lost_at = channel.lost_at
            self.attempts.note(contact, Happening.BREAK, explain("broken"))
        else:
            self._lose(contact, reason, explain(reason if reason != "lost" else channel.ended_by))
        self.attempts.plan_retry(contact, offers_first=self.our_id < contact.peer, now=now)
        self.attempts.maybe_forget(contact)

    def _lose(self, contact: Contact, reason: Ending, sentence: str) -> None:
        """No link to this peer is left, nor will there be one in time."""
        contact.lost_at = None
        is_over = reason in ("left", "removed")
        self.attempts.note(contact, Happening.END if is_over else Happening.LOSE, sentence)
        self._report_unlinked(contact, reason)
        if not is_over and contact.attempt is not None:
            self.attempts.note(contact, Happening.TRY)

    def _report_unlinked(self, contact: Contact, reason: Ending) -> None:
        others = (other.identity for other in self.attempts.contacts if other.is_here)
        if contact.identity is not None and contact.identity not in others:
            self.attempts.outputs.append(Unlinked(contact.identity, reason))

    # ---- time

    def next_deadline(self) -> float | None:
        """Never later than the true one: traffic only puts deadlines off, so it is not worked out for each frame."""
        if self.attempts.is_deadline_stale:
            links = earliest(*(contact.next_deadline() for contact in self.attempts.contacts))
            self._deadline = earliest(links, self.lobby.next_deadline())
            self.attempts.is_deadline_stale = False
        return self._deadline

    def handle_timeout(self, *, now: float) -> None:
        self._notice_nap(now=now)
        self.attempts.is_deadline_stale = True
        self.lobby.handle_timeout(now=now)
        self.obey(now=now)
        for contact in self.attempts.contacts:
            for channel in contact.channels():
                channel.handle_timeout(now=now)
                self._settle(contact, channel, None, now=now)
            if contact.lost_at is not None and now >= contact.lost_at:
                self._lose(contact, "lost", explain("broken"))
                self.attempts.maybe_forget(contact)
            self.attempts.handle_timeout(contact, now=now)
        self.attempts.offer_to_those_who_wait(now=now)
