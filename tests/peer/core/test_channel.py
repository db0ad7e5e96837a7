"""One link end to end: from two descriptions to an open link, and every way in which it ends."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import pytest
from hypothesis import given
from hypothesis import strategies as st

from peer.config import Config
from peer.core.channel import ChannelState, Credentials, Door, PeerChannel
from peer.core.machine import CloseLink, LinkId, Output, Transmit
from peer.crypto import link_cipher
from peer.crypto.handshake import Role
from peer.ids import MemberId, PeerId
from peer.ports import Channel, Fingerprints
from peer.wire.frames import (
    ControlDigest,
    Frame,
    Goodbye,
    Heartbeat,
    Introduction,
    MessageEvents,
    PresenceUpdate,
    StreamEnd,
    StreamOpen,
    StreamReset,
    TypingNotice,
    encode,
)

from ...support.insider import THEIR_FINGERPRINTS, Insider
from ...support.keys import credentials

LINK = LinkId(PeerId("mallory"), b"attempt.")
CHAT = MessageEvents((b"hello",), False)
HELLO = Introduction("ann", "Deck", "online")


@dataclass
class Bench:
    """The channel under test, whose other end is an insider."""

    role: Role = Role.RESPONDER
    admits: bool = True
    has_lobby: bool = False
    are_members: bool = False
    presence: str = "online"
    channel: PeerChannel = field(init=False)
    insider: Insider = field(default_factory=Insider)
    asked: list[MemberId] = field(default_factory=list)
    closed: list[str] = field(default_factory=list)
    """Reasons of CloseLink."""
    sent: list[tuple[Channel, bytes]] = field(default_factory=list)
    now: float = 0.0
    config: Config = field(default_factory=Config)
    credentials: Credentials = field(default_factory=lambda: credentials("ann"))

    def __post_init__(self) -> None:
        self.channel = PeerChannel(
            LINK,
            role=self.role,
            credentials=self.credentials,
            door=Door(authorise=self._authorise, has_lobby=self.has_lobby, admits=lambda _: self.are_members),
            introduce=lambda: HELLO,
            config=self.config,
            now=self.now,
        )

    def _authorise(self, member: MemberId) -> bool:
        self.asked.append(member)
        return self.admits

    def drain(self) -> list[Output]:
        outputs = self.channel.outputs()
        for output in outputs:
            assert isinstance(output, Transmit | CloseLink)
            assert output.link == LINK
            if isinstance(output, CloseLink):
                self.closed.append(output.reason)
            else:
                self.sent.append((output.channel, output.data))
        return outputs

    def shake(self) -> Bench:
        """Until both are established; the insider has yet to introduce itself."""
        self.channel.path_described(THEIR_FINGERPRINTS, now=self.now)
        self.channel.path_opened(now=self.now)
        for data in self.insider.begin(self.role.other):
            self.channel.receive(Channel.EVENTS, data, now=self.now)
        while frames := [output for output in self.drain() if isinstance(output, Transmit)]:
            for frame in frames:
                for reply in self.insider.receive(frame.channel, frame.data):
                    self.channel.receive(Channel.EVENTS, reply, now=self.now)
        return self

    def open(self) -> Bench:
        assert self.shake().say(self.insider.introduction()) == self.insider.introduction()
        self.sent.clear()
        self.insider.heard.clear()
        return self

    def say(self, frame: Frame | bytes, *, channel: Channel = Channel.EVENTS) -> Frame | None:
        """The insider says it; what the channel passes on."""
        passed_on = self.channel.receive(channel, self.insider.seal(frame, channel=channel), now=self.now)
        self.drain()
        return passed_on

    def hear(self) -> list[Frame | None]:
        """What the insider hears of all that was sent since."""
        self.drain()
        sent, self.sent = self.sent, []
        for channel, data in sent:
            self.insider.receive(channel, data)
        return self.insider.heard

    def wait(self, seconds: float) -> None:
        """Time passes, and the machine is woken whenever it asked for it."""
        end = self.now + seconds
        while (deadline := self.channel.next_deadline()) is not None and deadline <= end:
            self.now = max(self.now, deadline)
            self.channel.handle_timeout(now=self.now)
            self.drain()
        self.now = end

    @property
    def state(self) -> ChannelState:
        return self.channel.state


BOTH_ROLES = pytest.mark.parametrize("role", list(Role))
FINISHED = pytest.mark.parametrize("bench_state", ["greeting", "open"])


def bench_in(state: str) -> Bench:
    return Bench().shake() if state == "greeting" else Bench().open()


# ---- from a path to an open link


@BOTH_ROLES
def test_link_opens_once_both_have_introduced_themselves(role: Role) -> None:
    """The introduction is the first frame of each side, and what it says is passed on."""
    bench = Bench(role=role).shake()
    assert bench.insider.heard == [HELLO]
    assert bench.channel.told == HELLO
    assert bench.state is ChannelState.GREETING
    assert bench.channel.remote == bench.insider.member_id
    assert bench.say(bench.insider.introduction()) == bench.insider.introduction()
    assert bench.channel.is_open


@BOTH_ROLES
def test_handshake_begins_when_path_and_fingerprints_are_known_in_any_order(role: Role) -> None:
    """An answerer's channels may open before its own answer is through; nothing is said before both."""
    for described_first in (True, False):
        bench = Bench(role=role)
        steps = [
            lambda channel: channel.path_described(THEIR_FINGERPRINTS, now=0.0),
            lambda channel: channel.path_opened(now=0.0),
        ]
        steps[not described_first](bench.channel)
        assert bench.drain() == []
        steps[described_first](bench.channel)
        assert len(bench.drain()) == 1
        assert bench.state is ChannelState.HANDSHAKING


