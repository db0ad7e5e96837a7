"""Who is let out of the lobby, who waits there, and who is shown the door."""

from __future__ import annotations

from typing import Any, TypeGuard

from hypothesis import given, settings
from hypothesis import strategies as st

from peer.config import Config
from peer.core.governance import Entered, Removed, TurnedAway, Waiting
from peer.core.lobby import Cut, Lobby, Order, Tell
from peer.core.machine import LinkId
from peer.core.membership import InviteSeed, Membership
from peer.ids import PeerId
from peer.wire.frames import ControlDigest, ControlEvents, ControlMore, ControlSummary, Knock

from ...support.keys import OPEN_INVITE, START_MS, identity, membership_of, private_room
from ...support.lobbies import Hall, Inmate

LINK = LinkId(PeerId("bob"), b"attempt.")
SINGLE = InviteSeed(b"seed for one....", is_open=False)


def hall_of(*names: str, config: Config | None = None) -> tuple[Hall, list[Inmate]]:
    """Everybody linked to everybody, and quiet."""
    hall = Hall(config=config)
    inmates = [hall.enter(name) for name in names]
    hall.connect_all()
    hall.run()
    return hall, inmates


def alone(*, config: Config | None = None) -> Hall:
    hall = Hall(config=config)
    hall.enter("ann")
    return hall


# ---- coming in


def test_guest_with_the_open_invite_is_greeted_by_the_owner() -> None:
    """And greets it: it has seen the genesis, the log, and that ann is a member by it."""
    _, (ann, bob) = hall_of("ann", "bob")
    assert ann.greets(bob)
    assert bob.greets(ann)
    assert Entered() in bob.facts
    assert ann.lobby.remotes() == {bob.id}


def test_members_whose_logs_are_level_greet_each_other_after_one_frame_each() -> None:
    """One round trip, of which the introduction rides on the second half."""
    hall, (ann, bob) = hall_of("ann", "bob")
    for wire in list(ann.wires.values()):
        hall.part(wire)
    wire = hall.connect(ann, bob)
    assert [type(frame) for end in (ann, bob) for frame in wire.on_its_way[end]] == [ControlDigest, ControlDigest]
    hall.step()
    hall.step()
    assert ann.greets(bob)
    assert bob.greets(ann)
    assert not hall.step()


def test_guests_who_came_by_one_link_become_members_for_each_other() -> None:
    """What is learned on one link is told on all."""
    _, inmates = hall_of("ann", "bob", "cy", "dan")
    for one in inmates:
        assert all(one.greets(other) for other in inmates if other is not one)
        assert one.membership.digest() == inmates[0].membership.digest()


def test_newcomer_tells_a_stranger_nothing_but_that_it_knows_nothing() -> None:
    """A ghost that answers gets neither a name nor a join: it is no member by what it shows."""
    hall = Hall()
    bob, ghost = hall.enter("bob"), hall.enter("mallory", membership_of("mallory"))
    ghost.membership.learn(private_room()[1])
    hall.connect(bob, ghost)
    hall.run()
    assert not bob.greets(ghost)
    assert not bob.lobby.has_heard_a_member
    assert bob.membership.genesis
    assert ghost.membership.export() == ()


def test_ghost_with_the_secret_alone_is_let_go_of_after_ten_seconds() -> None:
    """It may fetch the control log in that time; nobody greets it."""
    hall = alone()
    [ann] = hall.inmates
    ghost = hall.enter("mallory", membership_of("mallory", invite=None))
    wire = hall.connect(ann, ghost)
    hall.run()
    hall.wait(9.9)
    assert not ann.cut
    hall.wait(0.2)
    assert ann.cut[wire.link] == Cut(wire.link, "nothing to wait for")
    assert not ann.greeted
    assert not ghost.greeted


