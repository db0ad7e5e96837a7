"""Attacks on single message events, and on their logs (README.md, Events): what the door lets in, and at what cost."""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Iterable

import msgspec
import pytest

from peer.crypto.identity import verify
from peer.log.chains import Refusal
from peer.log.control import Level
from peer.log.event import MAX_EVENT_BYTES, MAX_SEQ, EventId, hlc_at
from peer.messages.bodies import Reaction, Text
from peer.messages.compare import decode_part, digest_of, encode_parts, missing
from peer.messages.door import Door, Intake
from peer.messages.rules import Rules
from peer.messages.said import Said
from peer.messages.window import Limits

from ..peer.log.replicas import NOW_MS, Room, public_key
from ..peer.messages.desks import PUBLIC_ROOM, Desk, MessagePen, holding, public_pen
from ..support.keys import identity

ORDER_OF_ED25519 = 2**252 + 27742317777372353535851937790883648493


class Gate:
    """A way in that counts what it spends."""

    def __init__(self, *, rules: Rules | None = None, limits: Limits | None = None, room: bytes = PUBLIC_ROOM) -> None:
        self.checks = 0
        self.holdings = holding([], rules=rules, limits=limits)
        self.door = Door(self.holdings, room_id=room, verify=self._verify)  # type: ignore[arg-type]

    def _verify(self, public_key: bytes, label: bytes, signature: bytes, data: bytes) -> bool:
        self.checks += 1
        return verify(public_key, label, signature, data)

    def take(self, *encoded: bytes, now_ms: int = NOW_MS) -> Intake:
        return self.door.receive(encoded, now_ms=now_ms)

    def tell(self, said: Iterable[Said]) -> Intake:
        return self.take(*(each.encoded for each in said))

    @property
    def digest(self) -> bytes:
        return digest_of(self.holdings, 0)


def test_any_byte_of_a_message_changed_is_refused() -> None:
    """In header, signature, body or framing: nothing of it is kept, and it is nobody's honest mistake."""
    encoded = public_pen("ann").write("ahoy").encoded
    for position, bit in itertools.product(range(len(encoded)), (1, 0x80)):
        gate, changed = Gate(), bytearray(encoded)
        changed[position] ^= bit
        intake = gate.take(bytes(changed))
        assert intake.accepted == []
        assert gate.holdings.logs.held == {}
        assert [reason for _, reason in intake.refused] != []


def test_words_put_into_anothers_mouth_are_refused() -> None:
    said = public_pen("bob").write("what bob said")
    intake = Gate().take(said.encoded.replace(public_key("bob"), public_key("ann")))
    assert [reason for _, reason in intake.refused] == [Refusal.SIGNATURE]
    assert intake.is_hostile


def test_message_of_another_room_is_refused() -> None:
    """Its author said it, and not here."""
    there = MessagePen(identity("ann"), incarnation=b"by hand!", now_ms=NOW_MS, room_id=Room().id)
    gate = Gate()
    assert gate.tell([there.write("between us")]).is_hostile
    assert gate.holdings.logs.held == {}


def test_message_told_again_is_free() -> None:
    """However often, by however many: one signature is checked, and nothing is news a second time."""
    gate, said = Gate(), public_pen("ann").write("ahoy")
    assert [each.id for each in gate.take(said.encoded, said.encoded).accepted] == [said.id]
    for _ in range(50):
        assert gate.tell([said]) == Intake()
    assert gate.checks == 1


def test_hole_in_a_log_is_seen() -> None:
    """What is behind it is shown, but nothing is called delivered, and whoever holds the rest is asked for it."""
    desk = Desk(bob=Level.MEMBER)
    texts = desk.pen("bob").texts(3)
    desk.tell("ann", [texts[0], texts[2]])
    assert desk["ann"].progress.ours.of(texts[0].log).delivered == 1
    [part] = encode_parts(desk["ann"].holdings, 0)
    assert missing(decode_part(part, max_bytes=2**16), holding(texts, rules=desk.rules()), 0) == [texts[1]]


def test_message_with_a_wrong_predecessor_is_seen() -> None:
    """It is a second statement of what stood there: the log is cut below, and its author is named."""
    pen = public_pen("ann")
    first = pen.write("1")
    second, odd = pen.write("2"), pen.write("3", prev=b"x" * 32)
    gate = Gate()
    gate.tell([first, second])
    [fork] = gate.tell([odd]).forks
    assert (fork.log.author, fork.seq) == (public_key("ann"), 2)
    assert list(gate.holdings.logs.held) == [first.id]


def test_truncated_tail_of_a_log_is_seen() -> None:
    """Whoever was shown less than others finds out by the first digest it compares."""
    texts = public_pen("ann").texts(4)
    less, whole = holding(texts[:2]), holding(texts)
    assert digest_of(less, 0) != digest_of(whole, 0)
    [part] = encode_parts(less, 0)
    assert missing(decode_part(part, max_bytes=2**16), whole, 0) == [texts[3], texts[2]]


@pytest.mark.parametrize("batch", [1, 2, 4])
def test_two_messages_in_one_place_get_the_same_verdict_in_any_order(batch: int) -> None:
    """Whoever hears of both, in whatever order and batches, cuts in the same place and holds the same."""
    pen = public_pen("ann")
    first = pen.write("1")
    ours = [pen.write("2"), pen.write("3")]
    theirs = [pen.write("2'", after=first), pen.write("3'")]
    digests = set()
    for order in itertools.permutations([*ours, *theirs]):
        gate = Gate()
        gate.tell([first])
        for start in range(0, len(order), batch):
            gate.tell(order[start : start + batch])
        [fork] = gate.holdings.logs.forks.values()
        assert fork.seq == 2
        digests.add(gate.digest)
    assert len(digests) == 1


