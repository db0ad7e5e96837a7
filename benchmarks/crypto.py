"""What our encryption costs: handshakes, frames, signatures, and the share of a real data channel that is left.

CPU time of one core, both sides together. The last figures send the same messages over the same stock aiortc channel
to a process of its own, plain and through the keys of a link by turns; `ratio_bare` is what remains of its rate.
`--quick` takes very little of everything, to see that it runs.
"""

from __future__ import annotations

import asyncio
import hashlib
import itertools
import os
import statistics
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass

from aiortc import RTCDataChannel
from bare import bare_answer, bare_channel
from report import print_values

from peer.config import Config
from peer.core.epochs import Epochs
from peer.crypto.exchange import SUITE_X25519, SUITES, Established, Role
from peer.crypto.handshake import Handshake
from peer.crypto.identity import Identity, verify
from peer.crypto.rekey import EVENTS, LinkKeys
from peer.ids import Topic

SIZES = (200, 16 * 1024)
HIGH_WATER_BYTES = 256 * 1024
SEALED, PLAIN = b"sealed", b"plain"
LABEL = b"speaktube benchmark"


@dataclass(frozen=True)
class Amount:
    """How much of everything is done."""

    handshakes: int = 300
    frames: int = 30_000
    signatures: int = 5_000
    messages: int = 6_000
    """Of 200 bytes on the real channel, each round; of the larger ones a quarter."""
    rounds: int = 8


QUICK = Amount(handshakes=3, frames=50, signatures=10, messages=40, rounds=1)


# ---- without a network


def shake_hands(suite: int, random_bytes: Callable[[int], bytes] = os.urandom) -> tuple[Established, Established]:
    """Both sides of one handshake, hellos and all."""
    left, right = (_side(role, suite, random_bytes) for role in Role)
    (hello_i,), (hello_r,) = left.start(), right.start()
    right.receive(hello_i)
    (message_1,) = left.receive(hello_r)
    (message_2,) = right.receive(message_1)
    (message_3,) = left.receive(message_2)
    right.receive(message_3)
    assert left.established is not None
    assert right.established is not None
    return left.established, right.established


def _side(role: Role, suite: int, random_bytes: Callable[[int], bytes]) -> Handshake:
    prints = bytes(32), bytes([1]) * 32
    return Handshake(
        role=role,
        identity=IDENTITIES[role],
        gate=bytes(32),
        topic=Topic("benchmark"),
        local_fingerprint=prints[role is Role.RESPONDER],
        remote_fingerprint=prints[role is Role.INITIATOR],
        authorise=lambda _: True,
        random_bytes=random_bytes,
        suites=(suite,),
    )


IDENTITIES = {role: Identity.from_seed(role.value * 32) for role in Role}


def epochs_of(established: Established) -> Epochs:
    keys = LinkKeys(established, identity=IDENTITIES[established.role], random_bytes=os.urandom)
    return Epochs(keys, config=Config(), now=0.0)


