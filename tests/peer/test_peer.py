"""Rooms made, found and entered; what ends with the peer."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

import peer
from peer import BadInvite, BadSetting, Closed, JoinRefused, Message, Peer, RoomState, SignalingUnreachable
from peer.errors import BadIdentity, StoreBusy
from peer.ids import Topic
from peer.keys.room_keys import derive_public_room
from peer.ports import Seat
from peer.testing import Network

from ..support.rooms import linked, next_of, pair
from ..support.said import said

# ---- making rooms


async def test_private_room_has_an_invite_and_is_not_listed() -> None:
    """Its title is known to nobody outside."""
    async with Network() as network:
        ann = await network.peer("ann")
        deck = await ann.create_room("Deck")
        assert str(deck.invite).startswith("http://memory.invalid/j#")
        assert await ann.list_rooms() == ()
        assert "Deck" not in str(network.rooms)
        assert ann.rooms == (deck,)


async def test_public_room_is_listed_under_its_name() -> None:
    """For everybody on the server."""
    async with Network() as network:
        ann = await network.peer("ann")
        await ann.create_room(" The \n Lobby ", public=True)
        [listed] = await (await network.peer("bob")).list_rooms()
        assert (listed.custom_name, listed.broadcaster_name, listed.is_public) == ("The Lobby", "ann", True)


async def test_public_name_is_given_once() -> None:
    """The second one is told to join."""
    async with Network() as network:
        ann, bob = await network.peer("ann"), await network.peer("bob")
        await ann.create_room("Lobby", public=True)
        with pytest.raises(JoinRefused) as caught:
            await bob.create_room("Lobby", public=True)
        assert caught.value.code == "room_exists"


@pytest.mark.parametrize("title", ["", " \n", "\u200b", "\u3164"])
async def test_title_must_show_something(title: str) -> None:
    """A room that cannot be seen cannot be found."""
    async with Network() as network:
        ann = await network.peer("ann")
        for public in (False, True):
            with pytest.raises(BadSetting, match="title"):
                await ann.create_room(title, public=public)


# ---- entering rooms


@pytest.mark.parametrize("where", ["invite", "name", "id", "broadcaster"])
async def test_public_room_is_entered_by(where: str) -> None:
    """Whichever of the four one has."""
    async with Network() as network:
        ann, bob = await network.peer("ann"), await network.peer("bob")
        lobby = await ann.create_room("Lobby", public=True)
        text = {"invite": str(lobby.invite), "name": "Lobby", "id": lobby.id, "broadcaster": "ann"}[where]
        guest = await bob.join_room(text)
        await linked(lobby, guest)
        assert (guest.name, guest.id, guest.invite) == ("Lobby", lobby.id, lobby.invite)


@pytest.mark.parametrize("is_public", [True, False])
async def test_squatted_public_name_leads_to_the_room_of_that_name(*, is_public: bool) -> None:
    """Whoever took the room's id with another name, or hides it, leads nobody astray: those who ask for it meet."""
    async with Network() as network:
        mallory, ann, bob = [await network.peer(name) for name in ("mallory", "ann", "bob")]
        topic = derive_public_room("Lobby")[1].topic
        await mallory._transport.signaling.create_room(topic=topic, custom_name="Evil", is_public=is_public)
        lobby, guest = await ann.join_room("Lobby"), await bob.join_room("Lobby")
        await linked(lobby, guest)
        assert lobby.name == guest.name == "Lobby"
        assert str(guest.invite).endswith("#pub.Lobby")


async def test_private_room_is_entered_by_its_invite_as_it_was_pasted() -> None:
    """With the blanks and brackets that mail programs put around it."""
    async with Network() as network:
        ann, bob = await network.peer("ann"), await network.peer("bob")
        deck = await ann.create_room("Deck")
        guest = await bob.join_room(f"  <{deck.invite}>\n")
        await linked(deck, guest)


async def test_private_room_by_id_needs_its_invite() -> None:
    """Who is inside sees nobody come, and the seat is given back."""
    async with Network() as network:
        deck, _ = await pair(network)
        cy = await network.peer("cy")
        with pytest.raises(JoinRefused, match="ask a member for its invite link") as caught:
            await cy.join_room(deck.id)
        assert caught.value.code == "invite_required"
        assert cy.rooms == ()
        assert [member.name for member in deck.members] == ["ann", "bob"]


async def test_invite_of_another_server_is_refused() -> None:
    """With both addresses in the sentence."""
    async with Network() as network:
        deck, _ = await pair(network)
        cy = await network.peer("cy")
        elsewhere = str(deck.invite).replace("memory.invalid", "elsewhere.invalid")
        with pytest.raises(BadSetting, match=r"elsewhere\.invalid, this peer to http://memory\.invalid"):
            await cy.join_room(elsewhere)


