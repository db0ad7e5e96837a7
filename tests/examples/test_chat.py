"""examples/chat.py and examples/echo_bot.py, as people and pipes use them."""

import socket
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from peer.ids import RoomId
from peer.invite import Invite

from .children import ROOT, Child

pytestmark = pytest.mark.rtc

CHAT = ROOT / "examples" / "chat.py"
BOT = ROOT / "examples" / "echo_bot.py"
CTRL_C, CTRL_D, ENTER = "\x03", "\x04", "\r"


@pytest.fixture
def ada(server: str) -> Iterator[Child]:
    """Ada at her terminal, who has just opened a room."""
    with Child(CHAT, "--server", server, "--create", "Deck", "--name", "ada", terminal=True) as ada:
        ada.wait_for("Deck is open")
        yield ada


@pytest.fixture
def invite(ada: Child) -> str:
    return ada.find(r"(http://\S+/j#[\w-]{88})")


def joined(invite: str, name: str) -> Child:
    """Somebody at another terminal."""
    return Child(CHAT, invite, "--name", name, terminal=True)


def assert_gone(child: Child) -> None:
    """It left of its own accord, and without a complaint."""
    assert child.wait() == 0
    assert child.errors.join() == ""
    assert child.session() == []


# At terminals


@pytest.mark.long
def test_two_terminals_and_a_bot_share_a_room(ada: Child, invite: str) -> None:
    """Lines are seen by all; /who lists them, /away is told; Ctrl-C and /quit leave, and the others are told."""
    with joined(invite, "bob") as bob, Child(BOT, invite) as bot:
        for terminal, others in ((ada, ("bob", "echo")), (bob, ("ada", "echo"))):
            for other in others:
                terminal.wait_for(f"{other} is here")
        bob.type("ahoy there" + ENTER)
        ada.wait_for("bob ahoy there")
        ada.wait_for("ahoy there", times=2)  # the answer, which says whom it answers if it did not come first
        bob.wait_for("echo → bob: ahoy there")
        ada.type("/who" + ENTER)
        for line in ("ada: online, owner (you)", "bob: online, member", "echo: online, member"):
            ada.wait_for(line)
        bob.type("/away" + ENTER)
        ada.wait_for("bob is away")
        bob.type("/back" + ENTER)
        ada.wait_for("bob is online")
        bob.type("//not a command" + ENTER)
        ada.wait_for("bob /not a command")
        bob.type("/help" + ENTER)
        bob.wait_for("/away  /back")
        bob.type(CTRL_C)
        assert_gone(bob)
        ada.wait_for("bob left")
        bot.process.terminate()
        assert bot.wait() == 0
        assert bot.errors.join() == "echo is in the room; Ctrl-C leaves\n"
        ada.wait_for("echo left")
    ada.type("/invite" + ENTER)
    ada.wait_for(invite, times=2)
    ada.type("/quit" + ENTER)
    assert_gone(ada)


def test_persons_are_verified_by_number_and_by_code(ada: Child, invite: str) -> None:
    """The same number at both; a tick for the verified, which nobody can give himself; a wrong code is refused."""
    with joined(invite, "✓ bob") as bob:
        ada.wait_for("bob is here")
        bob.wait_for("ada is here")
        numbers = []
        for terminal, other in ((ada, "BOB"), (bob, "ada")):
            terminal.type(f"/verify {other}" + ENTER)
            terminal.wait_for("the same on both sides?")
            numbers.append(terminal.find(r"((?:\d{5} ){3}\d{5})"))
        assert numbers[0] == numbers[1]
        bob.type("hear me" + ENTER)
        ada.wait_for("bob hear me")
        ada.type("/verify bob yes" + ENTER)
        ada.wait_for("bob's key is verified")
        bob.type("and now" + ENTER)
        ada.wait_for("✓bob and now")
        assert "✓bob hear me" not in ada.shown
        ada.type("/qr bob" + ENTER)
        code = ada.find(r"(speaktube-verify:1:[\w-]{43}:[\w-]{43})")
        bob.type("/verify ada speaktube-verify:1:abc:def" + ENTER)
        bob.wait_for("this code was damaged")
        bob.type(f"/verify ada {code}" + ENTER)
        bob.wait_for("ada's key is verified")
        bob.type("/verify nobody" + ENTER)
        bob.wait_for("nobody here is called nobody")
        ada.type("/unverify bob" + ENTER)
        ada.wait_for("bob's key is no longer verified")


