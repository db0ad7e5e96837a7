"""What a setting takes, says and hides."""

import dataclasses

import pytest

from signaling import settings
from signaling.errors import BadSetting
from signaling.settings import Allowed, Setting


def _setting(allowed: Allowed, default: object = None, *, is_secret: bool = False) -> Setting:
    return Setting("some_field", default, allowed, "a reason", is_secret)


def test_variable_and_flag_follow_from_the_field() -> None:
    """PRODUCT: each an environment variable and a flag of serve."""
    row = _setting(settings.TEXT)
    assert (row.variable, row.flag) == ("SIGNALING_SOME_FIELD", "--some-field")


@pytest.mark.parametrize(
    ("allowed", "text", "value"),
    [
        (settings.TEXT, " a ", "a"),
        (settings.TEXT, " ", None),
        (settings.LONG_TEXT, " sixteen letters! ", "sixteen letters!"),
        (settings.LONG_TEXT, " ", None),
        (settings.WORD, " a ", "a"),
        (settings.YES_NO, "Yes", True),
        (settings.YES_NO, "", False),
        (settings.STORE, "memory:", "memory:"),
        (settings.STORE, "diskcache:a", "diskcache:a"),
        (settings.STORE, "rediss://host", "rediss://host"),
        (settings.STORE, "redis+cluster://a,b:1", "redis+cluster://a,b:1"),
        (settings.STORE, "unix:///socket", "unix:///socket"),
        (settings.ALGORITHM, "", None),
        (settings.ALGORITHM, "ES256", "ES256"),
        (settings.KEYS_URL, "", None),
        (settings.KEYS_URL, "https://id.example:8443/keys?p=policy", "https://id.example:8443/keys?p=policy"),
        (settings.KEYS_URL, "http://localhost:1/keys", "http://localhost:1/keys"),
        (settings.KEYS_URL, "http://127.0.0.2/keys", "http://127.0.0.2/keys"),
        (settings.KEYS_URL, "http://[::1]/keys", "http://[::1]/keys"),
        (settings.ORIGINS, "https://A.example/, *,", ("https://a.example", "*")),
        (settings.STUN_URLS, "stun:a,stuns:b", ("stun:a", "stuns:b")),
        (settings.TURN_URLS, "turn:a", ("turn:a",)),
        (settings.one_of("a", "b"), " B", "b"),
        (settings.whole(1, 3), "3", 3),
        (settings.seconds(0.5, 3), "0.5", 0.5),
    ],
)
def test_what_fits_becomes_its_type(allowed: Allowed, text: str, value: object) -> None:
    """A text of the operator, once and for all."""
    assert _setting(allowed).parse(text) == value


@pytest.mark.parametrize(
    ("allowed", "text"),
    [
        (settings.LONG_TEXT, "fifteen letters"),
        (settings.WORD, " "),
        (settings.YES_NO, "maybe"),
        (settings.STORE, "diskcache:"),
        (settings.STORE, "redis:"),
        (settings.STORE, "redis://"),
        (settings.ALGORITHM, "none"),
        (settings.KEYS_URL, "http://id.example/keys"),
        (settings.KEYS_URL, "http://127.0.0.1.id.example/keys"),
        (settings.KEYS_URL, "http://10.0.0.1/keys"),
        (settings.KEYS_URL, "https://user:word@id.example/keys"),
        (settings.KEYS_URL, "https://id.example/keys#first"),
        (settings.KEYS_URL, "https://id.example/k eys"),
        (settings.KEYS_URL, "https://id.example:port/keys"),
        (settings.KEYS_URL, "https:///keys"),
        (settings.KEYS_URL, "file:///keys"),
        (settings.KEYS_URL, "id.example/keys"),
        (settings.ORIGINS, "chat.example"),
        (settings.ORIGINS, "https://chat.example/page"),
        (settings.STUN_URLS, "turn:a"),
        (settings.TURN_URLS, "turn:"),
        (settings.one_of("a", "b"), "c"),
        (settings.one_of("a", "b"), ""),
        (settings.whole(1, 3), "4"),
        (settings.whole(1, 3), "x"),
        (settings.seconds(0.5, 3), "nan"),
    ],
)
def test_what_does_not_fit_is_told_with_what_is_allowed(allowed: Allowed, text: str) -> None:
    """One sentence that names the variable."""
    with pytest.raises(BadSetting, match=r"SIGNALING_SOME_FIELD is .*allowed is"):
        _setting(allowed).parse(text)


def test_a_secret_that_does_not_fit_is_not_quoted() -> None:
    """Errors end in logs."""
    with pytest.raises(BadSetting) as caught:
        _setting(settings.whole(1, 3), is_secret=True).parse("hunter2")
    assert "hunter2" not in str(caught.value)


@pytest.mark.parametrize(
    ("value", "shown"),
    [(None, "-"), ((), "-"), (True, "1"), (False, "0"), (("a", "b"), "a,b"), (2.5, "2.5"), (3, "3"), ("x", "x")],
)
def test_a_value_is_shown_as_it_can_be_set(value: object, shown: str) -> None:
    """`config` prints what the environment takes."""
    assert _setting(settings.TEXT).show(value) == shown


def test_passwords_in_urls_are_hidden() -> None:
    """Also one with a slash that should have been encoded, and those in a query."""
    row = _setting(settings.STORE)
    assert row.show("redis://user:hunter2/@host:1/0") == "redis://(hidden)@host:1/0"
    assert "hunter2" not in row.show("redis+sentinel://host/s?sentinel_password=hunter2&db=1")
    with pytest.raises(BadSetting) as caught:
        row.parse("mongodb://:hunter2@host")
    assert "hunter2" not in str(caught.value)


def test_a_secret_is_hidden() -> None:
    """Also from whoever looks over a shoulder."""
    assert _setting(settings.TEXT, is_secret=True).show("hunter2") == "(hidden)"


def test_rows_carry_default_and_reason() -> None:
    """In the field of a dataclass."""

    @dataclasses.dataclass
    class Rows:
        size: int = settings.setting(5, settings.whole(1, 9), "five is enough")
        name: str | None = settings.optional(settings.TEXT, "nobody needs one")

    size, name = dataclasses.fields(Rows)
    assert (size.default, size.metadata["reason"]) == (5, "five is enough")
    assert (name.default, name.metadata["is_secret"]) == (None, False)


def test_password_in_a_url_is_not_shown() -> None:
    """Not where it is allowed, and not where it is refused for it."""
    with pytest.raises(BadSetting, match=r"https://\(hidden\)@id.example/keys") as caught:
        _setting(settings.KEYS_URL).parse("https://ann:w@rd@id.example/keys")
    assert "ann" not in str(caught.value)
    assert _setting(settings.TEXT).show("redis://:word@h:6379/0") == "redis://(hidden)@h:6379/0"