def cpu_of(repeat: int, action: Callable[[], object]) -> float:
    """Seconds of CPU for one time: the median of ten batches, since a busy neighbour slows a core down."""
    batch = max(1, repeat // 10)
    seconds = []
    for _ in range(10):
        before = time.process_time()
        for _ in range(batch):
            action()
        seconds.append((time.process_time() - before) / batch)
    return statistics.median(seconds)


def measure_handshakes(amount: Amount) -> None:
    for suite in SUITES:
        shake_hands(suite)
        seconds = cpu_of(amount.handshakes, lambda suite=suite: shake_hands(suite))  # type: ignore[misc]
        print_values(f"handshake of suite {suite}, both sides", count=amount.handshakes, cpu_ms=round(seconds * 1e3, 3))


def measure_frames(amount: Amount) -> None:
    """As a link does it, with all that is counted on the way."""
    for size in SIZES:
        left, right = map(epochs_of, shake_hands(SUITE_X25519))
        plaintext = b"\x90" + bytes(size - 1)
        repeat = amount.frames if size < 1000 else amount.frames // 4
        seconds = cpu_of(repeat, lambda: right.open(EVENTS, left.seal(EVENTS, plaintext), now=0.0))  # noqa: B023
        print_values(
            f"seal and open {size} B",
            count=repeat,
            cpu_us=round(seconds * 1e6, 2),
            per_s=round(1 / seconds),
            mib_per_s=round(size / seconds / 2**20),
        )


def measure_signatures(amount: Amount) -> None:
    identity, data = IDENTITIES[Role.INITIATOR], bytes(200)
    signature = identity.sign(LABEL, data)
    signing = cpu_of(amount.signatures, lambda: identity.sign(LABEL, data))
    verifying = cpu_of(amount.signatures, lambda: verify(identity.public_key, LABEL, signature, data))
    for name, seconds in (("event sign", signing), ("event verify", verifying)):
        print_values(name, count=amount.signatures, cpu_us=round(seconds * 1e6, 1), per_s=round(1 / seconds))


# ---- on a real data channel


def same_keys() -> tuple[Epochs, Epochs]:
    """Both ends of one link, the same in both processes; never do this outside of a benchmark."""
    counter = itertools.count()
    left, right = shake_hands(SUITE_X25519, lambda count: hashlib.shake_256(b"%d" % next(counter)).digest(count))
    return epochs_of(left), epochs_of(right)


class Receiver:
    """The child: opens what is sealed, and answers once it has a round."""

    def __init__(self) -> None:
        self._epochs: Epochs | None = None
        self._missing = 0

    def __call__(self, channel: RTCDataChannel, data: bytes) -> None:
        if not self._missing:
            word, _, count = data.partition(b" ")
            self._missing = int(count)
            self._epochs = same_keys()[1] if word == SEALED else None
            return
        if self._epochs is not None:
            self._epochs.open(EVENTS, data, now=0.0)
        self._missing -= 1
        if not self._missing:
            channel.send(b"done")


async def one_round(channel: RTCDataChannel, *, word: bytes, count: int, size: int) -> float:
    """Seconds until the other side has all."""
    epochs = same_keys()[0] if word == SEALED else None
    done: asyncio.Future[object] = asyncio.get_running_loop().create_future()
    channel.once("message", done.set_result)
    plaintext = b"\x90" + bytes(size - 1)
    before = time.perf_counter()
    channel.send(b"%s %d" % (word, count))
    for _ in range(count):
        channel.send(epochs.seal(EVENTS, plaintext) if epochs else plaintext)
        if channel.bufferedAmount > HIGH_WATER_BYTES:
            await _drained(channel)
    await done
    return time.perf_counter() - before


async def _drained(channel: RTCDataChannel) -> None:
    low: asyncio.Future[None] = asyncio.get_running_loop().create_future()
    channel.bufferedAmountLowThreshold = HIGH_WATER_BYTES // 2
    channel.once("bufferedamountlow", lambda: low.set_result(None))
    await low


async def measure_channel(amount: Amount) -> None:
    async with bare_channel(__file__, "receive") as channel:
        for size in SIZES:
            count = amount.messages if size < 1000 else amount.messages // 4
            await one_round(channel, word=PLAIN, count=count // 4, size=size)
            await one_round(channel, word=SEALED, count=count // 4, size=size)
            bare, ours = [], []
            for _ in range(amount.rounds):
                bare.append(count / await one_round(channel, word=PLAIN, count=count, size=size))
                ours.append(count / await one_round(channel, word=SEALED, count=count, size=size))
            per_s, bare_per_s = statistics.median(ours), statistics.median(bare)
            print_values(
                f"data channel {size} B, sealed",
                count=count * amount.rounds,
                per_s=round(per_s),
                mib_per_s=round(per_s * size / 2**20, 2),
                bare_per_s=round(bare_per_s),
                ratio_bare=round(per_s / bare_per_s, 2),
            )


def main(arguments: list[str]) -> None:
    if arguments == ["receive"]:
        asyncio.run(bare_answer(Receiver()))
        return
    amount = QUICK if arguments == ["--quick"] else Amount()
    measure_handshakes(amount)
    measure_frames(amount)
    measure_signatures(amount)
    asyncio.run(measure_channel(amount))


if __name__ == "__main__":
    main(sys.argv[1:])
