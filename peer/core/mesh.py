"""One room: its links, company, governance, messages and conversation, composed (DESIGN, section 1).

Everything a room decides passes through here: signaling events, link events and intents come in, outputs and events go
out. In a full mesh every member is linked to every other, so a frame's sender is the member at the link's other end.
What a member writes counts only while it is a member by all that we know: the links of those who are none are cut
before anything else of them is heard (the causal gate of E2EE.md).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import assert_never

from ..config import Config
from ..errors import InviteRefused, NotJoined
from ..events import Event, Member, MemberWaiting, Presence, RoomFull, RoomState, StateChanged
from ..ids import MemberId, PeerId
from ..log.record import LogRecord
from ..ports import Channel, Fingerprints, PeerInfo, Roster, SignalingEvent, SignalingLost
from ..wire.frames import MAX_NAME_CHARS, AsideFrame, MessageFrame, ProfileFrame
from .asides import Asides
from .channel import Credentials
from .claims import Standing
from .company import Company
from .contact import Changed, Linked, Parted, Received, Streamed, Unlinked
from .conversation import Conversation
from .governance import Entered, Fact, Full, Governance, Removed, RolesChanged, Stage, TurnedAway, Waiting
from .links import Links
from .lobby import Lobby
from .machine import LinkId, Notify, Output, ProbeSeat, earliest
from .membership import InviteSeed, Membership
from .message_plane import MessagePlane
from .messages import Messages
from .outgoing import Outgoing
from .people import People
from .transfers import Transfers

__all__ = ["Mesh"]


class Mesh:
    """The machine of one room; `outputs()` after each input."""

    def __init__(  # noqa: PLR0913 - all that a room is put together from, by name
        self,
        *,
        membership: Membership,
        title: str,
        name: str,
        our_id: PeerId,
        credentials: Credentials,
        config: Config,
        wall_ms: Callable[[], int],
        people: People | None = None,
        record: LogRecord | None = None,
    ) -> None:
        """`title` is empty where a guest has not been told it yet; `wall_ms` is the time of day, UTC.

        `people` are those whom we know from all our rooms, `record` is what was kept of this one's messages. Raises
        MalformedFrame for a record that is not ours.
        """
        self.state = RoomState.JOINED if membership.are_we_in else RoomState.LOBBY
        self.refusal: InviteRefused | None = None
        """Why we were not let in."""
        self.is_handed_over = True
        """While it is not, nobody has seen us in the lobby, so that it is no news that we have left it."""
        self.membership = membership
        self._outputs: list[Output] = []
        self._lobby = Lobby(membership, our_name=name[:MAX_NAME_CHARS], config=config, wall_ms=wall_ms)
        self._links = Links(
            our_id, credentials, lambda: self._conversation.introduction, membership, self._lobby, config
        )
        self._company = Company.of_room(membership, name=name, people=people, config=config, wall_ms=wall_ms)
        self._conversation = Conversation(self._company, say=self._links.send, title=title, config=config)
        self._plane = MessagePlane(
            membership=membership,
            links=self._links,
            lobby=self._lobby,
            company=self._company,
            credentials=credentials,
            config=config,
            wall_ms=wall_ms,
            record=record,
        )
        self._company.roll = self._plane.roll
        self._plane.messages.introduced = lambda: self._conversation.title
        self._governance = Governance(
            membership, self._lobby, credentials.random_bytes, wall_ms, config, self._plane.history.cuts_of
        )
        self.asides = Asides(self._links)
        self.transfers = Transfers(self._links, self._company, membership, config)
        """Of streams; `settle` is to follow whatever is done with them."""

    @property
    def messages(self) -> Messages:
        """What is said here, to look at; `speak` is to change it."""
        return self._plane.messages

    @property
    def title(self) -> str:
        """Empty while nobody has told us."""
        return self._plane.messages.title

    @property
    def members(self) -> tuple[Member, ...]:
        return self._company.members

    @property
    def waiting(self) -> tuple[Member, ...]:
        """Who waits to be let in, under the name that it gives itself."""
        names = self._lobby.names()
        return tuple(self._company.stranger(each, names.get(each, "")) for each in self._governance.waiting)

    @property
    def stage(self) -> Stage:
        """How far we have come in."""
        return self._governance.stage

    @property
    def can_enter_soon(self) -> bool:
        """Whether it is worth waiting: nobody has to make up their mind, and somebody is there or coming."""
        return self._governance.can_enter_soon(is_meeting=self._links.attempts.is_meeting)

    @property
    def open_invite(self) -> InviteSeed | None:
        """The invite for any number of guests that we hold, as long as it is good for them."""
        return self._governance.open_invite

    @property
    def is_owing(self) -> bool:
        """Whether something that we said has yet to reach somebody who is linked, or whose link is just being made."""
        if self.state is RoomState.LEFT:
            return False  # who was removed is listened to no more
        is_anybody_coming = bool(self._links.attempts.arriving())
        return self.transfers.streams.is_finishing or self._plane.is_owing(is_anybody_coming=is_anybody_coming)

    def link_to(self, member: MemberId) -> LinkId | None:
        """The open link to a member, if there is one."""
        return self._links.link_to(member)

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
        if isinstance(event, SignalingLost):
            self._change_state(RoomState.SIGNALING_LOST, event.reason)
        else:
            if isinstance(event, Roster):
                self._change_state(self._served_state)
            self._links.receive_signaling(event, now=now)
        self._absorb(now=now)

    def receive_standing(self, standing: Standing, *, now: float) -> None:
        """The server vouches for us, and says how others are checked; tell them, newcomers included."""
        if self.state is RoomState.LEFT:
            return
        self._company.learn_keys(standing, now=now)
        self._conversation.set_attestation(standing.attestation, now=now)
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

    def candidate_gathered(self, link: LinkId, line: str, *, now: float) -> None:
        self._links.attempts.candidate_gathered(link, line)
        self._absorb(now=now)

    def link_opened(self, link: LinkId, *, now: float) -> None:
        self._links.link_opened(link, now=now)
        self._absorb(now=now)

    def receive(self, link: LinkId, channel: Channel, data: bytes, *, now: float) -> None:
        self._links.receive(link, channel, data, now=now)
        self._absorb(now=now)

    def link_closed(self, link: LinkId, *, now: float) -> None:
        self._links.link_closed(link, now=now)
        self._absorb(now=now)

    # ---- intents

    def set_typing(self, typing: bool, *, now: float) -> None:
        """Tell the others; call it at each key, the pace is kept here. Raises NotJoined."""
        self._check_joined()
        self._conversation.set_typing(typing, now=now)
        self._absorb(now=now)

    def stop_typing(self) -> None:
        """What was typed has been sent."""
        self._conversation.stop_typing()

    def set_presence(self, presence: Presence, *, now: float) -> None:
        """Tell the others, newcomers included. Raises NotJoined, BadSetting."""
        self._check_joined()
        self._conversation.set_presence(presence, now=now)
        self._absorb(now=now)

    def speak(self) -> Messages:
        """What we may say; `settle` is to follow. Raises NotJoined."""
        self._check_joined()
        return self._plane.messages

    def govern(self) -> Governance:
        """What we may do to others' standing; `settle` is to follow. Raises NotJoined."""
        self._check_joined()
        return self._governance

    def open_stream(self, member: MemberId, *, label: str, size: int | None, now: float) -> Outgoing:
        """Begin a stream to one member. Raises NotJoined, LinkFailed."""
        self._check_joined()
        return self.transfers.open(member, label=label, size=size, now=now)

    def pull(self, link: LinkId, *, budget_bytes: int, now: float) -> None:
        """A link has room for so much of our streams."""
        self.transfers.streams.pull(link, budget_bytes=budget_bytes, now=now)
        self._absorb(now=now)

    def settle(self, *, now: float) -> None:
        """After an act of governance, or of a stream: what follows from it."""
        self._links.obey(now=now)
        self._absorb(now=now)

    def leave(self, reason: str = "", *, now: float) -> None:
        """Say goodbye to everybody; may be called twice."""
        if self.state is not RoomState.LEFT:
            self.transfers.streams.part_with_all("left")
            self._links.leave(now=now)
            self._company.disband()
            self._hear_links(now=now)
            self._change_state(RoomState.LEFT, reason)

    def review_people(self) -> None:
        """We know more of somebody than before, perhaps from another room."""
        self._company.review_people()
        self._tell()

    def ask_for_confirmation(self, *, now: float) -> None:
        """We are about to leave: whoever has something of ours says so at once."""
        self._plane.history.hurry()
        self._absorb(now=now)

    def probe(self, *, now: float) -> None:
        """Our network changed, or we were asleep: find out which links live."""
        if self.state is not RoomState.LEFT:
            self._links.probe(now=now)
            self._absorb(now=now)

    # ---- time

    def next_deadline(self) -> float | None:
        chores = None if self.state is RoomState.LEFT else self._governance.next_deadline()
        streams = self.transfers.streams.next_deadline()
        messages = None if self.state is RoomState.LEFT else self._plane.next_deadline()
        return earliest(self._links.next_deadline(), self._company.next_deadline(), streams, chores, messages)

    def handle_timeout(self, *, now: float) -> None:
        self._company.handle_timeout(now=now)
        self._links.handle_timeout(now=now)
        self.transfers.streams.handle_timeout(now=now)
        if self.state is not RoomState.LEFT:
            self._plane.handle_timeout(now=now)
        self._absorb(now=now)

    # ---- what the links report

    def _absorb(self, *, now: float) -> None:
        """Pass outputs on and act on reports, which may change who is a member, which may make the links say more."""
        self._hear_links(now=now)
        while facts := self._review(now=now):
            for fact in facts:
                self._act_on(fact, now=now)
            self._hear_links(now=now)
        while self.transfers.run(now=now):
            self._hear_links(now=now)
        self._run_messages(now=now)

    def _run_messages(self, *, now: float) -> None:
        """What is to be kept comes before all that follows from it, facts included."""
        while saves := self._plane.run(now=now):
            self._outputs += saves
            self._hear_links(now=now)
        self._hear_links(now=now)
        self._tell()
        self._conversation.title = self.title
        self._outputs += [Notify(event) for event in self._plane.take_events()]

    def _review(self, *, now: float) -> list[Fact]:
        if self.state is RoomState.LEFT:
            return []
        attempts = self._links.attempts
        facts = self._governance.review(is_meeting=attempts.is_meeting, has_tried_all=attempts.has_tried_all, now=now)
        self._links.obey(now=now)
        self._hear_links(now=now)
        return facts

    def _hear_links(self, *, now: float) -> None:
        while outputs := self._links.outputs():
            for output in outputs:
                match output:
                    case Linked():
                        self._conversation.welcome(output, now=now)
                        self._plane.link_up(output.member, now=now)
                    case Received():
                        self._hear(output, now=now)
                    case Streamed():
                        self.transfers.hear(output, now=now)
                    case Unlinked(member=member_id, reason=reason):
                        self.transfers.streams.part_with(member_id, reason)
                        self._company.bid_farewell(member_id, reason)
                    case Changed(state=state):
                        self._company.connect(output, now=now)
                        self._outputs += [ProbeSeat()] if state in ("suspect", "lost") else []
                    case Parted(member=member_id):
                        self._plane.link_down(member_id)
                    case _:
                        self._outputs.append(output)
                self._tell()

    def _hear(self, said: Received, *, now: float) -> None:
        if not self.membership.is_member(said.member):
            return
        if isinstance(said.frame, MessageFrame | ProfileFrame):
            self._plane.hear(said.member, said.frame, now=now)
        elif isinstance(said.frame, AsideFrame):
            self.asides.hear(said.member, said.frame)
        else:
            self._conversation.hear(said.member, said.frame, now=now)

    # ---- what changes in the room

    def _act_on(self, fact: Fact, *, now: float) -> None:
        match fact:
            case Entered():
                if self.state is RoomState.LOBBY and self.is_handed_over:
                    self._change_state(RoomState.JOINED)
                elif self.state is RoomState.LOBBY:
                    self.state = RoomState.JOINED
            case TurnedAway(code=code):
                self.refusal = InviteRefused(code)
                self.leave(str(self.refusal), now=now)
            case Removed():
                self.leave("removed", now=now)
            case Waiting(member=member_id):
                self._keep_waiting(member_id)
            case Full(members=members):
                self._notify(RoomFull(members))
            case RolesChanged():
                self._company.rank(self.membership.is_member)
            case _:  # pragma: no cover - the type checker proves that none is left
                assert_never(fact)

    def _keep_waiting(self, member_id: MemberId) -> None:
        """Whoever may let it in is told."""
        if self._governance.may_admit:
            self._notify(MemberWaiting(self._company.stranger(member_id, self._lobby.names().get(member_id, ""))))

    # ---- values

    @property
    def _served_state(self) -> RoomState:
        return RoomState.JOINED if self.membership.are_we_in else RoomState.LOBBY

    def _check_joined(self) -> None:
        if self.state is RoomState.LEFT:
            raise NotJoined(self.title)

    def _change_state(self, state: RoomState, reason: str = "") -> None:
        if state is not self.state:
            self.state = state
            self._notify(StateChanged(state, reason))

    def _notify(self, event: Event) -> None:
        self._tell()
        self._outputs.append(Notify(event))

    def _tell(self) -> None:
        events: list[Event] = [*self._company.take_events(), *self.transfers.take_events()]
        self._outputs += [Notify(event) for event in events]
