"""One room: its links, members, typing notices and outbox, composed (DESIGN, section 1).

Everything a room decides passes through here: signaling events, link events and intents come in, outputs and events go
out. In a full mesh every member is linked to every other, so a frame's sender is the member at the link's other end.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import assert_never

from ..config import Config
from ..errors import BadSetting, NotJoined
from ..events import (
    ClaimChanged,
    Event,
    Member,
    MemberJoined,
    MemberLeft,
    Message,
    Presence,
    PresenceChanged,
    RoomState,
    StateChanged,
    StatusChanged,
    TypingChanged,
)
from ..ids import MemberId, MessageId, PeerId
from ..ports import (
    Channel,
    Fingerprints,
    PeerInfo,
    PeerJoinedRoom,
    PeerLeftRoom,
    Roster,
    Signal,
    SignalingEvent,
    SignalingLost,
)
from ..wire.frames import (
    MAX_NAME_CHARS,
    AttestationUpdate,
    Chat,
    Introduction,
    PresenceUpdate,
    TypingNotice,
)
from .channel import Credentials
from .claims import Claims, Standing
from .contact import Forgotten, Linked, Received, Said, Unlinked
from .links import Links
from .machine import LinkId, Notify, Output, earliest
from .membership import Charter
from .messages import Messages
from .names import clean_name
from .outbox import Outbox
from .people import People
from .presence import Presences
from .recognition import Recognition, news_of
from .typing_notice import OurTyping, TheirTyping

__all__ = ["Mesh"]


class Mesh:
    """The machine of one room; `outputs()` after each input."""

    def __init__(
        self,
        *,
        charter: Charter,
        title: str,
        name: str,
        our_id: PeerId,
        credentials: Credentials,
        config: Config,
        wall_ms: Callable[[], int],
        people: People | None = None,
    ) -> None:
        """`title` is empty where a guest has not been told it yet; `wall_ms` is the time of day, UTC.

        `people` are those whom we know from all our rooms.
        """
        self.state = RoomState.JOINED
        self.title = title
        self._charter = charter
        self._config = config
        self._wall_ms = wall_ms
        self._messages = Messages(
            room=credentials.keys.topic, config=config, random_bytes=credentials.random_bytes, wall_ms=wall_ms
        )
        self._outputs: list[Output] = []
        self._outbox = Outbox(limit=config.max_pending_messages)
        self._our_typing = OurTyping(ttl_s=config.typing_ttl_s)
        self._their_typing = TheirTyping(ttl_s=config.typing_ttl_s)
        self._claims = Claims(max_name_chars=config.max_name_chars)
        self._recognition = Recognition(
            People(limit=config.max_known_people) if people is None else people,
            public_room=charter.room_id if charter.is_public else None,
            wall_ms=wall_ms,
        )
        self._attestation = ""
        me = credentials.identity.member_id
        self._presences = Presences(Member(id=me, name=name, role=charter.role_of(me), is_me=True))
        self._links = Links(our_id, credentials, self._introduction, self._admit, config)

    def reply_with(self, replier: Callable[[str], Awaitable[Message]]) -> None:
        """What `Message.reply` is to call: the `send` of the room."""
        self._messages.replier = replier

    @property
    def members(self) -> tuple[Member, ...]:
        return self._presences.members

    @property
    def genesis(self) -> bytes:
        return self._charter.encoded

    @property
    def is_owing(self) -> bool:
        """Whether something that we said has yet to reach somebody whose link is just being made."""
        return self._outbox.owes(self._links.arriving())

    def outputs(self) -> list[Output]:
        taken, self._outputs = self._outputs, []
        return taken

    # ---- from the signaling server

    def join(self, peers: Iterable[PeerInfo], *, now: float) -> None:
        """We have a seat; these were there before us."""
        self._links.join(peers, now=now)
        self._absorb(now=now)

    def receive_signaling(self, event: SignalingEvent, *, now: float) -> None:
        """One event of our seat."""
        if self.state is RoomState.LEFT:
            return
        match event:
            case Signal():
                self._links.receive_signal(event, now=now)
            case Roster(peers=peers):
                self._change_state(RoomState.JOINED)
                self._links.receive_roster(peers, now=now)
            case PeerJoinedRoom(peer=info):
                self._links.peer_joined(info.peer_id, now=now)
            case PeerLeftRoom(peer_id=peer):
                self._links.peer_left(peer, now=now)
            case SignalingLost(reason=reason):
                self._change_state(RoomState.SIGNALING_LOST, reason)
            case _:
                assert_never(event)
        self._absorb(now=now)

    def receive_standing(self, standing: Standing, *, now: float) -> None:
        """The server vouches for us, and says how others are checked; tell them, newcomers included."""
        if self.state is RoomState.LEFT:
            return
        if standing.keys is not None:
            self._claims.learn_keys(standing.keys, now=now, wall_s=self._wall_s())
        if standing.attestation not in ("", self._attestation):
            self._attestation = standing.attestation
            self._claims.hear(self._presences.me.id, standing.attestation, now=now, wall_s=self._wall_s())
            self._links.send(AttestationUpdate(standing.attestation), now=now)
        self._tell_claims()
        self._absorb(now=now)

    # ---- from the links

    def offer_created(self, link: LinkId, sdp: str, *, now: float) -> None:
        self._links.offer_created(link, sdp)
        self._absorb(now=now)

    def answer_created(self, link: LinkId, sdp: str, fingerprints: Fingerprints, *, now: float) -> None:
        self._links.answer_created(link, sdp, fingerprints, now=now)
        self._absorb(now=now)

    def answer_accepted(self, link: LinkId, fingerprints: Fingerprints, *, now: float) -> None:
        self._links.answer_accepted(link, fingerprints, now=now)
        self._absorb(now=now)

    def link_opened(self, link: LinkId, *, now: float) -> None:
        self._links.link_opened(link, now=now)
        self._absorb(now=now)

    def link_closed(self, link: LinkId, *, now: float) -> None:
        self._links.link_closed(link, now=now)
        self._absorb(now=now)

    def receive(self, link: LinkId, channel: Channel, data: bytes, *, now: float) -> None:
        self._links.receive(link, channel, data, now=now)
        self._absorb(now=now)

    # ---- from the user

    def send(
        self, text: str, *, emote_ids: Sequence[str] = (), custom_emoji_ids: Sequence[str] = (), now: float
    ) -> Message:
        """Hand a message to all members; raise NotJoined, MessageTooLarge, BadSetting, OutboxFull."""
        self._check_joined()
        chat = self._messages.compose(text, emote_ids=tuple(emote_ids), custom_emoji_ids=tuple(custom_emoji_ids))
        waiting = self._links.waiting()
        sent = self._links.send(chat, now=now)
        if not sent:
            self._outbox.add_draft(chat)
        self._outbox.add_waiting(chat, waiting)
        self._our_typing.set_typing(False, now=now)
        self._absorb(now=now)
        return self._messages.as_event(chat, self._presences.me, "sent" if sent else "draft")

    def set_typing(self, typing: bool, *, now: float) -> None:
        """Tell the others; call it at each key, the pace is kept here. Raises NotJoined."""
        self._check_joined()
        if self._our_typing.set_typing(typing, now=now):
            self._links.send(TypingNotice(typing), now=now)
            self._absorb(now=now)

    def set_presence(self, presence: Presence, *, now: float) -> None:
        """Tell the others, newcomers included. Raises NotJoined, BadSetting."""
        self._check_joined()
        if presence not in ("online", "away", "offline"):
            raise BadSetting(f"presence is online, away or offline, not {presence!r}")
        if self._presences.set_ours(presence):
            self._links.send(PresenceUpdate(presence), now=now)
            self._absorb(now=now)

    def leave(self, reason: str = "", *, now: float) -> None:
        """Say goodbye to everybody; may be called twice."""
        if self.state is not RoomState.LEFT:
            self._links.leave(now=now)
            self._their_typing.clear()
            self._claims.retain(())
            self._absorb(now=now)
            self._change_state(RoomState.LEFT, reason)

    def review_people(self) -> None:
        """We know more of somebody than before, perhaps from another room."""
        if self.state is not RoomState.LEFT:
            self._notify_all(self._recognition.review(self._presences))

    # ---- time

    def next_deadline(self) -> float | None:
        return earliest(self._links.next_deadline(), self._their_typing.next_deadline(), self._claims.next_deadline())

    def handle_timeout(self, *, now: float) -> None:
        for member_id in self._their_typing.handle_timeout(now=now):
            self._notify_typing(member_id, typing=False)
        self._claims.lapse(now=now)
        self._tell_claims()
        self._links.handle_timeout(now=now)
        self._absorb(now=now)

    # ---- what the links report

    def _absorb(self, *, now: float) -> None:
        """Pass outputs on and act on reports, which may make the links say more."""
        while outputs := self._links.outputs():
            for output in outputs:
                match output:
                    case Linked():
                        self._welcome(output, now=now)
                    case Received(member=member_id, frame=frame):
                        self._hear(member_id, frame, now=now)
                    case Unlinked():
                        self._bid_farewell(output)
                    case Forgotten(peer=peer):
                        self._outbox.forget(peer)
                    case _:
                        self._outputs.append(output)

    def _welcome(self, linked: Linked, *, now: float) -> None:
        shown = linked.introduction.attestation
        self._claims.hear(linked.member, shown, now=now, wall_s=self._wall_s())
        known = self._presences.get(linked.member)
        claim = known.claim if known else self._claims.all().get(linked.member)
        member = self._recognition.meet(replace(self._member(linked), claim=claim))
        if self._presences.arrive(member):
            self._notify(MemberJoined(member))
        elif known is not None and known.presence != member.presence:
            self._notify(PresenceChanged(member))
        self._notify_all(news_of(known, member))
        self._claims.retain(each.id for each in self._presences.members)
        self._tell_claims()
        if self._attestation not in ("", linked.told.attestation):
            self._links.send(AttestationUpdate(self._attestation), now=now, to=linked.peer)
        if linked.told.presence != self._presences.me.presence:
            self._links.send(PresenceUpdate(self._presences.me.presence), now=now, to=linked.peer)
        owed, drafts = self._outbox.take(linked.peer)
        for chat in owed:
            self._links.send(chat, now=now, to=linked.peer)
        for message_id in drafts:
            self._notify(StatusChanged(MessageId(message_id.hex()), "sent"))

    def _member(self, linked: Linked) -> Member:
        introduction = linked.introduction
        role = self._charter.role_of(linked.member)
        if not self.title or (role == "owner" and not self._charter.is_public):
            self.title = clean_name(introduction.title, max_chars=self._config.max_name_chars) or self.title
        name = clean_name(introduction.name, max_chars=self._config.max_name_chars) or "nameless"
        return Member(id=linked.member, name=name, role=role, presence=introduction.presence)

    def _bid_farewell(self, unlinked: Unlinked) -> None:
        self._their_typing.forget(unlinked.member)
        member = self._presences.depart(unlinked.member, at=self._now_utc())
        assert member is not None, "unlinked before it was linked"
        self._notify(MemberLeft(member, unlinked.reason))

    def _hear(self, member_id: MemberId, frame: Said, *, now: float) -> None:
        if isinstance(frame, Chat):
            self._hear_chat(member_id, frame)
        elif isinstance(frame, PresenceUpdate):
            if member := self._presences.update(member_id, frame.presence):
                self._notify(PresenceChanged(member))
        elif isinstance(frame, AttestationUpdate):
            self._claims.hear(member_id, frame.attestation, now=now, wall_s=self._wall_s())
            self._tell_claims()
        elif self._their_typing.receive_notice(member_id, typing=frame.typing, now=now):
            self._notify_typing(member_id, typing=frame.typing)

    def _hear_chat(self, member_id: MemberId, chat: Chat) -> None:
        sender = self._presences.get(member_id)
        if sender is None or not self._messages.is_news(member_id, chat):
            return
        if self._their_typing.forget(member_id):
            self._notify_typing(member_id, typing=False)
        self._notify(self._messages.as_event(chat, sender, "sent"))

    # ---- values

    def _introduction(self) -> Introduction:
        me = self._presences.me
        name, title = me.name[:MAX_NAME_CHARS], self.title[:MAX_NAME_CHARS]
        return Introduction(name, title, me.presence, self._charter.encoded, self._attestation)

    def _admit(self, introduction: Introduction) -> bool:
        was_known = bool(self._charter.encoded)
        admitted = self._charter.admits(introduction.genesis)
        if admitted and not was_known:
            self._presences.rank(self._charter.role_of)
        return admitted

    def _wall_s(self) -> float:
        return self._wall_ms() / 1000

    def _now_utc(self) -> datetime:
        return datetime.fromtimestamp(self._wall_s(), UTC)

    def _check_joined(self) -> None:
        if self.state is RoomState.LEFT:
            raise NotJoined(self.title)

    def _change_state(self, state: RoomState, reason: str = "") -> None:
        if state is not self.state:
            self.state = state
            self._notify(StateChanged(state, reason))

    def _tell_claims(self) -> None:
        if self.state is RoomState.LEFT:
            return
        for member in self._presences.claim(self._claims.all()):
            self._notify(ClaimChanged(member))
            if not member.is_me:
                self._recognition.meet(member)
        self.review_people()

    def _notify_typing(self, member_id: MemberId, *, typing: bool) -> None:
        member = self._presences.get(member_id)
        assert member is not None, "typing without being here"
        self._notify(TypingChanged(member, typing))

    def _notify_all(self, events: Iterable[Event]) -> None:
        for event in events:
            self._notify(event)

    def _notify(self, event: Event) -> None:
        self._outputs.append(Notify(event))
