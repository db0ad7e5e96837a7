"""The links of one room: whom we know of, who offers, which attempt is under way, what to do when one ends.

Signals come in sealed and go out sealed; whatever cannot be opened is dropped without a trace, so a server that makes
things up grows nothing here. A new link to a peer takes the place of the old one only when its handshake is done,
proves the same identity, and has left the lobby. A link outlives what the server says about its peer.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from ..config import Config
from ..crypto.handshake import Role
from ..ids import MemberId, PeerId
from ..ports import Channel, Fingerprints, PeerInfo, Signal, SignalKind
from ..wire.frames import ControlFrame, Frame, Goodbye, Introduction
from ..wire.signals import ATTEMPT_BYTES, Description
from .channel import Credentials, Door, PeerChannel
from .contact import Contact, Ending, Forgotten, Linked, Received, Report, Said, Unlinked
from .contacts import Contacts
from .envelopes import Envelopes
from .lobby import Cut, Greet, Lobby, Order, Tell
from .machine import (
    AcceptAnswer,
    AcceptOffer,
    AddCandidate,
    CreateOffer,
    LinkId,
    Output,
    SendSignal,
    earliest,
)
from .membership import Membership
from .negotiation import Verdict

__all__ = ["Links"]


@dataclass(slots=True)
class Links:
    """All links of one room; see `machine` for the verbs."""

    our_id: PeerId
    credentials: Credentials
    introduce: Callable[[], Introduction]
    membership: Membership
    lobby: Lobby
    config: Config
    _contacts: Contacts = field(init=False)
    _envelopes: Envelopes = field(init=False)
    _outputs: list[Output | Report] = field(default_factory=list)
    _deadline: float | None = None
    _is_deadline_stale: bool = True

    def __post_init__(self) -> None:
        self._contacts = Contacts(our_id=self.our_id, limit=self.config.max_peers)
        self._envelopes = Envelopes(self.our_id, self.credentials)

    def outputs(self) -> list[Output | Report]:
        taken, self._outputs = self._outputs, []
        return taken

    # ---- who is there

    def join(self, peers: Iterable[PeerInfo], *, now: float) -> None:
        """We are the newcomer: offer to everybody."""
        for info in peers:
            contact = self._named(info.peer_id)
            if contact is not None and not contact.is_connected:  # a server may name a peer twice
                self._offer(contact, now=now)

    def receive_roster(self, peers: Iterable[PeerInfo], *, now: float) -> None:
        """The server is (back) there; meet whom we missed, forget who went."""
        present = {info.peer_id for info in peers}
        for peer in sorted(self._contacts.peers() - present):
            self.peer_left(peer, now=now)
        for peer in sorted(present):
            self.peer_joined(peer, now=now, offers=peer < self.our_id)

    def peer_joined(self, peer: PeerId, *, now: float, offers: bool = True) -> None:
        """A peer is present. `offers`: it is the one who offers; we do so ourselves only if it never does."""
        contact = self._named(peer)
        if contact is None:
            return
        contact.present = True
        self._is_deadline_stale = True
        contact.tries = 0
        if not contact.is_connected:
            contact.retry_at = earliest(contact.retry_at, now + (self.config.link_timeout_s if offers else 0.0))

    def peer_left(self, peer: PeerId, *, now: float) -> None:
        """The server says so; a link whose other end is proven knows better."""
        self._contacts.unname(peer)
        if contact := self._contacts.get(peer):
            contact.present = False
            if contact.attempt is not None and not contact.attempt.is_proven:
                contact.attempt.close("gone")
                self._settle(contact, contact.attempt, None, now=now)
            self._maybe_forget(contact)

    def waiting(self) -> list[PeerId]:
        """Peers who are present and not linked yet, but for those whom an admin has yet to let in."""
        return [contact.peer for contact in self._contacts if self._is_waiting(contact)]

    def arriving(self) -> list[PeerId]:
        """Those of them whose first attempt is to come or under way; ghosts are not counted on after it."""
        waiting = (contact for contact in self._contacts if self._is_waiting(contact))
        return [contact.peer for contact in waiting if not contact.may_be_ghost]

    @property
    def is_meeting(self) -> bool:
        """Somebody is present whose first handshake is to come or under way."""
        return any(contact.is_about_to_be_met for contact in self._contacts)

    def peers_of(self, member: MemberId) -> list[PeerId]:
        """Where a member, or whoever wants to be one, is reached."""
        return [contact.peer for contact in self._contacts if member in {each.remote for each in contact.channels()}]

    def _is_waiting(self, contact: Contact) -> bool:
        met = contact.attempt.remote if contact.attempt is not None else contact.identity
        is_in_lobby = met is not None and self.membership.is_waiting(met)
        return contact.present and contact.current is None and not is_in_lobby

    # ---- signals

    def receive_signal(self, signal: Signal, *, now: float) -> None:
        """An envelope of another peer, or of a server that pretends to have one."""
        description = self._envelopes.maybe_open(signal)
        if description is None:
            return
        find = self._signalled if signal.kind == "offer" else self._contacts.get
        if contact := find(signal.remote):
            contact.has_signalled = True
            self._receive_description(contact, signal.kind, description, now=now)

    def _receive_description(self, contact: Contact, kind: SignalKind, description: Description, *, now: float) -> None:
        link = LinkId(contact.peer, description.attempt)
        match kind:
            case "offer":
                self._receive_offer(contact, link, description.text, now=now)
            case "answer":
                if contact.negotiation.receive_answer(link.attempt):
                    self._outputs.append(AcceptAnswer(link, description.text))
            case "candidate":
                if contact.attempt is not None and contact.attempt.link == link:
                    self._outputs.append(AddCandidate(link, description.text))
            case _:  # bye
                if contact.attempt is not None and contact.attempt.link == link:
                    contact.attempt.close("refused")
                    self._settle(contact, contact.attempt, None, now=now)

    def _receive_offer(self, contact: Contact, link: LinkId, sdp: str, *, now: float) -> None:
        if contact.current is not None and contact.current.link == link:
            return  # a replay of the offer that this link came from
        contact.present = True
        if now < contact.heard_offer_at + self.config.min_offer_interval_s:
            return  # each answer costs sockets
        verdict = contact.negotiation.receive_offer(link.attempt)
        if verdict is Verdict.IGNORE:
            return
        contact.heard_offer_at = now
        self._retire(contact.attempt)
        self._begin(contact, link, Role.RESPONDER, now=now)
        self._outputs.append(AcceptOffer(link, sdp))

    def _offer(self, contact: Contact, *, now: float) -> None:
        link = LinkId(contact.peer, self.credentials.random_bytes(ATTEMPT_BYTES))
        contact.negotiation.start(link.attempt)
        contact.tries += 1
        self._begin(contact, link, Role.INITIATOR, now=now)
        self._outputs.append(CreateOffer(link))

    def _begin(self, contact: Contact, link: LinkId, role: Role, *, now: float) -> None:
        contact.retry_at = None
        self._is_deadline_stale = True
        contact.attempt = PeerChannel(
            link,
            role=role,
            credentials=self.credentials,
            door=Door(
                authorise=lambda member: contact.identity in (None, member) and self.membership.may_knock(member),
                has_lobby=not self.membership.is_public,
                admits=self.membership.admits,
            ),
            introduce=self.introduce,
            config=self.config,
            now=now,
        )

    # ---- links

    def offer_created(self, link: LinkId, sdp: str) -> None:
        if self._find(link):
            self._outputs.append(SendSignal(self._envelopes.seal("offer", link, sdp)))

    def answer_created(self, link: LinkId, sdp: str, fingerprints: Fingerprints, *, now: float) -> None:
        if found := self._find(link):
            contact, channel = found
            contact.negotiation.answered()
            self._outputs.append(SendSignal(self._envelopes.seal("answer", link, sdp)))
            channel.path_described(fingerprints, now=now)
            self._settle(contact, channel, None, now=now)

    def answer_accepted(self, link: LinkId, fingerprints: Fingerprints, *, now: float) -> None:
        if found := self._find(link):
            contact, channel = found
            channel.path_described(fingerprints, now=now)
            self._settle(contact, channel, None, now=now)

    def link_opened(self, link: LinkId, *, now: float) -> None:
        if found := self._find(link):
            contact, channel = found
            channel.path_opened(now=now)
            self._settle(contact, channel, None, now=now)

    def receive(self, link: LinkId, lane: Channel, data: bytes, *, now: float) -> None:
        """Bytes of one data channel."""
        if found := self._find(link):
            contact, channel = found
            self._settle(contact, channel, channel.receive(lane, data, now=now), now=now)

    def link_closed(self, link: LinkId, *, now: float) -> None:
        """The path ended, or could not be made."""
        if found := self._find(link):
            contact, channel = found
            channel.close("lost")
            self._settle(contact, channel, None, now=now)

    def send(self, frame: Frame, *, now: float, to: PeerId | None = None) -> int:
        """To everybody who is linked, or to one of them; how many that was."""
        sent = 0
        for contact in self._contacts:
            if contact.current is not None and to in (None, contact.peer):
                contact.current.send(frame, now=now)
                sent += 1
                self._settle(contact, contact.current, None, now=now)
        return sent

    def leave(self, *, now: float) -> None:
        """Say goodbye to everybody and forget them."""
        for contact in self._contacts:
            for channel in contact.channels():
                channel.say_goodbye(now=now)
                self.lobby.leave(channel.link)
                self._outputs += channel.outputs()
        self._contacts.clear()
        self._is_deadline_stale = True

    def _settle(self, contact: Contact, channel: PeerChannel, frame: Frame | None, *, now: float) -> None:
        """After each input of a channel: take its outputs, act on its frame, see whether it ended."""
        self._outputs += channel.outputs()
        self._maybe_enter_lobby(channel, now=now)
        if isinstance(frame, Introduction):
            self._promote(contact, channel, frame)
        elif isinstance(frame, Goodbye):
            contact.present = False
            channel.close("left")
        elif isinstance(frame, ControlFrame):
            self._is_deadline_stale = True
            self.lobby.receive(channel.link, frame, now=now)
        elif isinstance(frame, Said) and channel.remote is not None:
            self._outputs.append(Received(channel.remote, frame))
        if channel.is_closed:
            self._end(contact, channel, reason="left" if isinstance(frame, Goodbye) else "lost", now=now)
        self.obey(now=now)

    def _maybe_enter_lobby(self, channel: PeerChannel, *, now: float) -> None:
        if channel.is_in_lobby and channel.remote is not None and not self.lobby.knows(channel.link):
            self.lobby.enter(channel.link, channel.remote, now=now)

    def obey(self, *, now: float) -> None:
        """Do with the links what the lobby says."""
        while orders := self.lobby.orders():
            self._is_deadline_stale = True
            for order in orders:
                self._carry_out(order, now=now)

    def _carry_out(self, order: Order, *, now: float) -> None:
        if (found := self._find(order.link)) is None:
            return
        contact, channel = found
        match order:
            case Tell(frame=frame):
                channel.send(frame, now=now)
            case Greet():
                channel.greet(now=now)
            case Cut(reason=reason):
                channel.close(reason)
        self._outputs += channel.outputs()
        if channel.is_closed:
            is_removed = isinstance(order, Cut) and order.is_removal
            self._end(contact, channel, reason="removed" if is_removed else "lost", now=now)

    def _promote(self, contact: Contact, channel: PeerChannel, introduction: Introduction) -> None:
        """The attempt became the link."""
        assert channel.remote is not None, "introduced without a face"
        assert channel.told is not None, "introduced before we were"
        contact.negotiation.end()
        self._is_deadline_stale = True
        contact.identity = channel.remote
        contact.attempt, contact.tries, contact.retry_at = None, 0, None
        self._retire(contact.current)
        contact.current = channel
        self._outputs.append(Linked(contact.peer, channel.remote, introduction, channel.told))

    def _retire(self, channel: PeerChannel | None, reason: str = "replaced") -> None:
        if channel is not None:
            channel.close(reason)
            self.lobby.leave(channel.link)
            self._outputs += channel.outputs()

    def _end(self, contact: Contact, channel: PeerChannel, *, reason: Ending, now: float) -> None:
        self._is_deadline_stale = True
        self._outputs += channel.outputs()
        self.lobby.leave(channel.link)
        if channel is contact.attempt:
            contact.attempt = None
            contact.negotiation.end()
            self._plan_retry(contact, offers_first=channel.role is Role.INITIATOR, now=now)
        else:
            contact.current = None
            self._report_unlinked(contact, reason)
            self._plan_retry(contact, offers_first=self.our_id < contact.peer, now=now)
        self._maybe_forget(contact)

    def _report_unlinked(self, contact: Contact, reason: Ending) -> None:
        others = (other.identity for other in self._contacts if other.current is not None)
        if contact.identity is not None and contact.identity not in others:
            self._outputs.append(Unlinked(contact.identity, reason))

    def _plan_retry(self, contact: Contact, *, offers_first: bool, now: float) -> None:
        """Back-off with jitter; the other side gets a head start where it is its turn."""
        is_barred = contact.identity is not None and self.membership.is_barred(contact.identity)
        if is_barred or not contact.present or contact.is_connected or contact.tries >= self.config.link_attempts:
            return
        head_start = 0.0 if offers_first else self.config.link_timeout_s
        contact.retry_at = now + head_start + self._retry_pause(contact)

    def _retry_pause(self, contact: Contact) -> float:
        jitter = 0.5 + self.credentials.random_bytes(1)[0] / 512
        return jitter * self.config.retry_base_s * 2.0**contact.tries

    # ---- time

    def next_deadline(self) -> float | None:
        """Never later than the true one: traffic only puts deadlines off, so it is not worked out for each frame."""
        if self._is_deadline_stale:
            links = earliest(*(contact.next_deadline() for contact in self._contacts))
            self._deadline = earliest(links, self.lobby.next_deadline())
            self._is_deadline_stale = False
        return self._deadline

    def handle_timeout(self, *, now: float) -> None:
        self._is_deadline_stale = True
        self.lobby.handle_timeout(now=now)
        self.obey(now=now)
        for contact in self._contacts:
            for channel in contact.channels():
                channel.handle_timeout(now=now)
                self._settle(contact, channel, None, now=now)
            if contact.retry_at is not None and contact.retry_at <= now:
                contact.retry_at = None
                self._offer(contact, now=now)
        while contact_at_last := self._contacts.next_waiting():
            self._bury_displaced()
            self._offer(contact_at_last, now=now)

    # ---- bookkeeping

    def _named(self, peer: PeerId) -> Contact | None:
        contact = self._contacts.name(peer)
        self._bury_displaced()
        return contact

    def _signalled(self, peer: PeerId) -> Contact | None:
        contact = self._contacts.hear(peer)
        self._bury_displaced()
        return contact

    def _bury_displaced(self) -> None:
        for contact in self._contacts.take_displaced():
            self._retire(contact.attempt, "displaced")
            self._outputs.append(Forgotten(contact.peer))

    def _find(self, link: LinkId) -> tuple[Contact, PeerChannel] | None:
        """The channel of a link that we have not given up."""
        contact = self._contacts.get(link.peer)
        for channel in contact.channels() if contact else ():
            if channel.link == link and contact is not None:
                return contact, channel
        return None

    def _maybe_forget(self, contact: Contact) -> None:
        is_gone = not contact.present and not contact.is_connected
        if is_gone and self._contacts.forget(contact.peer):
            self._outputs.append(Forgotten(contact.peer))