def test_second_description_changes_nothing() -> None:
    """Another fingerprint later must not unbind what the handshake binds."""
    bench = Bench()
    bench.channel.path_described(THEIR_FINGERPRINTS, now=0.0)
    bench.channel.path_described(Fingerprints(bytes(32), bytes(32)), now=0.0)
    bench.channel.path_opened(now=0.0)
    assert bench.open().channel.is_open


def test_frames_that_come_before_the_fingerprints_are_kept() -> None:
    """The other side may be quicker: its hello waits for ours."""
    bench = Bench()
    bench.channel.path_opened(now=0.0)
    for data in bench.insider.begin(Role.INITIATOR):
        bench.channel.receive(Channel.EVENTS, data, now=0.0)
    bench.channel.path_described(THEIR_FINGERPRINTS, now=0.0)
    [hello] = [output for output in bench.drain() if isinstance(output, Transmit)]
    [message_1] = bench.insider.receive(Channel.EVENTS, hello.data)
    bench.channel.receive(Channel.EVENTS, message_1, now=0.0)
    assert bench.drain()
    assert bench.state is ChannelState.HANDSHAKING


def test_too_much_before_the_handshake_ends_the_link() -> None:
    """What an unproven side can make us keep is bounded by four frames."""
    bench = Bench()
    for _ in range(4):
        bench.channel.receive(Channel.EVENTS, b"early", now=0.0)
    assert bench.state is ChannelState.CONNECTING
    bench.channel.receive(Channel.EPHEMERAL, b"early", now=0.0)
    assert bench.state is ChannelState.CONNECTING
    bench.channel.receive(Channel.EVENTS, b"early", now=0.0)
    bench.drain()
    assert bench.closed == ["UnexpectedFrame"]


def test_garbage_kept_from_before_the_handshake_ends_the_link() -> None:
    """It is looked at as soon as it can be, and what follows it no more."""
    bench = Bench()
    bench.channel.receive(Channel.EVENTS, b"garbage", now=0.0)
    bench.channel.receive(Channel.EVENTS, b"garbage", now=0.0)
    bench.channel.path_described(THEIR_FINGERPRINTS, now=0.0)
    bench.channel.path_opened(now=0.0)
    bench.drain()
    assert bench.closed == ["HandshakeFailed"]