async def test_mistyped_invite_is_refused_before_anybody_is_asked() -> None:
    """The sentence says what is wrong with it, and never what is in it."""
    async with Network() as network:
        deck, _ = await pair(network)
        network.stop_server()
        with pytest.raises(BadInvite, match="too short: 87 characters") as caught:
            await (await network.peer("cy")).join_room(str(deck.invite)[:-1])
        assert str(deck.invite)[30:50] not in str(caught.value)


async def test_invite_to_a_room_that_is_gone_says_what_may_have_happened() -> None:
    """The server cannot: it knows nothing of invites."""
    async with Network() as network:
        ann, bob = await network.peer("ann"), await network.peer("bob")
        deck = await ann.create_room("Deck")
        await deck.leave()
        with pytest.raises(JoinRefused, match="its members may all have left") as caught:
            await bob.join_room(str(deck.invite))
        assert caught.value.code == "no_such_room"


async def test_unknown_room_is_refused_with_the_servers_sentence() -> None:
    """Whether it was meant as a name, an id or a broadcaster."""
    async with Network() as network:
        bob = await network.peer("bob")
        for where in ("Nowhere", "A" * 22):
            with pytest.raises(JoinRefused, match="no such room") as caught:
                await bob.join_room(where)
            assert caught.value.code == "no_such_room"


async def test_other_refusals_of_the_server_are_passed_on_as_they_are() -> None:
    """A full room is not one that does not exist, so nothing else is tried."""
    full = JoinRefused("room_full", "this room is full", retry_after_s=5.0)
    async with Network() as network:
        transport = network.transport("bob")
        transport.signaling.join_room = AsyncRefusal(full)  # type: ignore[method-assign]
        deck = await (await network.peer("ann")).create_room("Deck")
        async with Peer("http://memory.invalid", name="bob", transport=transport) as bob:
            for where in ("Lobby", str(deck.invite)):
                with pytest.raises(JoinRefused) as caught:
                    await bob.join_room(where)
                assert caught.value is full


class AsyncRefusal:
    """A call that the server refuses, whatever is asked."""

    def __init__(self, error: JoinRefused) -> None:
        self._error = error

    async def __call__(self, **_: object) -> Seat:
        raise self._error


async def test_server_that_is_away_is_told_as_such() -> None:
    """With its address, and what to look at."""
    async with Network() as network:
        bob = await network.peer("bob")
        network.stop_server()
        for call in (bob.create_room("Deck"), bob.join_room("Lobby"), bob.list_rooms()):
            with pytest.raises(SignalingUnreachable, match=r"http://memory\.invalid .* is it running"):
                await call


# ---- identity and settings


async def test_peer_without_a_folder_is_somebody_new_each_time() -> None:
    """And says who it is."""
    async with Network() as network:
        one, two = await network.peer("ann"), await network.peer("ann")
        assert one.id != two.id
        assert (one.name, repr(one)) == ("ann", "<Peer 'ann' on http://memory.invalid>")


async def identity_in(folder: Path, **protection: Any) -> str:
    """Who a peer with this folder is."""
    async with Network() as network:
        me = Peer(
            "http://memory.invalid", name="ann", data_dir=folder, transport=network.transport("ann"), **protection
        )
        async with me:
            return me.id


async def test_peer_with_a_folder_is_the_same_each_time(tmp_path: Path) -> None:
    """Across restarts; before the first one it is nobody."""
    assert await identity_in(tmp_path / "data") == await identity_in(tmp_path / "data")
    with pytest.raises(Closed):
        assert Peer("http://memory.invalid", name="ann", data_dir=tmp_path / "data").id


async def test_folder_that_cannot_be_used_is_refused_at_once(tmp_path: Path) -> None:
    """Before any server is asked."""
    (tmp_path / "file").write_text("no folder")
    with pytest.raises(BadIdentity, match="cannot keep an identity"):
        await identity_in(tmp_path / "file")


async def test_identity_of_a_bot_is_sealed_once_there_is_a_passphrase(tmp_path: Path) -> None:
    """Nobody becomes somebody else by it; from then on it opens by the passphrase alone, which can be changed."""
    before = await identity_in(tmp_path)
    assert await identity_in(tmp_path, passphrase="correct horse") == before
    with pytest.raises(BadSetting, match="pass passphrase="):
        await identity_in(tmp_path)
    async with Network() as network:
        transport = network.transport("ann")
        async with Peer(
            "http://memory.invalid",
            name="ann",
            data_dir=tmp_path,
            passphrase=lambda: "correct horse",
            transport=transport,
        ) as me:
            await me.protect(passphrase="battery staple")
    assert await identity_in(tmp_path, passphrase="battery staple") == before


