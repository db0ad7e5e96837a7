"""Connectivity checks (RFC 8445, section 7) that lose no time, and stay bounded whatever the other side does.

Stock aioice sleeps 20 ms behind each check, also behind the one that connects; leaves a check in progress alone when
the other side's check shows that its first packet was lost at a NAT or an unready relay (section 7.3.1.4), which costs
half a second; gathers before it describes; and asks one server of each kind. Here

- the pace between checks is 5 ms, the least of section 14.2, and what ends the list, or adds to it, is noticed at once;
- a check in progress is sent again when a triggered one is due, at most every 20 ms;
- servers are asked in the background (`gathering`), and a relay found after the checks began forms its pairs then;
- pairs with a relay wait 30 ms for those without; which pair it is in the end, `settling.py` says.

What a remote can grow is bounded: pairs, peer-reflexive candidates, datagrams that wait, switches of role. The change
is a subclass that one connection is moved to, once; nothing global is patched. It is made of `LocalConnection`, which
there is only for versions of aioice that we have read.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable

import aioice
from aioice import stun
from aioice.ice import CandidatePair, StunProtocol, get_host_addresses

from .gathering import Gathering, bind_hosts
from .ice import LocalConnection, choose_addresses
from .route import MAPPED
from .servers import Plan
from .settling import SettlingConnection

__all__ = ["FastConnection", "hasten"]

State = CandidatePair.State

PACE_S = 0.005
RESTART_S = 0.02
RELAY_HEAD_START_S = 0.03
"""A relay is for those who have no other way: hosts in one network connect well within it."""

MAX_PAIRS = 400
"""Fifteen addresses and three relays a side make 324."""

MAX_PEER_REFLEXIVE = 32
"""Addresses of the other side that nobody told us of; the oldest goes for a new one."""

MAX_WAITING_DATAGRAMS = 2048
"""Until DTLS reads them; beyond, they are lost as on the way."""

MAX_ROUNDS = 4
"""Of one check, with a change of role in between: two honest sides need one (RFC 8445, section 7.2.5.1)."""


def hasten(
    connection: aioice.Connection, plan: Plan, *, on_candidate: Callable[[aioice.Candidate | None], None]
) -> bool:
    """Have this connection check and gather as said above; False where aioice stays as it comes, or was hastened."""
    if type(connection) is not LocalConnection:
        return False
    connection.__class__ = FastConnection
    assert isinstance(connection, FastConnection)
    connection.plan = plan
    connection.on_candidate = on_candidate
    connection.begin()
    return True


class FastConnection(SettlingConnection):
    """aioice's connection, made fast and bounded."""

    plan: Plan
    on_candidate: Callable[[aioice.Candidate | None], None]
    """Told of what is found after gathering has returned, and of the end of it."""
    gathering: Gathering | None = None

    def begin(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._changed, self._done = asyncio.Event(), asyncio.Event()
        self._relays_wait_until = 0.0
        self._restarted_at: dict[CandidatePair, float] = {}
        self._requests: dict[CandidatePair, stun.Message] = {}

    # Gathering

    @property
    def is_gathering(self) -> bool:
        return self.gathering is not None and not self.gathering.is_over

    async def gather_candidates(self) -> None:
        """The host's own candidates; without any, wait for the first that a server has for us."""
        if self._local_candidates_start:
            return
        self._local_candidates_start = True
        hosts = await bind_hosts(self, self._host_addresses())
        self._protocols += hosts
        self._local_candidates += [each.local_candidate for each in hosts]
        self.gathering = Gathering(
            self, self.plan, hosts, on_found=self._add_local_candidate, on_end=self._end_local_candidates
        )
        if not hosts:
            await self.gathering.first.wait()
        self._local_candidates_end = True

    async def stop_gathering(self) -> None:
        if self.gathering is not None:
            await self.gathering.stop()

    def _host_addresses(self) -> list[str]:
        if self.is_relay_only or self.allowed:
            return [] if self.is_relay_only else list(self.allowed)
        found = get_host_addresses(use_ipv4=self._use_ipv4, use_ipv6=self._use_ipv6)
        return choose_addresses(found, allowed=self.allowed)

    def _add_local_candidate(self, candidate: aioice.Candidate, protocol: StunProtocol | None) -> bool:
        """RFC 8838, section 10: what is found late forms its pairs like the others."""
        if self._closing:
            return False
        self._local_candidates.append(candidate)
        if protocol is not None:
            self._protocols.append(protocol)
            for remote in self._remote_candidates:
                if remote.type != "prflx":
                    self._pair_remote_candidate(remote)
            self.sort_check_list()
            self._changed.set()
        self.on_candidate(candidate)
        return True

    def _end_local_candidates(self) -> None:
        self.on_candidate(None)
        if self._early_checks_done and not self._check_list_maybe_complete():
            self._check_list_maybe_fail()

    def _remote_candidates_expected(self) -> bool:
        """Whether pairs may still come, of whichever side's candidates."""
        return self.is_gathering or super()._remote_candidates_expected()

    # The check list

    async def connect(self) -> None:
        if not self._local_candidates_end or self.remote_username is None or self.remote_password is None:
            raise ConnectionError("candidates are gathered and credentials exchanged first")
        has_others = any(each.local_candidate.type != "relay" for each in self._protocols)
        self._relays_wait_until = self._loop.time() + (RELAY_HEAD_START_S if has_others else 0.0)
        for remote in self._remote_candidates:
            self._pair_remote_candidate(remote)
        self.sort_check_list()
        self._unfreeze_initial()
        self._early_checks_done = True
        for early in self._early_checks:
            self.check_incoming(*early)
        self._early_checks.clear()
        await self._run_checks()
        if not self._nominated or self._closing:
            raise ConnectionError("ICE negotiation failed")
        self._cancel_worse_checks()
        self._query_consent_task = asyncio.create_task(self.query_consent())

    async def _run_checks(self) -> None:
        while not self._check_list_done:
            self._changed.clear()
            pair = self._next_pair()
            if pair is not None and not self._must_wait(pair):
                self.check_start_task(pair)
                await _until(self._done, PACE_S)
            elif pair is not None:
                await _until(self._changed, self._relays_wait_until - self._loop.time())
            else:
                self._check_list_maybe_fail()
                await _until(self._changed, None)

    def _next_pair(self) -> CandidatePair | None:
        """The best one in Waiting, else in Frozen (RFC 8445, section 6.1.4.2); relays behind the others."""
        ready = [pair for pair in self._check_list if pair.task is None and pair.state in (State.WAITING, State.FROZEN)]
        return min(ready, key=lambda pair: (self._must_wait(pair), pair.state is State.FROZEN), default=None)

    def _must_wait(self, pair: CandidatePair) -> bool:
        is_relayed = "relay" in (pair.local_candidate.type, pair.remote_candidate.type)
        return is_relayed and self._loop.time() < self._relays_wait_until

    def _pair_remote_candidate(self, remote_candidate: aioice.Candidate) -> None:
        if len(self._check_list) < MAX_PAIRS:
            super()._pair_remote_candidate(remote_candidate)

    def _add_remote_candidate(self, remote_candidate: aioice.Candidate, network_host: str) -> None:
        super()._add_remote_candidate(remote_candidate, network_host)
        self._changed.set()

    def _check_list_maybe_complete(self) -> bool:
        is_complete = super()._check_list_maybe_complete()
        self._notice()
        return is_complete

    def _check_list_maybe_fail(self) -> None:
        super()._check_list_maybe_fail()
        self._notice()

    def _notice(self) -> None:
        if self._check_list_done:
            self._changed.set()
            self._done.set()

    # One check

    async def check_start(self, pair: CandidatePair) -> None:
        """RFC 8445, section 7.2, with aggressive nomination as stock aioice does it."""
        self.check_state(pair, State.IN_PROGRESS)
        state = State.FAILED
        for _ in range(MAX_ROUNDS):
            nominate = self.ice_controlling
            try:
                response, addr = await self._request(pair, nominate=nominate)
            except stun.TransactionError as error:
                if error.response is None or error.response.attributes.get("ERROR-CODE", (0,))[0] != 487:
                    break
                self.switch_role(ice_controlling=not nominate)
                continue
            if addr != pair.remote_addr:  # section 7.2.5.2.1
                break
            if nominate or not self.ice_controlling:  # else our role has changed meanwhile: once more, to nominate
                setattr(pair, MAPPED, response.attributes.get("XOR-MAPPED-ADDRESS"))
                pair.nominated = pair.nominated or nominate or pair.remote_nominated
                state = State.SUCCEEDED
                break
        self.check_state(pair, state)
        self.check_complete(pair)

    async def _request(self, pair: CandidatePair, *, nominate: bool) -> tuple[stun.Message, tuple[str, int]]:
        assert self.remote_password is not None
        request = self._requests[pair] = self.build_request(pair, nominate=nominate)
        key = self.remote_password.encode()
        try:
            return await pair.protocol.request(request, pair.remote_addr, integrity_key=key)
        finally:
            self._requests.pop(pair, None)
            self._restarted_at.pop(pair, None)

    def check_incoming(self, message: stun.Message, addr: tuple[str, int], protocol: StunProtocol) -> None:
        """A check of the other side: the triggered check of section 7.3.1.4, also where one is in progress."""
        if "PRIORITY" not in message.attributes:
            return
        self._make_room_for(addr)
        super().check_incoming(message, addr, protocol)
        for pair, request in list(self._requests.items()):
            if pair.protocol is protocol and pair.remote_addr == addr:
                self._restart(pair, request)

    def _restart(self, pair: CandidatePair, request: stun.Message) -> None:
        """Send it again, as the same transaction: whichever answer comes first will do."""
        now = self._loop.time()
        if now >= self._restarted_at.get(pair, 0.0) + RESTART_S:
            self._restarted_at[pair] = now
            pair.protocol.send_stun(request, pair.remote_addr)

    def _make_room_for(self, addr: tuple[str, int]) -> None:
        """A remote that checks from ever new addresses loses the oldest of them."""
        if any((each._network_host, each.port) == addr for each in self._remote_candidates):
            return
        in_use = [pair.remote_candidate for pair in self._nominated.values()]
        learnt = [each for each in self._remote_candidates if each.type == "prflx" and each not in in_use]
        if len(learnt) < MAX_PEER_REFLEXIVE:
            return
        self._remote_candidates.remove(learnt[0])
        self._drop_pairs([pair for pair in self._check_list if pair.remote_candidate is learnt[0]])

    # What waits

    def data_received(self, data: bytes, component: int) -> None:
        if self._queue.qsize() < MAX_WAITING_DATAGRAMS:
            super().data_received(data, component)

    # The end

    async def close(self) -> None:
        """All relays are given back at the same time."""
        self._closing = True
        await self.stop_gathering()
        for protocol in self._protocols:
            if protocol.local_candidate.type == "relay":
                protocol.transport.close()
        self._check_list_done = True
        self._notice()
        await super().close()


async def _until(event: asyncio.Event, timeout_s: float | None) -> None:
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(timeout_s):
            await event.wait()