# ---- who may come in


@BOTH_ROLES
def test_identity_that_is_not_wanted_gets_no_introduction(role: Role) -> None:
    """Each side decides before it sends or delivers anything else."""
    bench = Bench(role=role, admits=False).shake()
    assert bench.asked == [bench.insider.member_id]
    assert bench.closed == ["HandshakeFailed"]
    assert bench.channel.remote is None
    assert bench.insider.heard == []


def test_own_identity_echoed_is_refused() -> None:
    """A link to ourselves would be a mirror held up by the server."""
    bench = Bench(role=Role.INITIATOR, insider=Insider("ann")).shake()
    assert bench.closed == ["HandshakeFailed"]
    assert bench.asked == []


@given(st.binary(max_size=200))
def test_garbage_while_shaking_hands_ends_the_link(data: bytes) -> None:
    """One try a link, and the sender learns nothing."""
    bench = Bench()
    bench.channel.path_described(THEIR_FINGERPRINTS, now=0.0)
    bench.channel.path_opened(now=0.0)
    bench.drain()
    assert bench.channel.receive(Channel.EVENTS, data, now=0.0) is None
    sent_before = len(bench.sent)
    bench.drain()
    is_hello = data.startswith(b"\x00speaktube\x01") and b"\x01" in data[11:]
    assert bench.closed == ([] if is_hello else ["HandshakeFailed"])
    assert len(bench.sent) == sent_before


def test_ephemeral_frames_while_shaking_hands_are_dropped() -> None:
    """Unordered: one may overtake the handshake."""
    bench = Bench()
    bench.channel.path_described(THEIR_FINGERPRINTS, now=0.0)
    bench.channel.path_opened(now=0.0)
    bench.channel.receive(Channel.EPHEMERAL, b"anything", now=0.0)
    bench.drain()
    assert bench.closed == []


# ---- frames


@pytest.mark.parametrize("frame", [CHAT, PresenceUpdate("away"), Goodbye()])
def test_frames_of_the_events_channel_are_passed_on(frame: Frame) -> None:
    """What they mean is decided further up."""
    assert Bench().open().say(frame) == frame


def test_typing_notice_is_passed_on_from_the_ephemeral_channel() -> None:
    """Where it may be lost without harm."""
    assert Bench().open().say(TypingNotice(True), channel=Channel.EPHEMERAL) == TypingNotice(True)


@pytest.mark.parametrize("frame", [CHAT, PresenceUpdate("away"), Goodbye(), HELLO, b"\xc1", b""])
def test_what_does_not_belong_on_the_ephemeral_channel_is_dropped_there(frame: Frame | bytes) -> None:
    """docs/protocol.md, Frames: refused on channel 1 means dropped; the link lives on."""
    bench = Bench().open()
    assert bench.say(frame, channel=Channel.EPHEMERAL) is None
    assert bench.channel.is_open


@pytest.mark.parametrize("frame", [TypingNotice(True), HELLO, b"\xc1", b"", encode(CHAT)[:-1]])
def test_what_does_not_belong_on_the_events_channel_ends_the_link(frame: Frame | bytes) -> None:
    """A second introduction, a typing notice, a malformed frame: the other side is broken or worse."""
    bench = Bench().open()
    assert bench.say(frame) is None
    assert bench.state is ChannelState.CLOSED
    assert len(bench.closed) == 1


@pytest.mark.parametrize("frame", [CHAT, PresenceUpdate("away"), Goodbye(), TypingNotice(True), b"\xc1"])
def test_anything_before_the_introduction_ends_the_link(frame: Frame | bytes) -> None:
    """And nothing of it is delivered."""
    bench = Bench().shake()
    assert bench.say(frame) is None
    assert len(bench.closed) == 1