async def test_two_peers_in_one_folder_are_refused(tmp_path: Path) -> None:
    """They would continue the same logs; when the first has closed, the next may."""
    async with Network() as network:
        one, two = (
            Peer("http://memory.invalid", name="ann", data_dir=tmp_path, transport=network.transport("ann"))
            for _ in range(2)
        )
        async with one:
            with pytest.raises(StoreBusy, match="another process uses"):
                await two.__aenter__()
        async with two:
            assert two.id == one.id


@pytest.mark.parametrize("name", ["", "\n", "\u200b"])
def test_name_must_show_something(name: str) -> None:
    """Others could not read it."""
    with pytest.raises(BadSetting, match="pass name="):
        Peer("http://memory.invalid", name=name)


@pytest.mark.parametrize(
    ("text", "server"),
    [
        ("https://chat.example", "https://chat.example"),
        ("https://chat.example/j#secret", "https://chat.example"),
        ("https://chat.example/j/#secret", "https://chat.example"),
        (" <https://chat.example/base/j#secret>\n", "https://chat.example/base"),
        ("https://chat.example#secret", "https://chat.example"),
    ],
)
def test_server_is_found_in_an_invite(text: str, server: str) -> None:
    """And nothing secret is left in it."""
    assert peer.server_of(text) == server


# ---- beginning and end


def alone(network: Network, name: str = "ann") -> Peer:
    """A peer that is not open yet."""
    return Peer("http://memory.invalid", name=name, transport=network.transport(name))


async def test_peer_works_inside_its_block_only() -> None:
    """Before and after, the sentence says how to use it."""
    async with Network() as network:
        ann = alone(network)
        for _ in range(2):
            for call in (ann.create_room("Deck"), ann.join_room("Lobby"), ann.list_rooms()):
                with pytest.raises(Closed, match="async with"):
                    await call
            if not ann.rooms:
                async with ann:
                    await ann.create_room("Deck")


async def test_leaving_the_block_leaves_every_room() -> None:
    """The others are told goodbye, the server has no room any more."""
    async with Network() as network:
        bob = await network.peer("bob")
        async with alone(network) as ann:
            decks = [await ann.create_room(title) for title in ("Deck", "Hold")]
            guests = [await bob.join_room(str(deck.invite)) for deck in decks]
            await linked(decks[0], guests[0])
            await linked(decks[1], guests[1])
        assert [room.state for room in ann.rooms] == [RoomState.LEFT] * 2
        for guest in guests:
            assert (await next_of(guest.events(), peer.MemberLeft)).reason == "left"
            await guest.leave()
        assert network.rooms == ()


async def test_last_words_are_delivered() -> None:
    """What was sent before the end of the block arrives."""
    async with Network() as network:
        bob = await network.peer("bob")
        async with alone(network) as ann:
            deck = await ann.create_room("Deck")
            guest = await bob.join_room(str(deck.invite))
            await linked(deck, guest)
            for number in range(100):
                await deck.send(str(number))
        events = guest.events()
        assert [(await next_of(events, Message)).text for _ in range(100)] == [str(number) for number in range(100)]


async def test_exception_in_the_block_goes_on_unharmed() -> None:
    """Not in a group, not replaced; the rooms are left all the same."""
    async with Network() as network:
        broken = ValueError("of the caller")

        async def live() -> None:
            async with alone(network) as ann:
                await ann.create_room("Deck")
                raise broken

        with pytest.raises(ValueError, match="of the caller") as caught:
            await live()
        assert caught.value is broken
        assert network.rooms == ()


async def test_refusal_in_the_block_can_be_caught_around_it() -> None:
    """As examples do."""
    async with Network() as network:
        with pytest.raises(JoinRefused):
            async with alone(network) as ann:
                await ann.join_room("Nowhere")


@pytest.mark.parametrize("turns", [0, 1, 2, 3, 5, 8, 13, 50])
async def test_cancellation_at_any_moment_leaves_nothing_behind(turns: int) -> None:
    """While joining, shaking hands, talking: the guard of the tests looks for what is left."""

    async def live(network: Network, invite: str) -> None:
        async with alone(network, "bob") as bob:
            room = await bob.join_room(invite)
            while True:
                await room.set_typing(True)
                await room.send("hello")
                await asyncio.sleep(0)

    async with Network() as network:
        deck = await (await network.peer("ann")).create_room("Deck")
        task = asyncio.create_task(live(network, str(deck.invite)))
        for _ in range(turns):
            await asyncio.sleep(0)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        await deck.leave()
        assert network.rooms == ()


async def test_time_limit_around_the_block_is_kept() -> None:
    """`asyncio.timeout` sees its own cancellation come back."""
    async with Network() as network:

        async def live() -> None:
            async with asyncio.timeout(0.01), alone(network) as ann:
                deck = await ann.create_room("Deck")
                async for _ in deck.events():
                    pass

        with pytest.raises(TimeoutError):
            await live()
        assert network.rooms == ()


