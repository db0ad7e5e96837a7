"""Keys of real links are renewed while messages go both ways."""

import asyncio
import gc

import pytest

import peer
from peer.core.epochs import Epochs

from .rooms import Attendee, Company

pytestmark = pytest.mark.rtc

SOON = peer.Config(rekey_after_frames=25, min_rekey_interval_s=0.0, pad_messages=True)
ROUNDS, PER_ROUND = 12, 10


async def all_heard(hearer: Attendee, count: int) -> None:
    await hearer.ear.until(lambda: len(hearer.ear.of(peer.Message)) >= count)


async def test_no_message_is_lost_while_keys_are_renewed(server: str, company: Company) -> None:
    """Many times over real data channels, padded, in suite 2."""
    ann = await company.create(server, "ann", config=SOON)
    bob = await company.join(ann.invite, "bob", config=SOON)
    await bob.meet(ann)
    texts = [f"message {number}" for number in range(ROUNDS * PER_ROUND)]
    for said in range(0, len(texts), PER_ROUND):
        burst = texts[said : said + PER_ROUND]
        await asyncio.gather(*(each.say(text) for text in burst for each in (ann, bob)))
        await asyncio.gather(*(all_heard(each, said + PER_ROUND) for each in (ann, bob)))
    for hearer in (ann, bob):
        assert [message.text for message in hearer.ear.of(peer.Message)] == texts
        assert hearer.ear.of(peer.MemberLeft) == []
    ends = [each for each in gc.get_objects() if isinstance(each, Epochs)]
    assert max(each.number for each in ends) >= 2