def test_ephemeral_frame_that_overtakes_the_introduction_is_dropped() -> None:
    """It is nobody's fault."""
    bench = Bench().shake()
    assert bench.say(TypingNotice(True), channel=Channel.EPHEMERAL) is None
    assert bench.say(bench.insider.introduction()) is not None


@FINISHED
def test_types_of_a_later_version_and_heartbeats_are_passed_over(bench_state: str) -> None:
    """Old peers understand new ones."""
    bench = bench_in(bench_state)
    assert bench.say(b"\x92\x2a\x01") is None
    assert bench.say(Heartbeat(), channel=Channel.EPHEMERAL) is None
    assert bench.closed == []


@FINISHED
def test_forged_frame_ends_the_link_on_events_only(bench_state: str) -> None:
    """A replay, a turned or altered frame: on the ephemeral channel it is dropped."""
    bench = bench_in(bench_state)
    for channel, closed in ((Channel.EPHEMERAL, []), (Channel.EVENTS, ["BadCiphertext"])):
        forged = bytearray(bench.insider.seal(CHAT, channel=channel))
        forged[-1] ^= 1
        assert bench.channel.receive(channel, bytes(forged), now=bench.now) is None
        bench.drain()
        assert bench.closed == closed


def test_replayed_frame_ends_the_link() -> None:
    """The events channel is ordered: nothing honest arrives twice."""
    bench = Bench().open()
    data = bench.insider.seal(CHAT)
    assert bench.channel.receive(Channel.EVENTS, data, now=0.0) == CHAT
    assert bench.channel.receive(Channel.EVENTS, data, now=0.0) is None
    bench.drain()
    assert bench.closed == ["Replayed"]


@given(st.binary(max_size=200), st.sampled_from(Channel))
def test_any_bytes_on_an_open_link_do_no_more_than_end_it(data: bytes, channel: Channel) -> None:
    """No event, no exception, and no end by the ephemeral channel."""
    bench = Bench().open()
    assert bench.channel.receive(channel, data, now=0.0) is None
    assert bench.channel.is_open == (channel is Channel.EPHEMERAL)


def test_closed_link_hears_nothing() -> None:
    """Frames may still be on their way."""
    bench = Bench().open()
    data = bench.insider.seal(CHAT)
    bench.channel.close("lost")
    assert bench.channel.receive(Channel.EVENTS, data, now=0.0) is None


def test_frames_take_the_channel_that_is_theirs() -> None:
    """Chat must arrive, a typing notice need not, and a stream holds up neither."""
    bench = Bench().open()
    for frame in (CHAT, TypingNotice(True), StreamEnd(0)):
        bench.channel.send(frame, now=0.0)
    assert [output.channel for output in bench.drain() if isinstance(output, Transmit)] == list(Channel)
    assert bench.hear() == [CHAT, TypingNotice(True), StreamEnd(0)]


def test_streams_that_overtake_the_introduction_wait_for_it() -> None:
    """Channels are not ordered among each other; beginnings are all that can come so early, and only so many."""
    bench = Bench().shake()
    for frame in (StreamOpen(0, "a", None), StreamReset(0, "b")):
        assert bench.say(frame, channel=Channel.BULK) is None
    assert bench.channel.take_early() == []
    bench.say(bench.insider.introduction())
    assert bench.channel.take_early() == [StreamOpen(0, "a", None), StreamReset(0, "b")]
    assert bench.channel.take_early() == []


@pytest.mark.parametrize(("frame", "count"), [(StreamEnd(0), 1), (StreamOpen(0, "", None), 65)])
def test_other_bulk_before_the_introduction_ends_the_link(frame: Frame, count: int) -> None:
    bench = Bench().shake()
    for _ in range(count):
        bench.say(frame, channel=Channel.BULK)
    assert bench.closed == ["UnexpectedFrame"]


