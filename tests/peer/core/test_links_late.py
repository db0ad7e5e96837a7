"""The links of one room: what comes late, early, or for a link that is no more. The rest is in test_links."""

from __future__ import annotations

from peer.core.contact import Changed, Linked, Streamed, Unlinked
from peer.core.machine import CloseLink, SendSignal, Transmit
from peer.crypto.handshake import Role
from peer.ports import Channel
from peer.wire.frames import FloodNotice, Heartbeat, StreamOpen

from ...support.insider import THEIR_FINGERPRINTS
from ...support.links import CHAT, Bench, bob


def test_offer_of_ours_becomes_a_link_by_their_answer() -> None:
    """Once: a report about a link that was given up since changes nothing."""
    bench, other = Bench(), bob()
    link = bench.offering()
    bench.hear(other, "answer", attempt=link.attempt)
    bench.links.answer_accepted(link, THEIR_FINGERPRINTS, now=bench.now)
    bench.shake(other, link, role=Role.RESPONDER)
    bench.say(other, link, other.introduction())
    [linked] = bench.take(Linked)
    assert linked.member == other.member_id
    bench.links.cut(link, "enough", now=bench.now)
    bench.drain()
    bench.seen.clear()
    bench.links.answer_created(link, "late", THEIR_FINGERPRINTS, now=bench.now)
    bench.links.answer_accepted(link, THEIR_FINGERPRINTS, now=bench.now)
    bench.links.link_opened(link, now=bench.now)
    bench.links.link_closed(link, now=bench.now)
    bench.links.receive(link, Channel.EVENTS, b"late", now=bench.now)
    assert bench.drain() == []


def test_stream_that_overtakes_the_introduction_is_heard_after_it() -> None:
    """Each channel keeps an order of its own."""
    bench, other = Bench(), bob()
    link = bench.answering(other)
    bench.shake(other, link, role=Role.INITIATOR)
    first, second = StreamOpen(0, "a", None), StreamOpen(1, "b", None)
    bench.say(other, link, first, channel=Channel.BULK)
    assert bench.take(Streamed) == []
    bench.say(other, link, other.introduction())
    bench.say(other, link, second, channel=Channel.BULK)
    assert [streamed.frame for streamed in bench.take(Streamed)] == [first, second]


def test_frame_for_an_open_link_is_sent_on_it() -> None:
    bench, other = Bench(), bob()
    link = bench.linked(other)
    bench.take(Transmit)
    bench.links.send_on(link, CHAT, now=bench.now)
    assert [transmit.link for transmit in bench.take(Transmit)] == [link]


def test_dismissed_link_is_ended_as_a_flood() -> None:
    """Whoever judges what comes over it may say so."""
    bench, other = Bench(), bob()
    link = bench.linked(other)
    bench.links.dismiss(link, now=bench.now)
    assert bench.take(Unlinked) == [Unlinked(other.member_id, "flooded")]
    assert len(bench.take(CloseLink)) == 1


def test_one_who_cuts_us_and_has_left_the_server_is_not_tried_again() -> None:
    """There is no next try that its pause could put off."""
    bench, other = Bench(), bob()
    link = bench.linked(other)
    bench.links.attempts.peer_left(other.peer_id, now=bench.now)
    bench.say(other, link, FloodNotice(30))
    assert bench.take(Unlinked) == [Unlinked(other.member_id, "cut")]
    bench.take(SendSignal)
    bench.wait(120)
    assert bench.take(SendSignal) == []


def test_suspect_link_that_shows_a_sign_is_linked_again() -> None:
    """Any frame that is theirs will do."""
    bench, other = Bench(), bob()
    link = bench.linked(other)
    bench.take(Changed)
    bench.wait(3)
    bench.say(other, link, Heartbeat(), channel=Channel.EPHEMERAL)
    assert [change.state for change in bench.take(Changed)] == ["suspect", "linked"]
