"""What comes before the messages: hellos, suites, and what is bound; attacks have their own file in tests/security."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from peer.crypto.handshake import FINGERPRINT_BYTES, SUITES, Handshake
from peer.errors import BadSetting

from ...support.fuzz import fuzz
from .link_pair import ANNA, BODO, TOPIC, Doorman, Pair, initiator, responder
from .raw_side import HELLO, HYBRID_HELLO, RawSide, prologue, proof
from .test_exchange import dies_of


def test_both_suites_are_offered_and_the_better_one_taken() -> None:
    pair = Pair(initiator(suites=SUITES), responder(suites=SUITES)).run()
    assert pair.frames[:2] == [b"\x00speaktube\x01\x01\x02"] * 2
    assert [end.suite for end in pair.ends] == [2, 2]


@pytest.mark.parametrize(
    ("ours", "theirs", "suite"), [((1,), SUITES, 1), (SUITES, (1,), 1), ((2,), SUITES, 2), (SUITES, (2,), 2)]
)
def test_highest_suite_in_common_is_taken(ours: tuple[int, ...], theirs: tuple[int, ...], suite: int) -> None:
    ends = Pair(initiator(suites=ours), responder(suites=theirs)).run().ends
    assert [end.suite for end in ends] == [suite, suite]


@pytest.mark.parametrize(("ours", "theirs"), [((1,), (2,)), ((2,), (1,))])
def test_without_a_suite_in_common_there_is_no_link(ours: tuple[int, ...], theirs: tuple[int, ...]) -> None:
    """So a minimum of 2 refuses whoever has suite 1 only."""
    pair = Pair(initiator(suites=ours), responder(suites=theirs))
    pair.greet()
    assert "no suite" in dies_of(pair.left, pair.frames[1])
    assert "no suite" in dies_of(pair.right, pair.frames[0])


# ---- no identity falls below its best suite


def test_initiator_refuses_an_identity_below_its_best_suite_before_it_shows_itself() -> None:
    doorman = Doorman()
    pair = Pair(initiator(best_suite={BODO.member_id: 2}.__getitem__, authorise=doorman))
    pair.greet()
    pair.swap_hellos()
    pair.pass_message_1()
    assert "better suite" in dies_of(pair.left, pair.frames[3])
    assert doorman.asked == []


def test_responder_refuses_an_identity_below_its_best_suite() -> None:
    doorman = Doorman()
    pair = Pair(right=responder(best_suite={ANNA.member_id: 2}.__getitem__, authorise=doorman))
    for step in (pair.greet, pair.swap_hellos, pair.pass_message_1, pair.pass_message_2):
        step()
    assert "better suite" in dies_of(pair.right, pair.frames[4])
    assert doorman.asked == []


@pytest.mark.parametrize("best", [0, 1, 2])
def test_identity_at_its_best_suite_is_welcome(best: int) -> None:
    suites = {"suites": SUITES, "best_suite": lambda _: best}
    assert Pair(initiator(**suites), responder(**suites)).run().ends[0].suite == 2


# ---- who is let in


def _shown_to(left: Handshake, right: Handshake) -> tuple[Handshake, bytes]:
    """The left side, and the message in which the right one shows itself."""
    pair = Pair(left, right)
    for step in (pair.greet, pair.swap_hellos, pair.pass_message_1):
        step()
    return left, pair.frames[3]


def test_identity_not_wanted_is_refused() -> None:
    doorman = Doorman(admits=False)
    assert "not wanted" in dies_of(*_shown_to(initiator(authorise=doorman), responder()))
    assert doorman.asked == [BODO.member_id]


def test_own_identity_is_refused_and_nobody_asked() -> None:
    doorman = Doorman()
    assert "our own" in dies_of(*_shown_to(initiator(authorise=doorman), responder(identity=ANNA)))
    assert doorman.asked == []


# ---- unknown suites


NEWER = HELLO[:-1] + b"\x00\x01\x02\x09"


def test_initiator_ignores_unknown_suites_of_a_newer_peer() -> None:
    """Its whole hello is bound, and suite 1 is still the highest in common."""
    handshake = initiator()
    raw = RawSide(b"R", prologue(hellos=(HELLO, NEWER)))
    handshake.start()
    (message_1,) = handshake.receive(NEWER)
    raw.read(message_1[1:])
    message_2 = raw.write()
    handshake.receive(b"\x02" + message_2 + raw.seal_auth(proof(BODO.export_seed(), role=b"R", h=raw.h)))
    assert handshake.established is not None
    assert handshake.established.suite == 1


def test_responder_ignores_unknown_suites_of_a_newer_peer() -> None:
    handshake = responder()
    raw = RawSide(b"I", prologue(hellos=(NEWER, HELLO)))
    handshake.start()
    handshake.receive(NEWER)
    (message_2,) = handshake.receive(b"\x01" + raw.write())
    raw.read(message_2[1:49])
    handshake.receive(b"\x03" + raw.seal_auth(proof(ANNA.export_seed(), role=b"I", h=raw.h)))
    assert handshake.established is not None
    assert handshake.established.suite == 1


# ---- what cannot be bound is our own side's mistake


@pytest.mark.parametrize("length", [0, 31, 33, 95])
@pytest.mark.parametrize("which", ["local_fingerprint", "remote_fingerprint"])
def test_fingerprint_of_another_length_is_refused(which: str, length: int) -> None:
    with pytest.raises(BadSetting, match=f"{FINGERPRINT_BYTES} bytes"):
        initiator(**{which: bytes(length)})


@pytest.mark.parametrize("suites", [(), (3,), (1, 2, 3), (0, 1)])
def test_suite_that_we_do_not_have_is_refused(suites: tuple[int, ...]) -> None:
    with pytest.raises(BadSetting, match="suite"):
        initiator(suites=suites)


def test_gate_of_another_length_is_refused() -> None:
    handshake = initiator(gate=bytes(31))
    handshake.start()
    with pytest.raises(BadSetting, match="gate"):
        handshake.receive(HELLO)


# ---- the hello


def _greeted(make: Callable[[], Handshake]) -> Handshake:
    handshake = make()
    handshake.start()
    return handshake


BOTH_SIDES = pytest.mark.parametrize("make", [initiator, responder])


@BOTH_SIDES
@fuzz
@given(data=st.binary(max_size=80))
def test_any_bytes_but_a_hello_end_it_for_good(make: Callable[[], Handshake], data: bytes) -> None:
    dies_of(_greeted(make), data)


@BOTH_SIDES
@fuzz
@given(suites=st.binary(max_size=60))
def test_any_suites_are_either_chosen_from_or_refused(make: Callable[[], Handshake], suites: bytes) -> None:
    hello = HELLO[:-1] + suites
    if 1 in suites and len(hello) <= 64:
        _greeted(make).receive(hello)
    else:
        dies_of(_greeted(make), hello)


@BOTH_SIDES
@pytest.mark.parametrize(
    ("hello", "reason"),
    [
        (b"", "not a hello"),
        (HELLO[:10], "not a hello"),
        (b"\x00speaktube\x02\x01", "not a hello"),
        (b"\x00speaktubf\x01\x01", "not a hello"),
        (b"\x01" + HELLO[1:], "not a hello"),
        (HELLO + bytes(53), "not a hello"),
        (HELLO[:11], "no suite"),
        (HELLO[:11] + b"\x00\x02\xff", "no suite"),
    ],
)
def test_hello_of_another_protocol_version_or_suite_ends_it(
    make: Callable[[], Handshake], hello: bytes, reason: str
) -> None:
    assert reason in dies_of(_greeted(make), hello)


def test_longest_hello_is_still_read() -> None:
    assert _greeted(responder).receive(HELLO + bytes(52)) == []


def test_hello_with_other_suites_is_another_prologue() -> None:
    """Though the same suite is chosen."""
    pair = Pair(right=responder(suites=SUITES))
    pair.greet()
    pair.right.receive(HELLO)
    (message_1,) = pair.left.receive(HYBRID_HELLO + b"\x01")
    assert "tag" in dies_of(pair.right, message_1)


def test_topic_is_bound() -> None:
    assert TOPIC.encode() in prologue()
    pair = Pair(right=responder(topic="another"))
    pair.greet()
    pair.swap_hellos()
    assert "tag" in dies_of(pair.right, pair.frames[2])