def test_nothing_is_sent_before_the_link_is_open() -> None:
    """It would be our own bug."""
    with pytest.raises(AssertionError, match="cannot send while greeting"):
        Bench().shake().channel.send(CHAT, now=0.0)


def test_key_at_its_end_ends_the_link(monkeypatch: pytest.MonkeyPatch) -> None:
    """Never a counter twice: a new link brings new keys."""
    monkeypatch.setattr(link_cipher.LinkCipher.__init__, "__kwdefaults__", {"epoch": 0, "max_frames": 3})
    bench = Bench().open()
    for _ in range(3):
        bench.channel.send(CHAT, now=0.0)
        if bench.channel.is_closed:
            break
    bench.drain()
    assert bench.closed == ["KeyExhausted"]


# ---- the end


@FINISHED
def test_goodbye_is_said_to_whoever_can_hear_it(bench_state: str) -> None:
    """Their side may be open before ours is: then they would take our leaving for a loss."""
    bench = bench_in(bench_state)
    bench.insider.heard.clear()
    bench.sent.clear()
    bench.channel.say_goodbye(now=0.0)
    assert bench.hear() == [Goodbye()]
    assert bench.closed == ["left"]


def test_goodbye_before_the_handshake_is_silent() -> None:
    """There is nobody yet to say it to."""
    bench = Bench()
    bench.channel.say_goodbye(now=0.0)
    bench.drain()
    assert (bench.sent, bench.closed) == ([], ["left"])


def test_link_is_closed_once() -> None:
    """Whoever comes second finds it closed."""
    bench = Bench().open()
    bench.channel.close("lost")
    bench.channel.close("again")
    bench.drain()
    assert bench.closed == ["lost"]


# ---- time


@pytest.mark.parametrize("stage", ["connecting", "handshaking", "greeting"])
def test_attempt_is_given_up_after_ten_seconds_in_every_stage(stage: str) -> None:
    """From the first signal to the introduction: who stalls gets no more time by being half done."""
    bench = Bench()
    if stage == "handshaking":
        bench.channel.path_described(THEIR_FINGERPRINTS, now=0.0)
        bench.channel.path_opened(now=0.0)
    if stage == "greeting":
        bench.shake()
    bench.wait(9.99)
    assert bench.closed == []
    bench.channel.handle_timeout(now=bench.now)
    assert bench.closed == []
    bench.wait(0.01)
    assert bench.closed == ["timeout"]
    assert bench.channel.next_deadline() is None


def test_path_that_never_opens_is_told_from_a_peer_that_never_answers() -> None:
    """Both have described themselves: what is missing is a way."""
    bench = Bench()
    bench.channel.path_described(THEIR_FINGERPRINTS, now=0.0)
    bench.wait(10.0)
    assert bench.closed == ["unreachable"]


def test_quiet_link_beats_every_second() -> None:
    """Frames of any kind serve as a sign of life; a beat is sent only where there were none."""
    bench = Bench().open()
    bench.wait(0.7)
    bench.channel.send(CHAT, now=bench.now)
    assert bench.hear() == [CHAT]
    bench.wait(0.99)
    assert bench.hear() == [CHAT]
    bench.wait(0.01)
    assert bench.hear() == [CHAT, Heartbeat()]


def test_link_that_is_woken_too_early_does_nothing() -> None:
    """Drivers may wake it at any time."""
    bench = Bench().open()
    bench.channel.handle_timeout(now=0.7)
    assert bench.drain() == []


def test_link_is_lost_after_four_and_a_half_seconds_without_any_frame() -> None:
    """docs/protocol.md, Liveness of a link; a beat of theirs puts it off, and it is suspect before."""
    bench = Bench().open()
    bench.wait(4.0)
    assert bench.channel.is_suspect
    bench.say(Heartbeat(), channel=Channel.EPHEMERAL)
    assert not bench.channel.is_suspect
    assert bench.channel.lost_at == 8.5
    bench.wait(4.49)
    assert bench.closed == []
    bench.wait(0.01)
    assert bench.closed == ["lost"]


