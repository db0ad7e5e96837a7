"""Who we are for a command, and whom secrets go to."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from peer import BadSetting
from peer.cli.account import DEFAULT_SERVER, Account, ask_passphrase, choose_account, data_folder
from peer.store.identity_file import load_secrets
from peer.store.protection import KeyringProtection, PassphraseProtection

from ...support.keyrings import MemoryKeyring, using_keyring
from ...support.keys import Chance
from .stage import options

INVITE = "http://there.invalid/j#pub.Lobby"


def choose(*words: str, where: str | None = None, **environment: str) -> Account:
    """Nobody is at the terminal."""

    def ask(_: str) -> str:
        raise EOFError

    return choose_account(options("rooms", *words), where, environment=environment, ask=ask)


@pytest.fixture
def home(tmp_path: Path) -> dict[str, str]:
    return {"XDG_DATA_HOME": str(tmp_path)}


def test_server_is_named_or_that_of_the_invite_or_here(home: dict[str, str]) -> None:
    """An invite wins over the usual server, and not over one that was asked for."""
    usual = {**home, "SPEAKTUBE_SERVER": "http://usual.invalid"}
    assert choose(**home).server == DEFAULT_SERVER
    assert choose(**usual).server == "http://usual.invalid"
    assert choose(where="Lobby", **usual).server == "http://usual.invalid"
    assert choose(where=INVITE, **usual).server == "http://there.invalid"
    assert choose("--server", "http://asked.invalid", where=INVITE, **usual).server == "http://asked.invalid"


def test_token_goes_to_no_server_but_the_one_that_was_named(home: dict[str, str], tmp_path: Path) -> None:
    """An invite alone may name anybody's."""
    token = {**home, "SPEAKTUBE_TOKEN": "the.users.jwt"}
    assert choose(**token).token is None
    assert choose(where=INVITE, **token).token is None
    assert choose(where=INVITE, SPEAKTUBE_SERVER="http://usual.invalid", **token).token is None
    assert choose(where=INVITE, SPEAKTUBE_SERVER="http://there.invalid", **token).token == "the.users.jwt"
    assert choose("--server", "http://there.invalid", where=INVITE, **token).token == "the.users.jwt"


def test_token_file_is_read_each_time(home: dict[str, str], tmp_path: Path) -> None:
    file = tmp_path / "token"
    file.write_text("first\n")
    source = choose("--server", "http://a.invalid", "--token-file", str(file), **home).token
    assert callable(source)
    assert source() == "first"
    file.write_text("second\nand more")
    assert source() == "second"
    file.write_text("\n")
    with pytest.raises(BadSetting, match="is empty"):
        source()


def test_name_is_given_or_usual_or_of_the_login(home: dict[str, str]) -> None:
    named = {**home, "SPEAKTUBE_NAME": "ann"}
    assert choose("--name", "bob", **named).name == "bob"
    assert choose(**named).name == "ann"
    assert choose_account(options("rooms"), environment=home, usual_name="echo").name == "echo"
    assert choose(**home).name


def test_each_name_has_a_folder_of_its_own(home: dict[str, str], tmp_path: Path) -> None:
    """Whatever stands in a name, it stays one folder below ours."""
    assert choose("--name", "Ann", **home).data_dir == tmp_path / "speaktube" / "ann"
    for name in ("..", ".", "a/b", "/etc", "a\0b"):
        assert data_folder(name, home).parent == tmp_path / "speaktube"
        assert data_folder(name, home).name not in ("..", ".")
    assert data_folder("ann", {"XDG_DATA_HOME": "not/absolute"}) == Path("~/.local/share/speaktube/ann").expanduser()


def test_folder_is_named_or_none(home: dict[str, str], tmp_path: Path) -> None:
    kept = {**home, "SPEAKTUBE_DATA_DIR": str(tmp_path / "usual")}
    assert choose("--data-dir", str(tmp_path / "x"), **kept).data_dir == tmp_path / "x"
    assert choose(**kept).data_dir == tmp_path / "usual"
    assert choose("--temporary", **kept).data_dir is None


def test_passphrase_comes_from_a_file_or_the_environment_or_a_person(home: dict[str, str], tmp_path: Path) -> None:
    file = tmp_path / "passphrase"
    file.write_text("from a file\n")
    assert choose("--passphrase-file", str(file), **home).passphrase == "from a file"
    assert choose(SPEAKTUBE_PASSPHRASE_FILE=str(file), **home).passphrase == "from a file"
    assert choose(SPEAKTUBE_PASSPHRASE="open sesame", **home).passphrase == "open sesame"
    assert choose(**home).passphrase is None
    with pytest.raises(BadSetting, match="nobody is at a terminal"):
        choose("--passphrase", **home)
    with pytest.raises(BadSetting, match="cannot read the passphrase file"):
        choose("--passphrase-file", str(tmp_path / "none"), **home)


def test_sealed_folder_asks_for_what_opens_it(home: dict[str, str], tmp_path: Path) -> None:
    """Unasked: whoever sealed it yesterday need not say so today."""
    folder = tmp_path / "speaktube" / "ann"
    folder.mkdir(parents=True)
    load_secrets(folder, PassphraseProtection("old one"), random_bytes=Chance("any"))
    asked: list[str] = []

    def ask(prompt: str) -> str:
        asked.append(prompt)
        return "old one"

    found = choose_account(options("rooms", "--name", "ann"), environment=home, ask=ask)
    assert (found.passphrase, len(asked)) == ("old one", 1)
    assert "old one" not in repr(found)
    assert choose_account(options("rooms", "--name", "ann"), environment=home, asks=False).passphrase is None


def test_keyring_is_used_where_it_seals(home: dict[str, str], tmp_path: Path) -> None:
    folder = tmp_path / "speaktube" / "ann"
    folder.mkdir(parents=True)
    with using_keyring(MemoryKeyring()):
        load_secrets(folder, KeyringProtection(), random_bytes=Chance("any"))
    assert choose("--name", "ann", **home).keyring
    assert choose("--keyring", **home).keyring
    assert not choose(**home).keyring


@pytest.mark.parametrize(("answers", "is_right"), [(["a", "a"], True), (["a", "b"], False)])
def test_new_passphrase_is_asked_for_twice(answers: list[str], tmp_path: Path, *, is_right: bool) -> None:
    given = iter(answers)
    ask: Callable[[str], str] = lambda _: next(given)  # noqa: E731
    if is_right:
        assert ask_passphrase(tmp_path, is_new=True, ask=ask) == "a"
    else:
        with pytest.raises(BadSetting, match="not the same"):
            ask_passphrase(tmp_path, is_new=True, ask=ask)


def test_account_makes_a_peer(home: dict[str, str]) -> None:
    assert repr(choose("--name", "ann", **home).peer()) == f"<Peer 'ann' on {DEFAULT_SERVER}>"