def test_admin_lets_in_and_removes(server: str) -> None:
    """Who comes to a room that approves waits, is let in by hand, and is out once removed."""
    with Child(CHAT, "--server", server, "--create", "Deck", "--approve", "--name", "ada", terminal=True) as ada:
        ada.wait_for("/admit lets them in")
        invite = ada.find(r"(http://\S+/j#[\w-]{88})")
        with joined(invite, "bob") as bob:
            bob.wait_for("you wait to be let in")
            ada.wait_for("bob waits to be let in: /admit")
            ada.type("/admit carol" + ENTER)
            ada.wait_for("nobody here is called carol")
            ada.type("/admit bob" + ENTER)
            bob.wait_for("you are in")
            bob.type("ahoy" + ENTER)
            ada.wait_for("bob ahoy")
            bob.type("/kick ada" + ENTER)
            bob.wait_for("you may not")
            ada.type("/kick bob" + ENTER)
            bob.wait_for("you were removed")
            ada.wait_for("bob was removed")
            assert bob.wait() == 0
        ada.type("/lobby" + ENTER)
        ada.wait_for("nobody waits")


def test_second_bearer_of_a_name_is_marked(server: str) -> None:
    """In a public room anybody may take a name, and the first one is remembered."""
    with Child(CHAT, "--server", server, "--create", "Lobby", "--public", "--name", "ada", terminal=True) as ada:
        ada.wait_for("Lobby is open")
        with Child(CHAT, "--server", server, "Lobby", "--name", "bob", terminal=True) as bob:
            ada.wait_for("bob is here")
            bob.type("/quit" + ENTER)
            ada.wait_for("bob left")
        with Child(CHAT, "--server", server, "Lobby", "--name", "Bob", terminal=True) as other:
            ada.wait_for("✗Bob is here")
            ada.wait_for("has another key than the person you met as bob")
            other.type("it is me" + ENTER)
            ada.wait_for("✗Bob it is me")


def test_typing_is_shown_while_it_lasts(ada: Child, invite: str) -> None:
    with joined(invite, "bob") as bob:
        bob.wait_for("ada is here")
        bob.type("a long thoug")
        ada.wait_for("bob typing ...")
        bob.type("ht" + ENTER)
        ada.wait_for("bob a long thought")
        bob.press_until_gone(CTRL_D)
        assert_gone(bob)
        ada.wait_for("bob left")


def test_terminal_of_a_bot_ends_with_ctrl_c(ada: Child, invite: str) -> None:
    """Its exit code is 0 too, and the room is told."""
    with Child(BOT, invite) as bot:
        ada.wait_for("echo is here")
        bot.interrupt()
        assert bot.wait() == 0
        ada.wait_for("echo left")


# In pipes


def test_piped_lines_are_sent_to_who_is_there_then_it_leaves(ada: Child, invite: str) -> None:
    """Nothing is lost at the end of the input: the last line arrives before the goodbye."""
    with Child(CHAT, invite, "--name", "fortune") as pipe:
        pipe.type("".join(f"line {number}\n" for number in range(40)) + "no newline at the end")
        pipe.end_input()
        assert_gone(pipe)
        ada.wait_for("fortune left")
        positions = [ada.shown.index(f"fortune line {number}") for number in range(40)]
        assert positions == sorted(positions)
        assert ada.shown.index("fortune left") > ada.shown.index("fortune no newline at the end") > positions[-1]


def test_bytes_that_are_no_text_are_sent_as_question_marks(ada: Child, invite: str) -> None:
    with Child(CHAT, invite, "--name", "fortune") as pipe:
        pipe.type_bytes(b"caf\xe9 au lait\n")
        pipe.end_input()
        assert_gone(pipe)
        ada.wait_for("fortune caf\ufffd au lait")


def test_what_is_said_cannot_steer_a_terminal(ada: Child, invite: str) -> None:
    """No escape sequence of a text or a name is printed, neither in a terminal nor in a pipe."""
    with Child(CHAT, invite, "--name", "reader") as reader:
        reader.wait_for("ada is here")
        with Child(CHAT, invite, "--name", "eve\x1b]0;owned\x07\x1b[2J") as eve:
            eve.type("\x1b]0;owned\x07\x1b[2J\x1b[31mred\x9b1m\u202etxt.exe\r\b\b\b abandon ship\n")
            eve.end_input()
            assert_gone(eve)
        for child in (ada, reader):
            child.wait_for("abandon ship")
            codes = ("\x1b]0;", "\x1b[2J", "\x1b[31mred", "\x9b", "\u202e")
            assert [code for code in codes if code in child.output.text] == []
        assert "\x1b" not in reader.output.text