def test_guests_alone_wait_as_long_as_it_takes() -> None:
    """Neither knows whether the other is a ghost; when one is let in, the other has ten seconds more."""
    hall, (bob, cy) = hall_of("bob", "cy")
    hall.wait(3600)
    assert bob.wires
    assert not bob.greeted
    ann = hall.enter("ann")
    hall.connect(ann, bob)
    hall.run()
    assert not bob.cut
    hall.connect(ann, cy)
    hall.run()
    assert bob.greets(cy)
    assert cy.greets(bob)


def test_member_whose_invite_has_expired_since_is_a_member_for_newcomers() -> None:
    """Its join was in time when it was taken in; the newcomer takes a member's word for that, and no stranger's."""
    hall = alone()
    [ann] = hall.inmates
    single = ann.governance.invite(is_open=False, expires_ms=hall.wall_ms() + 60_000, now=hall.now)
    hall.settle(ann)
    bob = hall.enter("bob", membership_of("bob", invite=single))
    hall.connect(ann, bob)
    hall.run()
    hall.now += 3600
    cy = hall.enter("cy")
    hall.connect(bob, cy)
    hall.run()
    assert cy.greets(bob)
    assert cy.membership.digest() == bob.membership.digest()


# ---- waiting for an admin


def test_guest_who_has_to_wait_tells_members_its_name() -> None:
    """So that an admin knows whom to let in; strangers are told nothing."""
    hall = Hall()
    ann = hall.enter("ann", membership_of("ann", approve=True))
    bob = hall.enter("bob", membership_of("bob", approve=True))
    ghost = hall.enter("mallory", membership_of("mallory", approve=True, invite=None))
    hall.connect_all()
    hall.run()
    assert ann.lobby.names() == {bob.id: "bob"}
    assert ghost.lobby.names() == {}
    assert ann.facts.count(Waiting(bob.id)) == 1
    assert ann.governance.waiting == (bob.id,)
    hall.wait(3600)
    assert ann.wires[next(iter(bob.wires))].other(ann) is bob
    ann.governance.admit(bob.id, now=hall.now)
    hall.settle(ann)
    hall.run()
    assert ann.greets(bob)
    assert bob.greets(ann)


def test_invite_for_one_lets_in_the_first_and_turns_the_second_away() -> None:
    """By itself, where the owner's client is there."""
    hall = Hall()
    ann = hall.enter("ann", membership_of("ann", invite=SINGLE))
    bob, cy = (hall.enter(name, membership_of(name, invite=SINGLE)) for name in ("bob", "cy"))
    hall.connect(ann, bob)
    hall.run()
    assert bob.greets(ann)
    hall.connect(ann, cy)
    hall.run()
    assert TurnedAway("used") in cy.facts
    assert not ann.membership.is_member(cy.id)


# ---- going


def test_removed_member_is_cut_everywhere_at_once_and_knows_it() -> None:
    """Ann tells it and all others; nobody keeps a link to it, and it is let into no lobby again."""
    hall, (ann, bob, cy) = hall_of("ann", "bob", "cy")
    ann.governance.kick(bob.id, now=hall.now)
    hall.settle(ann)
    assert not ann.greets(bob)
    hall.run()
    assert Removed() in bob.facts
    assert [cut.is_removal for cut in cy.cut.values()] == [True]
    assert cy.greets(ann)
    assert not cy.wires.keys() & bob.wires.keys()
    for one in (ann, cy):
        hall.connect(one, bob)
        assert [cut.reason for cut in list(one.cut.values())[-1:]] == ["removed"]


def test_removal_reaches_those_who_were_apart() -> None:
    """When the partition heals."""
    hall, (ann, bob, cy) = hall_of("ann", "bob", "cy")
    for wire in list(ann.wires.values()):
        hall.part(wire)
    ann.governance.kick(bob.id, now=hall.now)
    hall.settle(ann)
    hall.run()
    assert cy.greets(bob)
    hall.connect(ann, cy)
    hall.run()
    assert not cy.greets(bob)
    assert cy.greets(ann)
    assert Removed() in bob.facts


