"""Which pair of candidates a connection keeps, and that the other side still wants to be sent to (RFC 7675).

Nomination is aggressive as in stock aioice: several pairs may succeed, and the last nominated counts. At first a better
pair is not given up for a worse one, and the checks of better ones go on when the first has succeeded; later
the last nomination counts whatever its priority, for the better pair may have died. Relays that are not in use by then
are given back. Consent is asked for by nominating again: the other side follows when a NAT on the way forgets us.
"""

from __future__ import annotations

import asyncio
import random

from aioice import stun
from aioice.ice import CandidatePair, candidate_pair_priority

from .ice import LocalConnection

__all__ = ["SettlingConnection"]

SETTLING_S = 2.0


class SettlingConnection(LocalConnection):
    """What follows the first success; made by `checks.hasten` only."""

    consent_interval_s = 2.5
    consent_retries = 2
    """Of one question, after 0.5 and 1.5 s; an answer counts for 3.5 s, since a full or a long path takes its time."""
    consent_failures = 3
    """RFC 7675, section 5.1: without an answer for about 18 s nothing is sent any more."""
    _better_pairs_until = 0.0

    def check_complete(self, pair: CandidatePair) -> None:
        best = self._nominated.get(pair.component)
        if best is None:
            self._better_pairs_until = asyncio.get_running_loop().time() + SETTLING_S
        super().check_complete(pair)
        is_settling = asyncio.get_running_loop().time() < self._better_pairs_until
        if best is not None and is_settling and self._rank(best) > self._rank(pair):
            self._nominated[pair.component] = best

    def _rank(self, pair: CandidatePair) -> int:
        return candidate_pair_priority(pair.local_candidate, pair.remote_candidate, self.ice_controlling)

    def _cancel_worse_checks(self) -> None:
        """The better ones may go on: what they find takes over, if it comes soon."""
        chosen = self._rank(self._nominated[1])
        for pair in self._check_list:
            if pair.task is not None and self._rank(pair) <= chosen:
                pair.task.cancel()
                pair.task, pair.state = None, CandidatePair.State.FAILED  # a check of the other side may begin it anew

    async def query_consent(self) -> None:
        """RFC 7675; who controls nominates again, so that the other side follows us through a NAT that forgot us."""
        assert self.remote_password is not None
        failures = 0
        while failures < self.consent_failures:
            await asyncio.sleep(self.consent_interval_s * random.uniform(0.8, 1.2))  # noqa: S311 - section 5.1, no secret
            self._release_spare_relays()
            for pair in list(self._nominated.values()):
                request = self.build_request(pair, nominate=self.ice_controlling)
                try:
                    await pair.protocol.request(
                        request,
                        pair.remote_addr,
                        integrity_key=self.remote_password.encode(),
                        retransmissions=self.consent_retries,
                    )
                    failures = 0
                except stun.TransactionError:
                    failures += 1
        self._query_consent_task = None
        await self.close()

    def _release_spare_relays(self) -> None:
        """What is not in use by now will not be: a TURN server has better uses for it."""
        in_use = {pair.protocol for pair in self._nominated.values()}
        for protocol in self._protocols:
            if protocol.local_candidate.type == "relay" and protocol not in in_use:
                protocol.transport.close()
                self._drop_pairs([pair for pair in self._check_list if pair.protocol is protocol])

    def _drop_pairs(self, pairs: list[CandidatePair]) -> None:
        for pair in pairs:
            self._check_list.remove(pair)
            if pair.task is not None:
                pair.task.cancel()