def test_probed_link_beats_at_once_and_is_lost_soon_if_nothing_comes() -> None:
    """Our network changed: what is dead is replaced before its time is out. One that is being made is left alone."""
    bench, young = Bench().open(), Bench()
    bench.channel.probe(now=bench.now)
    assert bench.hear() == [Heartbeat()]
    bench.wait(2.0)
    assert bench.closed == ["lost"]
    young.channel.probe(now=0.0)
    assert young.drain() == []


def test_silence_while_we_were_away_is_forgiven() -> None:
    """In part: there are two seconds left to show itself."""
    bench = Bench().open()
    bench.now += 100.0
    bench.channel.forgive(now=bench.now)
    bench.channel.handle_timeout(now=bench.now)
    assert bench.channel.is_suspect
    bench.wait(1.99)
    assert bench.closed == []
    bench.wait(0.01)
    assert bench.closed == ["lost"]


def test_forged_frames_keep_no_link_alive() -> None:
    """Only a frame that is theirs shows that they live."""
    bench = Bench().open()
    bench.wait(4.0)
    bench.channel.receive(Channel.EPHEMERAL, b"noise", now=bench.now)
    bench.wait(0.5)
    assert bench.closed == ["lost"]


def test_closed_link_awaits_nothing() -> None:
    """A late call of the timer does no harm."""
    bench = Bench().open()
    bench.channel.close("left")
    bench.drain()
    bench.channel.handle_timeout(now=100.0)
    assert bench.drain() == []
    assert bench.channel.next_deadline() is None


# ---- keys in the course of time; `Epochs` has the rest


def test_link_whose_rekeys_are_not_answered_is_closed_after_half_an_hour() -> None:
    """It asks once, goes on meanwhile, and then no longer believes its keys."""
    bench = Bench(role=Role.INITIATOR, config=Config(heartbeat_s=5.0, lost_after_s=13.0)).open()
    while bench.now < 1790:
        bench.say(Heartbeat(), channel=Channel.EPHEMERAL)
        bench.wait(10.0)
    assert bench.channel.is_open
    assert [channel for channel, _ in bench.sent].count(Channel.EVENTS) == 1
    bench.say(Heartbeat(), channel=Channel.EPHEMERAL)
    bench.wait(10.0)
    assert bench.closed == ["KeyExhausted"]


def test_false_message_of_a_rekey_ends_the_link() -> None:
    bench = Bench().open()
    bench.say(b"\x01" + bytes(48))
    assert bench.closed == ["HandshakeFailed"]


def test_best_suite_of_an_identity_is_remembered() -> None:
    """By whatever keeps our suites, which all links of ours share."""
    bench = Bench().shake()
    assert bench.credentials.suites.best(bench.insider.member_id) == 2


def test_identity_below_its_best_suite_is_refused() -> None:
    bench = Bench()
    bench.credentials.suites.note(bench.insider.member_id, 3)
    bench.shake()
    assert bench.closed == ["HandshakeFailed"]
    assert bench.asked == []


@pytest.mark.parametrize("frame", [CHAT, TypingNotice(True)])
def test_messages_are_padded_where_that_is_wanted(frame: Frame) -> None:
    plain, padded = Bench().open(), Bench(config=Config(pad_messages=True)).open()
    for bench in (plain, padded):
        bench.channel.send(frame, now=0.0)
        bench.drain()
    ((_, short),), ((_, filled),) = plain.sent, padded.sent
    assert len(short) < 80
    assert len(filled) == 256 + 26
    assert padded.hear() == [frame]


# ---- the lobby


def lobby(*, are_members: bool = False, role: Role = Role.RESPONDER) -> Bench:
    bench = Bench(has_lobby=True, are_members=are_members, role=role).shake()
    bench.sent.clear()
    return bench


DIGEST = ControlDigest(bytes(16))