def test_lines_of_one_message_cannot_pass_for_several(ada: Child, invite: str) -> None:
    """Whoever sends line breaks puts no words into the mouths of others: what follows is indented."""
    script = """
import asyncio, sys, peer

async def main(invite):
    async with peer.Peer(invite, name="eve") as me:
        room = await me.join_room(invite)
        async for event in room.events():
            if isinstance(event, peer.MemberJoined):
                await room.send("look:\\n12:00 <ada> abandon ship")
                break

asyncio.run(main(sys.argv[1]))
"""
    with Child(CHAT, invite, "--name", "reader") as reader:
        reader.wait_for("ada is here")
        ada.type("/quit" + ENTER)
        assert_gone(ada)
        reader.wait_for("ada left")
        with Child("-c", script, invite) as eve:
            assert eve.wait() == 0
        reader.wait_for("abandon ship")
        assert [line for line in reader.shown.splitlines() if line.startswith("12:00 <ada>")] == []


# Refusals


def invite_to(server: str) -> str:
    """A whole link, to a room that never was."""
    return Invite(server=server, room_id=RoomId(bytes(range(32))), secret=bytes(range(16)), seed=bytes(16)).link


@pytest.mark.parametrize(
    ("program", "damage", "sentence"),
    [
        (CHAT, lambda invite: invite[:-3], "this invite link is not complete"),
        (BOT, lambda invite: invite.partition("#")[0] + "#", "this invite link is not complete"),
        (CHAT, lambda invite: invite[:-60] + "abcdefgh" + invite[-52:], "nobody is in the room of this invite"),
        (BOT, lambda invite: invite[:-60] + "abcdefgh" + invite[-52:], "nobody is in the room of this invite"),
    ],
    ids=["chat, cut short", "bot, empty", "chat, mistyped in the middle", "bot, mistyped in the middle"],
)
def test_mistyped_invite_is_a_sentence(program: Path, damage: Callable[[str], str], sentence: str, server: str) -> None:
    assert_refused(Child(program, damage(invite_to(server))), sentence)


@pytest.mark.parametrize("program", [CHAT, BOT], ids=["chat", "bot"])
def test_absent_server_is_a_sentence(program: Path) -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        address = f"http://127.0.0.1:{unused.getsockname()[1]}"
        assert_refused(Child(program, invite_to(address)), f"no signaling server answers at {address}")


def test_public_room_that_nobody_opened_is_a_sentence(server: str) -> None:
    assert_refused(Child(CHAT, "--server", server, "Nowhere"), "no such room")


def test_room_that_was_left_by_all_is_a_sentence(ada: Child, invite: str) -> None:
    ada.type("/quit" + ENTER)
    assert_gone(ada)
    assert_refused(Child(CHAT, invite), "nobody is in the room of this invite")


def assert_refused(child: Child, sentence: str) -> None:
    """One line on standard error, exit code 1, no traceback."""
    with child:
        child.end_input()
        assert child.wait() == 1
        [line] = child.errors.join().splitlines()
        assert sentence in line
        assert child.output.join() == ""


# Usage


@pytest.mark.parametrize(
    ("command", "shown"),
    [
        ((str(CHAT), "--help"), ["--create TITLE", "--server", "/who", "Ctrl-C"]),
        ((str(ROOT / "examples" / "demo.py"), "--help"), ["lines to speak"]),
        (("-m", "signaling", "--help"), ["serve", "healthcheck", "token", "config"]),
        (("-m", "signaling", "serve", "--help"), ["--guests", "--port", "SIGNALING_STORE"]),
    ],
    ids=["chat", "demo", "server", "serve"],
)
def test_help_tells_what_there_is(command: tuple[str, ...], shown: list[str]) -> None:
    with Child(*command) as child:
        assert child.wait() == 0
        text = child.output.join()
        assert [word for word in shown if word not in text] == []


def test_bot_without_an_invite_is_a_sentence() -> None:
    assert_refused(Child(BOT), "which room? pass an invite link")


@pytest.mark.parametrize(
    "command",
    [(str(CHAT),), (str(CHAT), "--create", "Deck", "Lobby"), (str(BOT), "--no"), ("-m", "signaling", "--nonsense")],
    ids=["chat", "chat both ways", "bot", "server"],
)
def test_wrong_usage_is_told(command: tuple[str, ...]) -> None:
    with Child(*command) as child:
        assert child.wait() in (1, 2)
        errors = child.errors.join()
        assert "usage" in errors
        assert "Traceback" not in errors
