"""Keeps a room civil: python examples/moderation_bot.py INVITE --data-dir kept

Make it a moderator first. It deletes what holds a word of MODERATION_WORDS (a file, one word a line), and what is more
than five messages in ten seconds; the third time it removes the member. Moderators and above are let alone.

    !strikes Bob        how often was that?
    !forgive Bob        moderators and above
"""

import os
import re
import unicodedata
from collections import deque
from dataclasses import dataclass, field
from pathlib import Path

import peer

MOST, WITHIN_S, STRIKES = 5, 10.0, 3
WORDS_FILE = "MODERATION_WORDS"

bot = peer.Bot(name="moderator")
recent: dict[str, deque[float]] = {}
"""Of each member, when the newest messages came."""


@dataclass
class Strikes:
    counts: dict[str, int] = field(default_factory=dict)


strikes = bot.state(Strikes)


def fold(text: str) -> str:
    """As a reader sees it: ＢＡＤ is bad."""
    return unicodedata.normalize("NFKC", text).casefold()


def banned_words() -> set[str]:
    """Read each time: who adds a word need not start the bot again."""
    path = os.environ.get(WORDS_FILE)
    return {fold(word) for word in Path(path).read_text("utf-8").split()} if path else set()


def is_rude(text: str) -> bool:
    return not banned_words().isdisjoint(re.findall(r"\w+", fold(text)))


def is_too_fast(sender: str) -> bool:
    now = bot.clock.now().timestamp()
    times = recent.setdefault(sender, deque(maxlen=MOST + 1))
    times.append(now)
    return len(times) > MOST and now - times[0] < WITHIN_S


@bot.on
async def watch(event: peer.Message | peer.MessageEdited, room: peer.Room) -> None:
    message = event if isinstance(event, peer.Message) else event.message
    if message.sender.role != "member":
        return
    if is_rude(message.text):
        await strike(message, room, "mind your words")
    elif event is message and message.arrival == "live" and is_too_fast(message.sender.id):  # who was away is no flood
        await strike(message, room, "slow down")


@bot.on
async def let_go(left: peer.MemberLeft) -> None:
    recent.pop(left.member.id, None)


async def strike(message: peer.Message, room: peer.Room, why: str) -> None:
    await message.delete()
    async with strikes.of(room) as kept:
        count = kept.counts[message.sender.id] = kept.counts.get(message.sender.id, 0) + 1
        if count >= STRIKES:
            del kept.counts[message.sender.id]
    if count < STRIKES:
        await room.send(f"{message.sender.name}: {why} ({count} of {STRIKES})")
    else:
        await room.send(f"{message.sender.name} was removed: {why}")
        await room.kick(message.sender)


@bot.command(name="strikes")
async def show(message: peer.Message, who: peer.Member) -> None:
    """Says how often somebody was warned."""
    count = (await strikes.read(message)).counts.get(who.id, 0)
    await message.reply(f"{who.name}: {count} of {STRIKES}")


@bot.command(role="moderator")
async def forgive(message: peer.Message, who: peer.Member) -> None:
    """Forgets somebody's warnings."""
    async with strikes.of(message) as kept:
        kept.counts.pop(who.id, None)
    await message.reply(f"{who.name} is forgiven")


if __name__ == "__main__":
    bot.main()