async def test_many_rooms_of_one_peer_keep_apart() -> None:
    """What is said in one is heard in that one."""
    async with Network() as network:
        ann, bob = await network.peer("ann"), await network.peer("bob")
        decks = [await ann.create_room(str(number)) for number in range(3)]
        guests = [await bob.join_room(str(deck.invite)) for deck in decks]
        for deck, guest in zip(decks, guests, strict=True):
            await linked(deck, guest)
            await deck.send(f"in {deck.name}")
        heard = [await next_of(guest.events(), Message) for guest in guests]
        assert [(message.text, message.room) for message in heard] == [(f"in {deck.name}", deck.id) for deck in decks]


async def test_room_that_is_entered_while_the_peer_closes_is_refused() -> None:
    """The answer of the server came too late."""
    async with Network() as network:
        invite = str((await (await network.peer("host")).create_room("Deck")).invite)
        transport, answers = network.transport("late"), asyncio.Event()
        join_at_once = transport.signaling.join_room

        async def join_late(*, topic: Topic | None = None, broadcaster_name: str | None = None) -> Seat:
            await answers.wait()
            return await join_at_once(topic=topic, broadcaster_name=broadcaster_name)

        transport.signaling.join_room = join_late  # type: ignore[method-assign]
        async with Peer("http://memory.invalid", name="late", transport=transport) as late:
            joining = asyncio.create_task(late.join_room(invite))
            await asyncio.sleep(0)
        answers.set()
        with pytest.raises(Closed):
            await joining


# ---- whom we know


async def test_member_is_verified_by_number_or_code_in_all_rooms(tmp_path: Path) -> None:
    """The number is the same on both sides; what was verified is there after a restart."""
    async with Network() as network:

        def ann_again() -> Peer:
            return Peer("http://memory.invalid", name="ann", data_dir=tmp_path, transport=network.transport("ann"))

        bob = await network.peer("bob")
        lobby = await bob.create_room("Lobby", public=True)
        async with ann_again() as ann:
            guest = await ann.join_room("Lobby")
            await linked(lobby, guest)
            seen, shown = guest.members[1], lobby.members[1]
            assert guest.safety_number(seen) == lobby.safety_number(shown) == peer.safety_number(ann.id, bob.id)
            stream = guest.events()
            ann.verify(seen, code=bob.verification_code(shown))
            event = await next_of(stream, peer.VerificationChanged)
            assert event.member.verified
        async with ann_again() as ann:
            guest = await ann.join_room("Lobby")
            await linked(lobby, guest)
            assert guest.members[1].verified
            stream = guest.events()
            ann.unverify(guest.members[1])
            event = await next_of(stream, peer.VerificationChanged)
            assert not event.member.verified


async def test_only_the_right_code_verifies() -> None:
    """And nobody verifies themselves."""
    async with Network() as network:
        deck, guest = await pair(network)
        ann = next(iter(deck.members))
        me = await network.peer("cy")
        with pytest.raises(peer.VerificationFailed):
            me.verify(ann, code="https://signal.example/j#")
        with pytest.raises(peer.VerificationFailed, match="another key for you than yours"):
            me.verify(ann, code=f"speaktube-verify:1:{ann.id}:{guest.me.id}")
        me.verify(ann, code=f"speaktube-verify:1:{ann.id}:{me.id}")
        with pytest.raises(peer.UsageError, match="verify yourself"):
            me.verify(replace(ann, id=me.id))
        with pytest.raises(peer.UsageError, match="somebody else"):
            deck.safety_number(deck.me)


async def test_room_that_is_forgotten_leaves_nothing_behind(tmp_path: Path) -> None:
    """One that was only left is known again; the others see us leave either way."""
    async with Network() as network:
        ann = await network.peer("ann")
        deck = await ann.create_room("Deck")
        assert deck.invite is not None
        async with Peer(
            "http://memory.invalid", name="bob", data_dir=tmp_path, transport=network.transport("bob")
        ) as bob:
            guest = await bob.join_room(deck.invite)
            await linked(deck, guest)
            assert guest.room_id == deck.room_id
            await guest.leave()
            kept = bob._safe.vault.rooms.load(guest.room_id)
            assert kept is not None
            assert kept.title == "Deck"
            guest = await bob.join_room(deck.invite)
            messages = bob._safe.vault.messages
            messages.commit(guest.room_id, said(1, "ahoy"), on_done=lambda _: None)
            await bob.forget_room(guest)
            assert guest.state is RoomState.LEFT
            assert bob._safe.vault.rooms.load(guest.room_id) is None
            assert (await messages.search("ahoy"), await messages.conversations()) == ([], [])
        with pytest.raises(Closed):
            await bob.forget_room(guest)
