"""What `doctor` asks others: the signaling server, its STUN and TURN servers, and what they say of the way here."""

from __future__ import annotations

import secrets
from collections.abc import AsyncIterator
from datetime import datetime

from ..config import Config
from ..errors import JoinRefused, PeerError, SignalingUnreachable
from ..ids import Topic
from ..ports import IceServer
from ..rtc.probe import Mapped, NatKind, Refused, ask_stun, ask_turn, kind_of_nat, plan_probes
from ..rtc.servers import Plan, Server
from ..signaling.client import SignalingClient
from ..signaling.probe import Seen, look_at
from .account import Account
from .findings import Finding, bad, doubtful, good

__all__ = ["check_clock", "check_nat", "check_server", "check_stun", "check_turn", "find_ice_servers", "plan_of"]

_SLOW_S = 1.0
_SKEW_S, _GREAT_SKEW_S = 10.0, 120.0
"""Tokens are taken some seconds early or late; attestations and invites minutes."""


async def check_server(server: str) -> tuple[Finding, Seen | None]:
    """Whether it answers, and is one of ours."""
    try:
        seen = await look_at(server)
    except SignalingUnreachable as error:
        advice = "start one there (python -m signaling serve --guests), or name another: --server, SPEAKTUBE_SERVER"
        return bad("server", f"nothing answers at {error.server} ({error.reason})", advice), None
    except PeerError as error:
        return bad("server", str(error), "name another one: --server, SPEAKTUBE_SERVER"), None
    took = f"{seen.took_s * 1000:.0f} ms"
    if seen.version is None:
        advice = "is that the address of a Speaktube server, or of a proxy that hides /openapi.json?"
        return doubtful("server", f"{server} answers in {took}, and does not say what it is", advice), seen
    if seen.took_s > _SLOW_S:
        return doubtful("server", f"{server} answers in {took}", "it is far away, or has much to do"), seen
    return good("server", f"{server} answers in {took}, version {seen.version}"), seen


def check_clock(seen: Seen, now: datetime) -> Finding:
    """Ours against the server's, which is told to the second."""
    if seen.clock is None:
        return doubtful("clock", "the server does not tell the time", "look at yours: date -u")
    skew_s = (now - seen.clock).total_seconds()
    if abs(skew_s) < _SKEW_S:
        return good("clock", "as the server's")
    ahead = "ahead of" if skew_s > 0 else "behind"
    text, advice = f"{abs(skew_s):.0f} s {ahead} the server's", "set this machine's clock: timedatectl set-ntp true"
    return (bad if abs(skew_s) > _GREAT_SKEW_S else doubtful)("clock", text, advice)


async def find_ice_servers(account: Account, config: Config) -> tuple[Finding, tuple[IceServer, ...]]:
    """What the server offers to whoever has a seat: so one is taken, in a room that nobody knows of, and given back."""
    client = SignalingClient(account.server, display_name=account.name, token=account.token, config=config)
    try:
        seat = await client.create_room(topic=Topic(secrets.token_urlsafe(16)), custom_name=None, is_public=False)
        await seat.leave()
    except JoinRefused as error:
        advice = "a server that wants a token gets it from SPEAKTUBE_TOKEN or --token-file, if you name it by --server"
        return bad("entry", str(error), advice), ()
    except PeerError as error:
        return bad("entry", str(error), "mend that, then look again"), ()
    finally:
        await client.close()
    return good("entry", "the server lets you open rooms"), seat.ice_servers


def plan_of(servers: tuple[IceServer, ...], config: Config) -> Plan:
    return plan_probes(servers, config)


async def check_stun(plan: Plan) -> tuple[list[Finding], list[Mapped]]:
    """Each STUN server, and what they saw."""
    if not plan.stun:
        advice = "fine within one network; else have the operator set SIGNALING_STUN_URLS"
        return [doubtful("stun", "the server names no STUN server", advice)], []
    seen = await ask_stun(plan.stun)
    answered = {each.server for each in seen}
    return [_stun_line(server, is_there=server in answered) for server in plan.stun], seen


def _stun_line(server: Server, *, is_there: bool) -> Finding:
    if is_there:
        return good("stun", f"{_name(server)} answers")
    return bad("stun", f"{_name(server)} is silent", "UDP may be blocked here, or it is down: tell the operator")


async def check_turn(plan: Plan) -> AsyncIterator[Finding]:
    """Each TURN server, by a relay that is given back at once."""
    if not plan.turn:
        advice = "who is behind a hard NAT or firewall reaches nobody: have the operator set SIGNALING_TURN_URLS"
        yield doubtful("turn", "the server names no TURN server", advice)
    for server in plan.turn:
        yield await _try_relay(server)


async def _try_relay(server: Server) -> Finding:
    name = f"{_name(server)} by {server.carrier}"
    try:
        await ask_turn(server)
    except Refused as error:
        return bad(
            "turn", f"{name} refuses: {error}", "the operator's SIGNALING_TURN_SECRET and coturn's differ, or its clock"
        )
    except OSError as error:
        return bad("turn", f"{name} is silent ({_reason(error)})", "it is down, or blocked here: tell the operator")
    return good("turn", f"{name} gives relays")


def check_nat(seen: list[Mapped], *, has_turn: bool) -> Finding:
    """What it means for links to others."""
    kind: NatKind = kind_of_nat(seen)
    match kind:
        case "none":
            return good("nat", "none: you are reached at an address of your own")
        case "endpoint-independent":
            return good("nat", "one address for all you talk to: most links are direct")
        case "address-dependent" if has_turn:
            return doubtful("nat", "another address for each you talk to", "links go by the relay, which costs time")
        case "address-dependent":
            advice = "without a relay few reach you: have the operator set SIGNALING_TURN_URLS"
            return bad("nat", "another address for each you talk to", advice)
        case _:
            return doubtful("nat", "unknown", "it takes two STUN servers that answer: SIGNALING_STUN_URLS")


def _name(server: Server) -> str:
    host = f"[{server.host}]" if ":" in server.host else server.host
    return f"{host}:{server.port}"


def _reason(error: OSError) -> str:
    return error.strerror or "no answer in time"