# ---- bounds


def enter_alone(*, config: Config | None = None) -> Lobby:
    """Ann's lobby, with one stranger in it, who has been told the digest."""
    lobby = Lobby(membership_of("ann"), our_name="ann", config=config or Config(), wall_ms=lambda: START_MS)
    lobby.enter(LINK, identity("mallory").member_id, now=0.0)
    assert [type(order) for order in lobby.orders()] == [Tell]
    return lobby


def cuts(lobby: Lobby) -> list[str]:
    return [order.reason for order in lobby.orders() if isinstance(order, Cut)]


def test_control_frames_in_a_row_are_bounded() -> None:
    """Each may cost an answer; and after the cut nothing is answered any more."""
    lobby = enter_alone(config=Config(control_burst=5))
    for _ in range(5):
        lobby.receive(LINK, Knock("mallory"), now=0.0)
    assert cuts(lobby) == []
    for _ in range(3):
        lobby.receive(LINK, Knock("mallory"), now=0.0)
    assert lobby.orders() == [Cut(LINK, "flooded", is_flood=True)]


def test_questions_in_a_row_are_bounded_more_closely() -> None:
    """Each may have to be answered with the whole log."""
    lobby = enter_alone(config=Config(control_burst=16))
    for _ in range(2):
        lobby.receive(LINK, ControlSummary(False, b"", True), now=0.0)
    assert cuts(lobby) == []
    lobby.receive(LINK, ControlSummary(False, b"", True), now=0.0)
    assert cuts(lobby) == ["flooded"]


def test_events_that_are_held_already_are_bounded_too() -> None:
    """Each costs a hash; honest links repeat a whole log twice at most."""
    lobby = enter_alone(config=Config(max_control_events=2))
    held = membership_of("ann").export()
    for _ in range(4):
        lobby.receive(LINK, ControlEvents(b"", held, False), now=0.0)
    assert cuts(lobby) == []
    lobby.receive(LINK, ControlEvents(b"", held, False), now=0.0)
    assert cuts(lobby) == ["flooded"]


def test_name_is_taken_once() -> None:
    """Or whoever waits could make itself heard again and again."""
    lobby = enter_alone()
    for name in ("mallory", "bob"):
        lobby.receive(LINK, Knock(name), now=0.0)
    assert lobby.names() == {identity("mallory").member_id: "mallory"}
    assert lobby.version == 1


def test_events_that_cannot_be_taken_end_no_link() -> None:
    """Honest members hold what others refuse, be it for a quota: it is passed over, and not asked for again."""
    hall = alone()
    stranger = hall.enter("mallory", membership_of("mallory", owner="mallory"))
    lobby = enter_alone(config=Config(control_burst=17))
    events = stranger.membership.export()
    for _ in range(16):
        lobby.receive(LINK, ControlEvents(b"", events, False), now=0.0)
    assert lobby.orders() == []


def test_whole_log_is_sent_once_a_minute_in_the_lobby() -> None:
    """The question is small, and the answer need not be."""
    lobby = enter_alone()
    for now, answers in ((0.0, 1), (1.0, 0), (59.0, 0), (61.0, 1)):
        lobby.receive(LINK, ControlSummary(False, b"", True), now=now)
        assert len([order for order in lobby.orders() if isinstance(order, Tell)]) == answers


def test_long_answer_costs_the_asker_no_allowance() -> None:
    """What goes on with it was paid for by the question; more for nothing is counted."""
    hall = alone()
    [ann] = hall.inmates
    for _ in range(20):
        ann.governance.invite(is_open=False, expires_ms=0, now=0.0)
    config = Config(control_burst=9, answer_window=1)
    lobby = Lobby(Slow(ann.membership), our_name="ann", config=config, wall_ms=hall.wall_ms)  # type: ignore[arg-type]
    lobby.enter(LINK, identity("mallory").member_id, now=0.0)
    lobby.receive(LINK, ControlSummary(False, b"", True), now=0.0)
    for _ in range(20):
        lobby.receive(LINK, ControlMore(), now=0.0)
    assert [len(order.frame.events) for order in lobby.orders() if is_events(order)] == [1] * 21
    for _ in range(2):
        lobby.receive(LINK, ControlMore(), now=0.0)
    assert cuts(lobby) == ["flooded"]


