"""What is said in a room as its user sees it: ids, statuses, and what becomes of a message."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from peer.config import Config
from peer.core.messages import MUTED_ROW
from peer.errors import BadSetting, MessageTooLarge, NotAllowed
from peer.events import (
    AuthorForked,
    Message,
    MessageDeleted,
    MessageEdited,
    MessagePinned,
    MessageVanished,
    ReactionChanged,
    SlowModeChanged,
    StatusChanged,
    TitleChanged,
    UnreadChanged,
)
from peer.ids import MessageId
from peer.log.event import EventId
from peer.messages import news
from peer.messages.receipts import Status
from peer.messages.said import decode_said, stripped

from ...support.network import Network, Node
from ...support.spoken import Speech


def pair(config: Config | None = None) -> tuple[Network, Node, Node]:
    """Ann, who owns the room, and bob."""
    network = Network(config=config)
    ann, bob = network.room_of("ann", "bob")
    return network, ann, bob


def alone() -> tuple[Network, Node]:
    network = Network()
    return network, network.join(network.node("ann"))


def settle(network: Network, node: Node) -> None:
    node.do(lambda mesh: mesh.settle(now=network.now))
    network.run(1)


def test_edit_is_seen_as_such() -> None:
    """Under the id of the message."""
    network, ann, bob = pair()
    sent = ann.send("ahoi")
    ann.mesh.messages.edit(sent.id, "ahoy", now=network.now)
    settle(network, ann)
    [edited] = bob.events_of(MessageEdited)
    assert (edited.message.id, edited.message.text) == (sent.id, "ahoy")
    assert edited.message.edited_at is not None
    with pytest.raises(NotAllowed, match="its author can"):
        bob.mesh.messages.edit(sent.id, "no", now=network.now)


def test_deletion_takes_the_words_from_everybody() -> None:
    """Its place stays."""
    network, ann, bob = pair()
    sent = bob.send("oops")
    network.run(1)
    ann.mesh.messages.delete(sent.id, now=network.now)
    settle(network, ann)
    [deleted] = bob.events_of(MessageDeleted)
    assert (deleted.message.id, deleted.message.text, deleted.message.is_deleted) == (sent.id, "", True)


def test_message_that_came_without_its_words_is_told_with_them() -> None:
    """Else whoever passes it on decides that nobody hears it: to a bot it would be one that was taken back."""
    network, _, bob = pair()
    [data] = Speech("ann", bob.mesh.membership, process=1).say("at midnight").events
    said = decode_said(data, room_id=bob.mesh.membership.room_id)
    assert said is not None
    bob.mesh._plane.history.journal.receive([stripped(said).encoded], now_ms=bob.mesh._plane.history.wall_ms())
    settle(network, bob)
    assert bob.texts() == []
    bob.mesh._plane.history.journal.receive([data], now_ms=bob.mesh._plane.history.wall_ms())
    settle(network, bob)
    assert bob.texts() == ["at midnight"]
    assert bob.events_of(MessageEdited) == []


def test_message_that_lacks_its_words_is_no_news_whatever_becomes_of_it() -> None:
    network, _, bob = pair()
    [data] = Speech("ann", bob.mesh.membership, process=1).say("at midnight").events
    said = decode_said(data, room_id=bob.mesh.membership.room_id)
    assert said is not None
    bob.mesh._plane.history.journal.receive([stripped(said).encoded], now_ms=bob.mesh._plane.history.wall_ms())
    settle(network, bob)
    view = bob.mesh._plane.history.journal.projection.views[said.id]
    messages = bob.mesh.messages
    for fact in (news.Changed(replace(view, is_pinned=True), view), news.Vanished(said.id)):
        assert list(messages._tell(fact)) == []
    assert list(messages._tell(news.Vanished(said.id))) != []


def test_reactions_come_and_go() -> None:
    """Each is told with who gave it."""
    network, ann, bob = pair()
    sent = ann.send("ahoy")
    network.run(1)
    for is_on in (True, False):
        bob.mesh.messages.react(sent.id, "👍", is_custom=False, is_on=is_on, now=network.now)
        settle(network, bob)
    given, taken = ann.events_of(ReactionChanged)
    assert (given.emoji, given.is_on, given.member.name, taken.is_on) == ("👍", True, "bob", False)
    assert [each.members for each in given.message.reactions] == [(bob.mesh.membership.me,)]
    assert taken.message.reactions == ()


def test_pins_titles_and_slow_mode_are_for_those_who_may() -> None:
    """Refusals say who may; what was done is told."""
    network, ann, bob = pair()
    sent = ann.send("ahoy")
    network.run(1)
    with pytest.raises(NotAllowed, match="owners"):
        bob.mesh.messages.pin(sent.id, is_on=True, now=network.now)
    with pytest.raises(NotAllowed, match="owners"):
        bob.mesh.messages.set_title("Mine", now=network.now)
    with pytest.raises(NotAllowed, match="owners"):
        bob.mesh.messages.set_slow_mode(5, now=network.now)
    ann.mesh.messages.pin(sent.id, is_on=True, now=network.now)
    ann.mesh.messages.set_title("Bridge", now=network.now)
    ann.mesh.messages.set_slow_mode(5, now=network.now)
    settle(network, ann)
    assert [event.message.is_pinned for event in bob.events_of(MessagePinned)] == [True]
    assert bob.events_of(TitleChanged) == [TitleChanged("Bridge")]
    assert bob.events_of(SlowModeChanged) == [SlowModeChanged(5)]
    assert (bob.mesh.title, bob.mesh.messages.slow_mode_s) == ("Bridge", 5)


def test_reading_is_told_to_the_author() -> None:
    """Statuses rise to read."""
    network, ann, bob = pair(Config(receipts_after_s=0.1))
    sent = ann.send("ahoy")
    network.run(1)
    assert bob.mesh.messages.unread == 1
    bob.mesh.messages.mark_read(sent.id, now=network.now)
    settle(network, bob)
    assert [(event.message_id, event.status) for event in ann.events_of(StatusChanged)] == [
        (sent.id, "delivered"),
        (sent.id, "read"),
    ]
    assert bob.events_of(UnreadChanged) == [UnreadChanged(1), UnreadChanged(0)]
    assert ann.mesh.messages.page(limit=1)[0].status == "read"


def test_draft_can_be_changed_and_taken_back() -> None:
    """Without a trace; nothing else refers to it before it is sent."""
    network, ann = alone()
    first, second = ann.send("one"), ann.send("two")
    ann.mesh.messages.edit(first.id, "eins", now=network.now)
    ann.mesh.messages.delete(second.id, now=network.now)
    with pytest.raises(BadSetting, match="waits for somebody"):
        ann.mesh.messages.react(first.id, "👍", is_custom=False, is_on=True, now=network.now)
    assert [(each.text, each.status) for each in ann.mesh.messages.drafts()] == [("eins", "draft")]
    bob = network.join(network.node("bob"))
    network.run(1)
    assert bob.texts() == ["eins"]
    ann.mesh.messages.edit(first.id, "uno", now=network.now)
    settle(network, ann)
    assert [event.message.text for event in bob.events_of(MessageEdited)] == ["uno"]


def test_reply_names_its_message() -> None:
    """Also one that is written alone."""
    network, ann, bob = pair()
    sent = ann.send("ahoy")
    network.run(1)
    answer = bob.mesh.messages.send("back", reply_to=sent.id, now=network.now)
    settle(network, bob)
    bob.leave()
    network.run(1)
    draft = ann.mesh.messages.send("gone?", reply_to=answer.id, now=network.now)
    assert [message.reply_to for message in ann.events_of(Message)] == [answer.reply_to] == [sent.id]
    assert (draft.status, draft.reply_to) == ("draft", answer.id)


def test_messages_that_nobody_knows_are_refused() -> None:
    """By a sentence."""
    network, ann, _ = pair()
    for name in ("no hex", "00" * 32):
        with pytest.raises(BadSetting):
            ann.mesh.messages.delete(MessageId(name), now=network.now)
    with pytest.raises(BadSetting, match="not here any more"):
        ann.mesh.messages.place_of(MessageId("00" * 32))
    with pytest.raises(MessageTooLarge):
        ann.mesh.messages.send("x" * 9000, now=network.now)
    with pytest.raises(BadSetting, match="surrogate"):
        ann.mesh.messages.send("\ud800", now=network.now)


def test_history_of_before_is_marked() -> None:
    """What was said before somebody came, and what it missed."""
    network, ann, bob = pair()
    ann.send("early")
    bob.leave()
    network.run(1)
    cy = network.join(network.node("cy"))
    network.run(1)
    network.cut(ann, cy)
    network.stop_server()
    ann.send("meanwhile")
    network.start_server()
    network.run(5)
    ann.send("late")
    network.run(1)
    heard = [(message.text, message.arrival) for message in cy.events_of(Message)]
    assert heard == [("early", "history"), ("meanwhile", "live"), ("late", "live")]


def test_pages_go_backwards() -> None:
    """Newest first."""
    _, ann, _ = pair()
    for number in range(5):
        ann.send(str(number))
    messages = ann.mesh.messages
    newest = messages.page(limit=2)
    older = messages.page(messages.place_of(newest[-1].id), limit=9)
    assert [message.text for message in (*newest, *older)] == ["4", "3", "2", "1", "0"]
    view = ann.mesh._plane.history.page(limit=1)[0]
    assert messages.as_message(view) == newest[0]


def test_rare_facts_are_told() -> None:
    """A message that vanished, a draft that can never be said, a key that contradicts itself."""
    _, ann, bob = pair()
    messages = ann.mesh.messages
    sent = ann.send("ahoy")
    raw = EventId(bytes.fromhex(sent.id))
    key = ann.mesh._plane.history.journal.me
    facts: list[news.Fact] = [news.Vanished(raw), news.Dropped(b"12345678"), news.Forked(bytes(32))]
    facts.append(news.StatusRaised(EventId(bytes(32)), Status.READ))  # of an edit, which is no message
    told = [event for fact in facts for event in messages._tell(fact)]
    assert len(told) == 3
    assert told[:2] == [MessageVanished(sent.id), StatusChanged(MessageId(b"12345678".hex()), "failed")]
    assert isinstance(told[2], AuthorForked)
    assert told[2].member.name == "nameless"
    assert messages.name_of(key) == "ann"
    assert messages.name_of(bob.mesh.membership.me) == "bob"


def test_aliases_of_drafts_are_bounded() -> None:
    """The oldest are forgotten; their messages keep the id that everybody knows."""
    _, ann = alone()
    messages = ann.mesh.messages
    messages._aliases.update({number.to_bytes(8, "big"): None for number in range(2**40, 2**40 + 4096)})  # type: ignore[misc]
    draft = ann.send("one")
    network = ann.network
    network.join(network.node("bob"))
    network.run(1)
    assert len(messages._aliases) == 4096
    assert bytes.fromhex(draft.id) in messages._aliases


def test_what_was_dealt_with_and_whether_the_room_is_muted_is_kept() -> None:
    """In rows of their own, once."""
    network, ann, bob = pair()
    sent = ann.send("ahoy")
    network.run(1)
    messages = bob.mesh.messages
    before = len(bob.kept)
    for _ in range(2):
        messages.finish(sent.id)
        messages.mute(True)
        settle(network, bob)
    rows = [key for changes in bob.kept[before:] for key in changes.registers if key[:1] in {b"h", MUTED_ROW}]
    assert sorted(rows) == [b"h", MUTED_ROW]
    assert messages.is_muted


def test_notice_says_whether_a_message_answers_us() -> None:
    """Or somebody else, or what is not here; none for what came before us."""
    network, ann, bob = pair()
    asked = bob.send("anybody?")
    network.run(1)
    own = ann.send("me")
    network.run(1)
    for reply_to in (asked.id, own.id):
        ann.do(lambda mesh, to=reply_to: mesh.speak().send("answer", reply_to=to, now=network.now))  # type: ignore[misc]
        settle(network, ann)
    assert [message.notice for message in bob.events_of(Message)] == ["message", "reply", "message"]


def test_slow_mode_says_when_it_is_our_turn() -> None:
    network, ann, bob = pair()
    ann.mesh.messages.set_slow_mode(3600, now=network.now)
    settle(network, ann)
    assert bob.mesh.messages.may_speak_at is None
    bob.send("one")
    turn = bob.mesh.messages.may_speak_at
    assert turn is not None
    assert turn.timestamp() % 3600 == 0


def test_title_that_steers_a_terminal_is_cleaned() -> None:
    """Whoever may set it may be anybody, and may have another program."""
    network, ann, bob = pair()
    ann.mesh.messages.set_title("\x1b[2JBri\u202edge\n", now=network.now)
    settle(network, ann)
    assert (bob.mesh.title, ann.mesh.title) == ("[2JBri dge", "[2JBri dge")
    assert bob.events_of(TitleChanged) == [TitleChanged("[2JBri dge")]
