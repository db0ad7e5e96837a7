"""`python -m signaling [serve|healthcheck|token|config]`.

Only argparse and the table of settings are imported up front: `--help` must not pay for aiohttp. An operator's
mistake ends as one sentence on standard error and an exit code, never as a traceback.
"""

import argparse
import contextlib
import dataclasses
import logging
import os
import sys
from collections.abc import Sequence

from .config import SETTINGS, Config, read_config, unknown_variables
from .errors import BadSetting, Halt
from .settings import PREFIX

__all__ = ["main"]

COMMANDS = ("serve", "healthcheck", "token", "config")

WHO_MAY_COME = ("jwt_secret", "jwt_public_key", "jwks_url", "guests")
"""Any of these settings ends a trial: the operator has decided."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; answer its exit code."""
    options = _parser().parse_args(_with_default(list(sys.argv[1:] if arguments is None else arguments)))
    try:
        code = int(options.run(options))
        sys.stdout.flush()
    except Halt as error:
        _tell(options, logging.ERROR, str(error))
        return error.exit_code
    except BrokenPipeError:  # `config | head`: whoever read has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    return code


def _with_default(arguments: list[str]) -> list[str]:
    """`serve` may be left out: `python -m signaling --guests`."""
    if arguments and (arguments[0] in COMMANDS or arguments[0] in {"-h", "--help"}):
        return arguments
    return ["serve", *arguments]


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m signaling", description="Where peers find each other.")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    serve = commands.add_parser("serve", help="run the server (the default)", description="Run the server.")
    _add_flags(serve)
    serve.add_argument("--trial", action="store_true", help="let guests in as long as no setting says who may come in")
    serve.set_defaults(run=_serve)
    healthcheck = commands.add_parser("healthcheck", help="ask a running server; exit code 0 when it answers")
    healthcheck.set_defaults(run=_healthcheck)
    token = commands.add_parser("token", help="mint a JWT for development from SIGNALING_JWT_SECRET")
    token.add_argument("--sub", required=True, help="the user's id")
    token.add_argument("--name", help="the user's display name")
    token.add_argument("--ttl", type=int, default=3600, metavar="SECONDS", help="how long it is good (3600)")
    token.set_defaults(run=_token)
    config = commands.add_parser("config", help="print every setting: value, default, reason")
    config.set_defaults(run=_config)
    return parser


def _add_flags(serve: argparse.ArgumentParser) -> None:
    for setting in SETTINGS:
        is_switch = isinstance(setting.default, bool)
        serve.add_argument(
            setting.flag,
            dest=setting.field,
            help=f"{setting.variable}; default {setting.show(setting.default)}".replace("%", "%%"),
            metavar="1|0" if is_switch else "VALUE",
            default=argparse.SUPPRESS,
            nargs="?" if is_switch else None,
            const="1" if is_switch else None,
        )


def _tell(options: argparse.Namespace, level: int, sentence: str) -> None:
    """Something about the settings, before the log is set up by them; in its style all the same, where it is known."""
    style = getattr(options, "log_format", os.environ.get(PREFIX + "LOG_FORMAT"))
    if options.run is not _serve or style != "json":
        print(f"signaling: {sentence}", file=sys.stderr)
        return
    from .logs import configure

    configure(style=style, level="info", stream=sys.stderr)
    logging.getLogger("signaling").log(level, "! %s", sentence)


def _read(options: argparse.Namespace) -> Config:
    for name in unknown_variables(os.environ):
        _tell(options, logging.WARNING, f"{name} is not a setting and is ignored")
    flags = {setting.field: getattr(options, setting.field) for setting in SETTINGS if hasattr(options, setting.field)}
    return read_config(os.environ, flags)


def _serve(options: argparse.Namespace) -> int:
    config = _read(options)
    if options.trial and _is_undecided(options):
        _tell(options, logging.WARNING, "a trial: no JWT settings, so guests are let in; see docs/operations.md")
        config = dataclasses.replace(config, guests=True)
    from .serve import serve

    return serve(config)


def _is_undecided(options: argparse.Namespace) -> bool:
    """Nothing has been said about who may come in; an empty variable says nothing."""
    return not any(getattr(options, name, os.environ.get(PREFIX + name.upper())) for name in WHO_MAY_COME)


def _healthcheck(options: argparse.Namespace) -> int:
    config = _read(options)
    from .healthcheck import check

    return check(config)


def _token(options: argparse.Namespace) -> int:
    import time

    from .identity.auth import mint_user_token

    config = _read(options)
    if not config.jwt_secret:
        raise BadSetting("token needs SIGNALING_JWT_SECRET, the secret it signs with")
    if options.ttl <= 0:
        raise BadSetting("--ttl is at least 1 second")
    print(
        mint_user_token(
            config.jwt_secret,
            sub=options.sub,
            name=options.name,
            issuer=config.jwt_issuer,
            audience=config.jwt_audience,
            now=time.time(),
            ttl_s=options.ttl,
        )
    )
    return 0


def _config(options: argparse.Namespace) -> int:
    config = _read(options)
    for setting in SETTINGS:
        value, default = setting.show(getattr(config, setting.field)), setting.show(setting.default)
        print(f"{setting.variable}={value}")
        print(f"    {setting.flag}, default {default}; allowed is {setting.allowed.sentence}")
        print(f"    {setting.reason}")
    return 0


if __name__ == "__main__":
    with contextlib.suppress(KeyboardInterrupt):
        sys.exit(main())
