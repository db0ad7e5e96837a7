"""The commands."""

import asyncio
import json
import os
import sys

import aiohttp
import jwt
import pytest

from .processes import run, serving
from .support import SECRET


async def test_server_that_lets_nobody_in_refuses_to_start() -> None:
    """One sentence that says which to set, exit code 2."""
    ended = await run()
    assert (ended.code, ended.out, len(ended.err.splitlines())) == (2, "", 1)
    for name in ("SIGNALING_JWT_SECRET", "SIGNALING_JWT_PUBLIC_KEY", "SIGNALING_GUESTS=1"):
        assert name in ended.err


@pytest.mark.parametrize(
    ("variables", "wanted"),
    [
        ({"SIGNALING_PORT": "eighty"}, "SIGNALING_PORT is 'eighty'; allowed is a whole number from 0 to 65535"),
        ({"SIGNALING_GUESTS": "1", "SIGNALING_STORE": "redis://:word@host/x"}, "names no Redis that could be reached"),
        ({"SIGNALING_JWT_SECRET": "short"}, "too weak"),
        ({"SIGNALING_JWT_PUBLIC_KEY": "/no/such/file"}, "SIGNALING_JWT_PUBLIC_KEY"),
    ],
)
async def test_bad_setting_is_one_sentence(variables: dict[str, str], wanted: str) -> None:
    """Exit code 2, no traceback, no secret."""
    ended = await run(**variables)
    assert (ended.code, ended.out, len(ended.err.splitlines())) == (2, "", 1)
    assert wanted in ended.err


async def test_unknown_variable_is_warned_about() -> None:
    """And ignored."""
    ended = await run("config", SIGNALING_PROT="80")
    assert ended.code == 0
    assert ended.err == "signaling: SIGNALING_PROT is not a setting and is ignored\n"


@pytest.mark.parametrize("way", ["variable", "flag"])
async def test_what_is_said_of_settings_is_json_where_the_log_is(way: str) -> None:
    """Before the log is set up too: what collects the lines of a container reads nothing else."""
    variables = {"SIGNALING_PROT": "80", "SIGNALING_PORT": "eighty"}
    if way == "flag":
        ended = await run("serve", "--log-format", "json", **variables)
    else:
        ended = await run("serve", SIGNALING_LOG_FORMAT="json", **variables)
    warning, error = map(json.loads, ended.err.splitlines())
    assert (ended.code, warning["level"], error["level"]) == (2, "WARNING", "ERROR")
    assert warning["message"] == "! SIGNALING_PROT is not a setting and is ignored"
    assert "SIGNALING_PORT is 'eighty'" in error["message"]
    assert set(warning) == set(error) == {"time", "level", "logger", "message"}


async def test_config_prints_all_without_secrets() -> None:
    """Value, default, reason."""
    ended = await run("config", SIGNALING_JWT_SECRET=SECRET, SIGNALING_PORT="81")
    assert "SIGNALING_PORT=81\n" in ended.out
    assert "default 8080" in ended.out
    assert "SIGNALING_JWT_SECRET=(hidden)" in ended.out
    assert SECRET not in ended.out


async def test_reader_that_has_seen_enough_is_no_error() -> None:
    """`config | head`: no traceback."""
    reader, writer = os.pipe()
    os.close(reader)
    child = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "signaling", "config", stdout=writer, stderr=asyncio.subprocess.PIPE
    )
    os.close(writer)
    _, complaints = await child.communicate()
    assert (child.returncode, complaints) == (0, b"")


async def test_token_is_minted_from_the_secret() -> None:
    """For development; with issuer and audience where they are configured."""
    variables = {"SIGNALING_JWT_SECRET": SECRET, "SIGNALING_JWT_AUDIENCE": "speaktube"}
    ended = await run("token", "--sub", "alice", "--name", "Alice", "--ttl", "60", **variables)
    claims = jwt.decode(ended.out.strip(), SECRET, algorithms=["HS256"], audience="speaktube")
    assert (claims["sub"], claims["name"], claims["exp"] - claims["iat"]) == ("alice", "Alice", 60)


async def test_token_without_a_secret_is_one_sentence() -> None:
    """And a time-to-live that makes no sense another."""
    assert "SIGNALING_JWT_SECRET" in (await run("token", "--sub", "alice")).err
    ended = await run("token", "--sub", "alice", "--ttl", "0", SIGNALING_JWT_SECRET=SECRET)
    assert (ended.code, len(ended.err.splitlines())) == (2, 1)


async def test_help_names_the_commands_and_the_settings() -> None:
    """Each setting is a flag of serve."""
    helped = (await run("--help")).out
    assert [name for name in ("serve", "healthcheck", "token", "config") if name not in helped] == []
    helped = (await run("serve", "--help")).out
    assert "--room-peers" in helped
    assert "SIGNALING_TURN_SECRET" in helped


async def test_help_does_not_pay_for_aiohttp() -> None:
    """Late imports."""
    import asyncio
    import sys

    code = "import signaling.__main__, sys; print({'aiohttp', 'jwt', 'diskcache', 'asyncio'} & set(sys.modules))"
    process = await asyncio.create_subprocess_exec(sys.executable, "-c", code, stdout=asyncio.subprocess.PIPE)
    assert (await process.communicate())[0] == b"set()\n"


TRIAL = ("--store", "memory:", "--trial")


async def _create_without_a_jwt(url: str) -> int:
    async with aiohttp.ClientSession(url) as session, session.post("/signaling/create-room") as response:
        return response.status


async def test_trial_lets_guests_in_and_says_so() -> None:
    """What the image does when it is started with no word about who may come in."""
    async with serving(*TRIAL) as (process, url):
        assert await _create_without_a_jwt(url) == 200
        assert process.stderr is not None
        assert b"a trial: no JWT settings" in await process.stderr.readline()


async def test_any_jwt_setting_ends_the_trial() -> None:
    """The operator has decided."""
    async with serving(*TRIAL, SIGNALING_JWT_SECRET=SECRET) as (_, url):
        assert await _create_without_a_jwt(url) == 401


async def test_refusing_guests_ends_the_trial() -> None:
    """And leaves nobody who could come in; an empty variable decides nothing."""
    ended = await run("serve", *TRIAL, SIGNALING_GUESTS="0", SIGNALING_JWT_SECRET="")
    assert (ended.code, len(ended.err.splitlines())) == (2, 1)