@BOTH_ROLES
def test_private_room_begins_in_the_lobby_without_a_word(role: Role) -> None:
    """The identities are proven, and nothing more is said of anybody."""
    bench = lobby(role=role)
    assert bench.state is ChannelState.LOBBY
    assert (bench.channel.is_proven, bench.channel.is_in_lobby, bench.channel.is_open) == (True, True, False)
    assert bench.insider.heard == []
    assert bench.channel.told is None


def test_control_frames_pass_in_the_lobby_and_after_it() -> None:
    """In both directions, at any time; on the channel that keeps order."""
    bench = lobby(are_members=True)
    steps: list[Callable[[], object]] = [
        lambda: None,
        lambda: bench.channel.greet(now=0.0),
        lambda: bench.say(bench.insider.introduction()),
    ]
    for step in steps:
        step()
        bench.channel.send(DIGEST, now=0.0)
        assert bench.hear()[-1] == DIGEST
        assert bench.say(DIGEST) == DIGEST
        assert bench.say(DIGEST, channel=Channel.EPHEMERAL) is None
    assert bench.channel.is_open


@pytest.mark.parametrize("frame", [CHAT, PresenceUpdate("away"), TypingNotice(True), HELLO, b"\xc1"])
def test_whatever_else_is_said_in_the_lobby_ends_the_link(frame: Frame | bytes) -> None:
    """Also an introduction, where we know of no right to it."""
    bench = lobby()
    assert bench.say(frame) is None
    assert len(bench.closed) == 1
    assert bench.insider.heard == []


def test_chat_that_is_not_ours_to_send_in_the_lobby_is_our_own_bug() -> None:
    """Names and words wait until both are members."""
    with pytest.raises(AssertionError, match="cannot send while lobby"):
        lobby().channel.send(CHAT, now=0.0)


def test_members_greet_each_other_in_either_order() -> None:
    """Who is greeted first greets back at once; whoever was greeted before is open with the answer."""
    first = lobby(are_members=True)
    first.channel.greet(now=0.0)
    first.channel.greet(now=0.0)
    assert first.state is ChannelState.GREETING
    assert first.hear() == [HELLO]
    assert first.say(first.insider.introduction()) is not None
    assert first.channel.is_open
    second = lobby(are_members=True)
    assert second.say(second.insider.introduction()) is not None
    assert second.channel.is_open
    assert second.hear() == [HELLO]
    second.channel.greet(now=0.0)
    assert second.hear() == [HELLO]


def test_key_that_ends_with_our_greeting_ends_the_link(monkeypatch: pytest.MonkeyPatch) -> None:
    """It does not open after that."""
    monkeypatch.setattr(link_cipher.LinkCipher.__init__, "__kwdefaults__", {"max_frames": 1})
    bench = lobby(are_members=True)
    bench.channel.send(DIGEST, now=0.0)
    bench.say(bench.insider.introduction())
    assert bench.state is ChannelState.CLOSED


def test_lobby_is_kept_alive_and_greeting_has_a_time_limit() -> None:
    """One may wait long for an admin; an introduction takes ten seconds at most."""
    bench = lobby(are_members=True)
    for _ in range(15):
        bench.wait(4.0)
        bench.say(Heartbeat(), channel=Channel.EPHEMERAL)
    assert bench.closed == []
    bench.channel.greet(now=bench.now)
    bench.wait(9.9)
    assert bench.closed == []
    bench.wait(0.2)
    assert bench.closed == ["timeout"]


def test_silence_in_the_lobby_is_a_lost_link() -> None:
    """As it is anywhere."""
    bench = lobby()
    bench.wait(13.0)
    assert bench.closed == ["lost"]


def test_goodbye_passes_in_the_lobby_in_both_directions() -> None:
    """Who gives up waiting is not taken for lost."""
    bench = lobby()
    assert bench.say(Goodbye()) == Goodbye()
    bench.channel.say_goodbye(now=0.0)
    assert bench.hear() == [Goodbye()]