class Slow:
    """A membership that puts each event into a frame of its own."""

    def __init__(self, membership: Membership) -> None:
        self._membership = membership

    def missing(self, _: bytes) -> list[list[bytes]]:
        return [[event] for event in self._membership.export()]

    def __getattr__(self, name: str) -> Any:
        return getattr(self._membership, name)


def is_events(order: Order) -> TypeGuard[Any]:
    return isinstance(order, Tell) and isinstance(order.frame, ControlEvents)


def test_members_compare_now_and_then() -> None:
    """With one of them, by a digest."""
    hall, (ann, _, _) = hall_of("ann", "bob", "cy")
    ann.lobby.handle_timeout(now=14.0)
    assert ann.lobby.orders() == []
    ann.lobby.handle_timeout(now=25.0)
    assert [type(order.frame) for order in ann.lobby.orders() if isinstance(order, Tell)] == [ControlDigest]
    for wire in list(ann.wires.values()):
        hall.part(wire)
    ann.lobby.handle_timeout(now=60.0)
    assert ann.lobby.next_deadline() is None


def test_newcomer_brings_no_join_but_its_own() -> None:
    """The other's is taken once who told us is a member."""
    hall = alone()
    [ann] = hall.inmates
    bob, cy = hall.enter("bob"), hall.enter("cy")
    wire = hall.connect(ann, bob)
    hall.connect(bob, cy)
    hall.run()
    assert ann.greets(bob)
    assert ann.membership.is_member(cy.id)
    assert wire.link in ann.wires


def test_gap_is_asked_about_once() -> None:
    """An event came before the one that it builds on, over another link: the one who sent it has both."""
    hall = alone()
    [ann] = hall.inmates
    lobby = Lobby(membership_of("bob"), our_name="bob", config=Config(), wall_ms=hall.wall_ms)
    lobby.enter(LINK, ann.id, now=0.0)
    lobby.receive(LINK, ControlEvents(ann.membership.genesis, ann.membership.export(), True), now=0.0)
    lobby.orders()
    for _ in range(2):
        ann.governance.invite(is_open=True, expires_ms=0, now=0.0)
    *_, last = ann.membership.export()
    lobby.receive(LINK, ControlEvents(b"", (last,), False), now=0.0)
    assert ControlSummary in [type(order.frame) for order in lobby.orders() if isinstance(order, Tell)]
    lobby.receive(LINK, ControlEvents(b"", (last,), False), now=0.0)
    assert ControlSummary not in [type(order.frame) for order in lobby.orders() if isinstance(order, Tell)]


def test_malformed_events_end_the_link_at_once() -> None:
    """Nobody honest sends them; the same for a genesis of another room."""
    for frame in (
        ControlEvents(b"", (b"rubbish",), False),
        ControlSummary(True, b"rubbish", True),
    ):
        lobby = enter_alone()
        lobby.receive(LINK, frame, now=0.0)
        assert cuts(lobby) == ["MalformedFrame"]


def test_lobby_is_bounded_and_the_idle_go_first() -> None:
    """Ghosts give way to ghosts; who waits for admission stays."""
    hall = Hall(config=Config(max_lobby_peers=2))
    ann = hall.enter("ann", membership_of("ann", approve=True))
    bob = hall.enter("bob", membership_of("bob", approve=True))
    hall.connect(ann, bob)
    hall.run()
    wires = []
    for number in range(4):
        ghost = hall.enter(f"ghost {number}", membership_of(f"ghost {number}", approve=True, invite=None))
        wires.append(hall.connect(ann, ghost))
        hall.run()
    assert [ann.cut[wire.link].reason for wire in wires[:-1]] == ["the lobby is full"] * 3
    assert len(ann.wires) == 2
    assert any(wire.other(ann) is bob for wire in ann.wires.values())


