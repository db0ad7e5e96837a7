"""Asks questions and keeps scores: python examples/quiz_bot.py INVITE --data-dir kept

    !quiz            the next question; the first right answer gets a point
    !scores          who has how many

QUIZ_FILE names a file of your own questions: a question, a tab, its answer, a line each.
"""

import os
from dataclasses import dataclass, field
from pathlib import Path

import peer

PATIENCE_S = 30
QUESTIONS = [
    ("Which ship's part gave this library its name?", "speaking tube"),
    ("How many bits are in a byte?", "8"),
    ("What comes back after glare, by one side?", "rollback"),
]

bot = peer.Bot(name="quiz")


@dataclass
class Quiz:
    asked: int = 0
    """Questions so far."""
    deadline_s: float = 0.0
    """Seconds since 1970; 0: no question is open."""
    points: dict[str, tuple[str, int]] = field(default_factory=dict)
    """Name and points, by key."""


quiz = bot.state(Quiz)


def questions() -> list[tuple[str, str]]:
    if not (path := os.environ.get("QUIZ_FILE")):
        return QUESTIONS
    lines = Path(path).read_text("utf-8").splitlines()
    return [(question, answer.strip()) for question, tab, answer in (line.partition("\t") for line in lines) if tab]


def answer_to(kept: Quiz) -> str:
    return questions()[(kept.asked - 1) % len(questions())][1]


@bot.command(name="quiz")
async def ask(message: peer.Message) -> None:
    """Asks the next question."""
    async with quiz.of(message) as kept:
        if kept.deadline_s:
            raise peer.BadArgument("there is a question already")
        kept.asked += 1
        kept.deadline_s = bot.clock.now().timestamp() + PATIENCE_S
    await message.reply(questions()[(kept.asked - 1) % len(questions())][0])


@bot.on
async def judge(message: peer.Message) -> None:
    async with quiz.of(message) as kept:
        if not kept.deadline_s or message.text.strip().casefold() != answer_to(kept).casefold():
            return
        _, points = kept.points.get(message.sender.id, ("", 0))
        kept.points[message.sender.id] = (message.sender.name, points + 1)
        kept.deadline_s = 0.0
    await message.reply(f"right! {message.sender.name} has {points + 1}")


@bot.command
async def scores(message: peer.Message) -> None:
    """Shows who has how many points."""
    ranked = sorted((await quiz.read(message)).points.values(), key=lambda each: -each[1])
    await message.reply("\n".join(f"{points} {name}" for name, points in ranked[:10]) or "nobody has any yet")


@bot.every(seconds=1)
async def give_up(room: peer.Room) -> None:
    if not 0 < (await quiz.read(room)).deadline_s <= bot.clock.now().timestamp():
        return
    async with quiz.of(room) as kept:
        kept.deadline_s = 0.0
    await room.send(f"nobody knew: {answer_to(kept)}")


if __name__ == "__main__":
    bot.main()
