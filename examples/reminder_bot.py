"""Reminds people, also after a restart: python examples/reminder_bot.py INVITE --data-dir kept

!remind 10m tea is ready        in 90s, 10m, 2h or 3d
!reminders                      those of yours
!forget 1                       the first of them
"""

import re
from dataclasses import dataclass, field
from datetime import timedelta

import peer

MOST_OF_ONE = 10
SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86_400}
LATE_S = 60

bot = peer.Bot(name="reminder", config=peer.Config(max_state_bytes=2**20))


@dataclass
class Reminder:
    due_s: float
    """Seconds since 1970."""
    who: str
    name: str
    text: str


@dataclass
class Reminders:
    waiting: list[Reminder] = field(default_factory=list)


reminders = bot.state(Reminders)


def now_s() -> float:
    return bot.clock.now().timestamp()


def seconds_of(text: str) -> int:
    found = re.fullmatch(r"(\d{1,4})([smhd])", text)
    if found is None:
        raise peer.BadArgument("when must be a time such as 90s, 10m, 2h or 3d")
    return int(found[1]) * SECONDS[found[2]]


@bot.command
async def remind(message: peer.Message, when: str, *, text: str) -> None:
    """Reminds you of something, in 90s, 10m, 2h or 3d."""
    pause_s = seconds_of(when)
    async with reminders.of(message) as kept:
        if sum(each.who == message.sender.id for each in kept.waiting) >= MOST_OF_ONE:
            raise peer.BadArgument(f"{MOST_OF_ONE} of yours wait already: forget one")
        kept.waiting.append(Reminder(now_s() + pause_s, message.sender.id, message.sender.name, text[:500]))
    await message.reply(f"I shall, in {timedelta(seconds=pause_s)}")


@bot.command(name="reminders")
async def show(message: peer.Message) -> None:
    """Lists yours."""
    mine = [each for each in (await reminders.read(message)).waiting if each.who == message.sender.id]
    lines = [f"{n}. in {timedelta(seconds=round(each.due_s - now_s()))}: {each.text}" for n, each in enumerate(mine, 1)]
    await message.reply("\n".join(lines) or "none of yours waits")


@bot.command
async def forget(message: peer.Message, number: int) -> None:
    """Takes one of yours back, by its number in !reminders."""
    async with reminders.of(message) as kept:
        mine = [each for each in kept.waiting if each.who == message.sender.id]
        if not 1 <= number <= len(mine):
            raise peer.BadArgument(f"number must be one of !reminders, 1 to {len(mine)}")
        kept.waiting.remove(mine[number - 1])
    await message.reply(f"forgotten: {mine[number - 1].text}")


@bot.every(seconds=1)
async def ring(room: peer.Room) -> None:
    """What fell due while the bot was away comes late. If it dies here, it comes twice rather than never."""
    if not any(each.due_s <= now_s() for each in (await reminders.read(room)).waiting):
        return
    async with reminders.of(room) as kept:
        for each in [each for each in kept.waiting if each.due_s <= now_s()]:
            late = " (late, I was away)" if now_s() - each.due_s > LATE_S else ""
            await room.send(f"{each.name}: {each.text}{late}")
            kept.waiting.remove(each)


if __name__ == "__main__":
    bot.main()