def test_where_all_wait_for_admission_the_newest_goes() -> None:
    """It may come again."""
    hall = Hall(config=Config(max_lobby_peers=1))
    ann = hall.enter("ann", membership_of("ann", approve=True))
    for name in ("bob", "cy"):
        hall.connect(ann, hall.enter(name, membership_of(name, approve=True)))
        hall.run()
    assert [cut.reason for cut in ann.cut.values()] == ["the lobby is full"]
    assert [wire.other(ann).name for wire in ann.wires.values()] == ["bob"]


def test_who_came_by_the_invite_of_most_gives_way_to_others() -> None:
    """The oldest of them: made-up identities of one link fill no lobby."""
    hall = Hall(config=Config(max_lobby_peers=4))
    ann = hall.enter("ann", membership_of("ann", approve=True))
    single = ann.governance.invite(is_open=False, expires_ms=0, now=0.0)
    hall.settle(ann)
    bob = hall.enter("bob", membership_of("bob", approve=True, invite=single))
    hall.connect(ann, bob)
    hall.run()
    for number in range(6):
        hall.connect(ann, hall.enter(f"ghost {number}", membership_of(f"ghost {number}", approve=True)))
        hall.run()
    assert [wire.other(ann).name for wire in ann.wires.values()] == ["bob", "ghost 3", "ghost 4", "ghost 5"]


def test_link_that_is_not_known_is_passed_over() -> None:
    """Frames may still be on their way when it has ended."""
    lobby = enter_alone()
    assert lobby.knows(LINK)
    lobby.leave(LINK)
    lobby.leave(LINK)
    lobby.receive(LINK, Knock("mallory"), now=0.0)
    assert lobby.orders() == []
    assert lobby.next_deadline() is None


# ---- any order


steps = st.lists(
    st.tuples(st.sampled_from(["connect", "part", "step", "kick", "admit"]), st.integers(0, 5), st.integers(0, 5)),
    max_size=40,
)


@settings(max_examples=40, deadline=None)
@given(steps, st.integers(0, 2**16), st.booleans())
def test_any_interleaving_ends_with_the_same_members_everywhere(
    script: list[tuple[str, int, int]], seed: int, approve: bool
) -> None:
    """Links come, break with what is on its way, and come again; in the end all that remain are level."""
    hall = Hall(seed=seed, config=Config(control_burst=10_000, max_lobby_peers=100))
    inmates = [hall.enter(name, membership_of(name, approve=approve)) for name in ("ann", "bob", "cy", "dan")]
    ann = inmates[0]
    for verb, one, two in script:
        left, right = inmates[one % 4], inmates[two % 4]
        if verb == "connect" and left is not right:
            hall.connect(left, right)
        elif verb == "part" and left.wires:
            hall.part(list(left.wires.values())[two % len(left.wires)])
        elif verb == "step":
            hall.step()
        elif verb == "kick" and left is not ann and ann.membership.is_member(left.id):
            ann.governance.kick(left.id, now=hall.now)
            hall.settle(ann)
        elif verb == "admit" and left.id in ann.governance.waiting:
            ann.governance.admit(left.id, now=hall.now)
            hall.settle(ann)
    hall.run()
    for _ in range(3):
        hall.connect_all()
        hall.run()
    inside = [each for each in inmates if ann.membership.is_member(each.id)]
    for each in inside:
        assert each.membership.digest() == ann.membership.digest()
        assert {other.name for other in inmates if each.greets(other)} == {
            other.name for other in inside if other is not each
        }
    for outside in set(inmates) - set(inside):
        assert not any(outside.greets(other) or other.greets(outside) for other in inside)
    assert OPEN_INVITE.is_open
