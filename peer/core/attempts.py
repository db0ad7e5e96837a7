"""Attempts at links in one room: who is there, who offers, what is retried (docs/protocol.md, Signals).

Signals come in sealed and go out sealed; whatever cannot be opened is dropped without a trace, so a server that makes
things up grows nothing here. Knows a link until its other end is proven; what becomes of it then is told by `links`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from ..config import Config
from ..crypto.handshake import Role
from ..ids import MemberId, PeerId
from ..ports import PeerInfo, Signal, SignalKind
from ..wire.frames import Introduction
from ..wire.signals import ATTEMPT_BYTES, Description
from .channel import Credentials, Door, PeerChannel
from .connection import Happening, explain
from .contact import Changed, Contact, EarlyOffer, Report
from .contacts import Contacts
from .envelopes import Envelopes
from .floods import Floods
from .machine import AcceptAnswer, AcceptOffer, AddCandidate, CreateOffer, LinkId, Output, SendSignal, earliest
from .membership import Membership
from .negotiation import Verdict

__all__ = ["Attempts"]

_HURRY_S = 0.25
"""All are tried within this, so that not everything falls into one moment."""

_TRIES_UNNAMED = 4
"""Of a peer that offered once and that the server does not name: an offer may have been played again."""

_MAX_EARLY_CANDIDATES = 32
"""As many as a link takes (docs/protocol.md, Candidates)."""

_MOST_DOUBLINGS = 30
"""Far beyond any `retry_max_s`; keeps the power finite."""


@dataclass(slots=True)
class Attempts:
    """Of one room. `outputs` and `is_deadline_stale` are for `links`, which takes them."""

    our_id: PeerId
    credentials: Credentials
    introduce: Callable[[], Introduction]
    membership: Membership
    config: Config
    release: Callable[[LinkId], None]
    """Told of each link that is given up for another one."""
    contacts: Contacts = field(init=False)
    floods: Floods = field(init=False)
    outputs: list[Output | Report] = field(default_factory=list)
    is_deadline_stale: bool = True
    _envelopes: Envelopes = field(init=False)
    _is_served: bool = False
    """The server was there before, so that its next roster tells of a new connection."""

    def __post_init__(self) -> None:
        self.contacts = Contacts(our_id=self.our_id, limit=self.config.max_peers)
        self.floods = Floods(self.config)
        self._envelopes = Envelopes(self.our_id, self.credentials)

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
        for peer in sorted(self.contacts.peers() - present):
            self.peer_left(peer, now=now)
        for peer in sorted(present):
            self.peer_joined(peer, now=now, offers=peer < self.our_id)
            if self._is_served:
                self._repeat(peer)  # it went down with the connection, perhaps
        self._is_served = True

    def peer_joined(self, peer: PeerId, *, now: float, offers: bool = True) -> None:
        """A peer is present. `offers`: it is the one who offers; we do so ourselves only if it never does."""
        contact = self._named(peer)
        if contact is None:
            return
        contact.present = True
        self.is_deadline_stale = True
        contact.tries = 0
        if not contact.is_connected:
            contact.retry_at = earliest(contact.retry_at, now + (self.config.offer_turn_s if offers else 0.0))

    def peer_left(self, peer: PeerId, *, now: float) -> None:
        """The server says so; a link whose other end is proven knows better."""
        self.contacts.unname(peer)
        if contact := self.contacts.get(peer):
            contact.present = contact.is_named = False
            contact.lost_at = None if contact.lost_at is None else now  # no other path will be found
            self.is_deadline_stale = True
            self._give_up(contact, "gone", now=now)
            self.maybe_forget(contact)

    def start_over(self, *, now: float) -> None:
        """What is under way told of addresses that may be ours no more, or to somebody who waits no longer."""
        for contact in list(self.contacts):
            self._give_up(contact, "moved", now=now)
        self.hurry(now=now)

    def hurry(self, *, now: float) -> None:
        """Whatever made attempts fail before may be over: try all who are present, soon."""
        for contact in self.contacts:
            is_paused = contact.identity is not None and self.floods.is_paused(contact.identity, now=now)
            if contact.present and not contact.is_connected and not is_paused:
                contact.tries = 0
                contact.retry_at = earliest(contact.retry_at, now + self._chance() * _HURRY_S)
        self.is_deadline_stale = True

    def waiting(self) -> list[PeerId]:
        """Peers who are present and not linked yet, but for those whom an admin has yet to let in."""
        return [contact.peer for contact in self.contacts if self._is_waiting(contact)]

    def arriving(self) -> list[PeerId]:
        """Those of them whose first attempt is to come or under way; ghosts are not counted on after it."""
        waiting = (contact for contact in self.contacts if self._is_waiting(contact))
        return [contact.peer for contact in waiting if not contact.may_be_ghost]

    @property
    def is_meeting(self) -> bool:
        """Somebody is present whose first handshake is to come or under way."""
        return any(contact.is_about_to_be_met for contact in self.contacts)

    @property
    def has_tried_all(self) -> bool:
        """Whoever is present was met, or an attempt at it has failed."""
        return all(contact.was_tried or not contact.is_about_to_be_met for contact in self.contacts)

    def peers_of(self, member: MemberId) -> list[PeerId]:
        """Where a member, or whoever wants to be one, is reached."""
        return [contact.peer for contact in self.contacts if member in {each.remote for each in contact.channels()}]

    def _is_waiting(self, contact: Contact) -> bool:
        met = contact.attempt.remote if contact.attempt is not None else contact.identity
        is_outside = met is not None and (self.membership.is_waiting(met) or self.membership.is_barred(met))
        return contact.present and contact.current is None and not is_outside

    # ---- signals

    def receive_signal(self, signal: Signal, *, now: float) -> None:
        """An envelope of another peer, or of a server that pretends to have one."""
        description = self._envelopes.maybe_open(signal)
        if description is None:
            return
        find = self._signalled if signal.kind == "offer" else self.contacts.get
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
                    self.outputs.append(AcceptAnswer(link, description.text))
                elif self.find(link) is None:
                    self._say_bye(contact, link, now=now)
            case "candidate":
                self._receive_candidate(contact, link, description.text)
            case _:  # bye
                if contact.attempt is not None and contact.attempt.link == link:
                    self._give_up(contact, "refused", now=now)

    def _receive_offer(self, contact: Contact, link: LinkId, sdp: str, *, now: float) -> None:
        if contact.current is not None and contact.current.link == link:
            return  # a replay of the offer that this link came from
        contact.present = True
        if contact.identity is not None and self.floods.is_paused(contact.identity, now=now):
            return
        due_at = contact.heard_offer_at + self.config.min_offer_interval_s
        if now < due_at:  # each answer costs sockets
            contact.early_offer = EarlyOffer(link, sdp, due_at)
            self.is_deadline_stale = True
            return
        contact.early_offer = None
        verdict = contact.negotiation.receive_offer(link.attempt)
        if verdict is Verdict.IGNORE:
            self._repeat_late(contact, now=now)
            return
        contact.heard_offer_at = now
        self.retire(contact.attempt)
        self._begin(contact, link, Role.RESPONDER, now=now)
        self.outputs.append(AcceptOffer(link, sdp))

    def _receive_candidate(self, contact: Contact, link: LinkId, line: str) -> None:
        """Of the attempt under way, or of an offer that waits for its time."""
        early = contact.early_offer
        if contact.attempt is not None and contact.attempt.link == link:
            self.outputs.append(AddCandidate(link, line))
        elif early is not None and early.link == link and len(early.candidates) < _MAX_EARLY_CANDIDATES:
            early.candidates.append(line)

    def _say_bye(self, contact: Contact, link: LinkId, *, now: float) -> None:
        """They answer an offer that we gave up since, and would wait in vain."""
        if now >= contact.said_bye_at + self.config.min_offer_interval_s:
            contact.said_bye_at = now
            self.outputs.append(SendSignal(self._envelopes.seal("bye", link, "")))

    def _offer(self, contact: Contact, *, now: float) -> None:
        link = LinkId(contact.peer, self.credentials.random_bytes(ATTEMPT_BYTES))
        contact.negotiation.start(link.attempt)
        contact.tries += 1
        self._begin(contact, link, Role.INITIATOR, now=now)
        self.outputs.append(CreateOffer(link))

    def _begin(self, contact: Contact, link: LinkId, role: Role, *, now: float) -> None:
        contact.retry_at = None
        contact.began_at = now
        contact.signalled.clear()
        self.is_deadline_stale = True
        self.note(contact, Happening.TRY)
        contact.attempt = PeerChannel(
            link,
            role=role,
            credentials=self.credentials,
            door=Door(
                authorise=lambda member: self._is_wanted(contact, member, now=now),
                has_lobby=not self.membership.is_public,
                admits=self.membership.admits,
            ),
            introduce=self.introduce,
            config=self.config,
            now=now,
        )

    def _is_wanted(self, contact: Contact, member: MemberId, *, now: float) -> bool:
        """`now` is when the attempt began."""
        may_come = contact.identity in (None, member) and self.membership.may_knock(member)
        return may_come and not self.floods.is_paused(member, now=now)

    # ---- what becomes of an attempt

    def offer_created(self, link: LinkId, sdp: str) -> None:
        if found := self.find(link):
            self._signal(found[0], "offer", link, sdp)

    def answer_created(self, contact: Contact, link: LinkId, sdp: str) -> None:
        """Our answer, for whoever offered."""
        contact.negotiation.answered()
        self._signal(contact, "answer", link, sdp)

    def candidate_gathered(self, link: LinkId, line: str) -> None:
        """One of ours that our description did not name, or their end; of use only while the path is sought."""
        contact = self.contacts.get(link.peer)
        if contact is not None and contact.attempt is not None and contact.attempt.link == link:
            self._signal(contact, "candidate", link, line)

    def _signal(self, contact: Contact, kind: SignalKind, link: LinkId, text: str) -> None:
        sealed = SendSignal(self._envelopes.seal(kind, link, text))
        contact.signalled.append(sealed)
        self.outputs.append(sealed)

    def _repeat(self, peer: PeerId) -> None:
        """Send again what we said of the attempt under way; who has it passes it over."""
        contact = self.contacts.get(peer)
        if contact is not None and contact.attempt is not None and not contact.attempt.is_proven:
            self.outputs += contact.signalled

    def _repeat_late(self, contact: Contact, *, now: float) -> None:
        """An offer that gives way to ours, or that we have answered, comes late: ours, or the answer, was lost."""
        if now >= contact.began_at + self.config.min_offer_interval_s:
            contact.began_at = now
            self._repeat(contact.peer)

    def find(self, link: LinkId) -> tuple[Contact, PeerChannel] | None:
        """The channel of a link that we have not given up."""
        contact = self.contacts.get(link.peer)
        for channel in contact.channels() if contact else ():
            if channel.link == link and contact is not None:
                return contact, channel
        return None

    def _give_up(self, contact: Contact, reason: str, *, now: float) -> None:
        """Whoever is proven knows better than the server, and says goodbye itself."""
        attempt = contact.attempt
        if attempt is not None and not attempt.is_proven:
            attempt.close(reason)
            self.end(contact, attempt, reason=explain(reason), now=now)

    def end(self, contact: Contact, attempt: PeerChannel, *, reason: str, now: float) -> None:
        """An attempt has ended before it became the link; `reason` is for people."""
        self.is_deadline_stale = True
        self.outputs += attempt.outputs()
        self.release(attempt.link)
        contact.attempt = None
        contact.signalled.clear()
        contact.was_tried = True
        contact.negotiation.end()
        is_awaited = contact.present or contact.lost_at is not None  # then it is `links` that says when it is lost
        self.note(contact, Happening.FAIL if is_awaited else Happening.END, reason)
        self.plan_retry(contact, offers_first=attempt.role is Role.INITIATOR, now=now)
        self.maybe_forget(contact)

    def retire(self, channel: PeerChannel | None, reason: str = "replaced") -> None:
        """Another one takes its place."""
        if channel is not None:
            channel.close(reason)
            self.release(channel.link)
            self.outputs += channel.outputs()

    def plan_retry(self, contact: Contact, *, offers_first: bool, now: float) -> None:
        """Back-off with full jitter, as long as it is present; the other side goes first where it is its turn."""
        is_barred = contact.identity is not None and self.membership.is_barred(contact.identity)
        if is_barred or not contact.present or contact.is_connected:
            return
        if not contact.is_named and contact.tries >= _TRIES_UNNAMED:
            contact.present = False
            return
        head_start = 0.0 if offers_first else self.config.offer_turn_s
        ceiling = min(self.config.retry_max_s, self.config.retry_base_s * 2.0 ** min(contact.tries, _MOST_DOUBLINGS))
        contact.retry_at = now + head_start + self._chance() * ceiling

    def _chance(self) -> float:
        """From [0, 1)."""
        return int.from_bytes(self.credentials.random_bytes(2)) / 2**16

    def handle_timeout(self, contact: Contact, *, now: float) -> None:
        """Its next try may be due, or the answer to an offer that came too soon."""
        early = contact.early_offer
        if early is not None and early.due_at <= now:
            contact.early_offer = None
            self._receive_offer(contact, early.link, early.sdp, now=now)
            for line in early.candidates:
                self._receive_candidate(contact, early.link, line)
        if contact.retry_at is not None and contact.retry_at <= now:
            contact.retry_at = None
            self._offer(contact, now=now)

    def offer_to_those_who_wait(self, *, now: float) -> None:
        """Places may have become free."""
        while contact := self.contacts.next_waiting():
            self._bury_displaced()
            contact.is_named = True
            self._offer(contact, now=now)

    # ---- bookkeeping

    def _named(self, peer: PeerId) -> Contact | None:
        is_new = self.contacts.get(peer) is None
        contact = self.contacts.name(peer)
        self._bury_displaced()
        if contact is not None:
            contact.is_named = True
        if contact is not None and is_new:
            self._tell(contact, "")
        return contact

    def _signalled(self, peer: PeerId) -> Contact | None:
        contact = self.contacts.hear(peer)
        self._bury_displaced()
        return contact

    def _bury_displaced(self) -> None:
        for contact in self.contacts.take_displaced():
            self.retire(contact.attempt, "displaced")
            self.note(contact, Happening.END, explain("displaced"))

    def maybe_forget(self, contact: Contact) -> None:
        is_gone = not contact.present and not contact.is_connected and not contact.is_here
        if is_gone and self.contacts.forget(contact.peer):
            self.note(contact, Happening.END, explain("gone"))

    def note(self, contact: Contact, happening: Happening, reason: str = "") -> None:
        """How we stand with it may be another now; `reason` is for people."""
        if contact.connection.apply(happening):
            self._tell(contact, reason)

    def _tell(self, contact: Contact, reason: str) -> None:
        self.outputs.append(Changed(contact.peer, contact.identity, contact.connection.state, reason))