def test_malleated_signature_makes_no_second_message() -> None:
    """S + L is another spelling of the same signature: the id does not cover it, and the check refuses it."""
    said, gate = public_pen("ann").write("ahoy"), Gate()
    signature = said.event.signature
    s = int.from_bytes(signature[32:], "little") + ORDER_OF_ED25519
    other = said.encoded.replace(signature, signature[:32] + s.to_bytes(32, "little"))
    assert [reason for _, reason in gate.take(other).refused] == [Refusal.SIGNATURE]
    assert gate.tell([said]).is_news
    assert gate.take(other) == Intake()
    assert gate.holdings.logs.held[said.id].encoded == said.encoded


def test_stranger_and_oversize_cost_no_signature_check() -> None:
    """Nor one from the future, nor one that is none, nor the words of a member under too large a frame."""
    desk = Desk(bob=Level.MEMBER)
    gate = Gate(rules=desk.rules(), room=desk.room.id)
    said = desk.pen("bob").write("ahoy")
    padded = msgspec.msgpack.encode([said.event.signed, said.event.signature, said.event.body + bytes(MAX_EVENT_BYTES)])
    late = desk.pen("bob").write("to come", hlc=hlc_at(NOW_MS + 3_600_000))
    intake = gate.take(desk.pen("eve").write("let me in").encoded, padded, b"junk", late.encoded)
    reasons = Counter(reason for _, reason in intake.refused)
    assert reasons == {Refusal.STRANGER: 1, Refusal.MALFORMED: 2, Refusal.FUTURE: 1}
    assert gate.checks == 0


def test_message_from_the_future_waits_and_moves_no_clock() -> None:
    """More than 120 s ahead it is not taken yet; what an honest member says meanwhile is dated as before."""
    desk, ahead_ms = Desk(bob=Level.MEMBER), 600_000
    late = desk.pen("bob").write("from tomorrow", hlc=hlc_at(desk.room.now_ms + ahead_ms))
    intake = desk["ann"].receive([late.encoded], now_ms=desk.room.now_ms)
    assert intake.has_left_over
    assert desk["ann"].projection.views == {}
    assert desk.say("ann", "today").hlc < late.hlc
    [taken] = desk["ann"].receive([late.encoded], now_ms=desk.room.now_ms + ahead_ms).accepted
    assert taken.id == late.id


def test_message_of_a_huge_number_is_one_message() -> None:
    """It makes no room for those before it, and says of none of them that it is there."""
    desk = Desk(bob=Level.MEMBER)
    far = desk.pen("bob").write("the last of all", seq=MAX_SEQ, prev=b"x" * 32)
    desk.tell("ann", [far])
    assert desk["ann"].progress.ours.of(far.log).delivered == 0
    assert len(desk["ann"].holdings.logs.held) == 1
    [part] = encode_parts(desk["ann"].holdings, 0)
    assert len(part) < 200
    beyond = msgspec.msgpack.encode([far.event.signed.replace(b"\xce\xff\xff\xff\xff", b"\xcf" + b"\xff" * 8),
                                     far.event.signature, far.event.body])  # fmt: skip
    assert [reason for _, reason in desk["ann"].receive([beyond], now_ms=NOW_MS).refused] == [Refusal.MALFORMED]


def test_many_events_about_one_message_are_bounded() -> None:
    """Or about messages that nobody ever said: the share of one author has an end, and others' still fit."""
    limits = Limits(max_about=12, max_about_of_author=8, slack=0)
    desk = Desk(limits=limits, bob=Level.MEMBER, cyd=Level.MEMBER)
    text = desk.say("ann", "ahoy")
    nothing = public_pen("ann").write("never told")
    pen = desk.pen("bob")
    flood = [pen.write(Reaction(f"e{number}", True, True), ref=ref) for number in range(20) for ref in (text, nothing)]
    for start in range(0, len(flood), 8):
        desk.tell("ann", flood[start : start + 8])
    assert len(desk["ann"].holdings.logs.held) <= 1 + limits.max_about_of_author
    honest = desk.pen("cyd").write(Reaction("👍", False, True), ref=text)
    desk.tell("ann", [honest])
    assert honest.id in desk["ann"].holdings.logs.held


def test_void_messages_of_somebody_removed_are_bounded() -> None:
    """It goes on writing; what is kept of it has an end, and none of it is shown or passed on."""
    desk = Desk(limits=Limits(max_void=8, slack=0), bob=Level.MEMBER)
    pen = desk.pen("bob")
    desk.room.kick("bob")
    desk.learn("ann")
    intake = desk["ann"].receive([pen.write(f"{number}").encoded for number in range(40)], now_ms=desk.room.now_ms)
    assert intake.accepted == []
    assert desk["ann"].holdings.void_count <= 8
    assert desk["ann"].projection.views == {}
    assert missing(decode_part(encode_parts(holding([]), 0)[0], max_bytes=2**16), desk["ann"].holdings, 0) == []


def test_answer_to_what_nobody_said_leads_nowhere() -> None:
    """It is shown as a message, and asks nothing of anybody."""
    desk, pen = Desk(bob=Level.MEMBER), public_pen("ann")
    answer = desk.pen("bob").write(Text("as you said"), ref=pen.write("never told"))
    desk.tell("ann", [answer])
    assert desk["ann"].projection.views[answer.id].text == "as you said"
    assert desk["ann"].holdings.get(EventId(answer.event.header.ref.id)) is None  # type: ignore[union-attr]
