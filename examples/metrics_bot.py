"""Counts messages and draws them: python examples/metrics_bot.py INVITE --data-dir kept

    !plot       the last day as a line of text, and as a picture in METRICS_FILE (messages.svg)

It counts by the hour and keeps a week. The picture is SVG, made here, and readable on light and dark pages.
"""

import asyncio
import os
from dataclasses import dataclass, field
from pathlib import Path

import peer

HOURS_KEPT, HOURS_SHOWN = 7 * 24, 24
BARS = "▁▂▃▄▅▆▇█"
WIDTH, HEIGHT, LEFT, BOTTOM = 640, 200, 36, 24
STYLE = """
svg { font: 11px sans-serif; background: #fff; color: #222 } text { fill: currentColor } rect { fill: #2b6cb0 }
line { stroke: currentColor; opacity: .3 }
@media (prefers-color-scheme: dark) { svg { background: #15181c; color: #ddd } rect { fill: #63b3ed } }
"""

bot = peer.Bot(name="metrics")


@dataclass
class Counts:
    hours: dict[int, int] = field(default_factory=dict)
    """Messages, by the hours since 1970."""


counts = bot.state(Counts)


def hour_now() -> int:
    return int(bot.clock.now().timestamp()) // 3600


@bot.on
async def count(message: peer.Message) -> None:
    hour = int(min(message.sent_at.timestamp(), bot.clock.now().timestamp())) // 3600  # a sender's clock may be ahead
    async with counts.of(message) as kept:
        kept.hours[hour] = kept.hours.get(hour, 0) + 1
        kept.hours = {each: n for each, n in kept.hours.items() if each > hour_now() - HOURS_KEPT}


async def last_day(room: peer.Room) -> list[int]:
    hours = (await counts.read(room)).hours
    return [hours.get(hour, 0) for hour in range(hour_now() - HOURS_SHOWN + 1, hour_now() + 1)]


def sparkline(values: list[int]) -> str:
    most = max(values) or 1
    return "".join(BARS[value * (len(BARS) - 1) // most] for value in values)


def picture(values: list[int], last_hour: int) -> str:
    """The bars of a chart as SVG."""
    step, most = (WIDTH - LEFT) / len(values), max(values) or 1
    scale = (HEIGHT - BOTTOM - 16) / most
    parts = [f'<line x1="{LEFT}" y1="{HEIGHT - BOTTOM}" x2="{WIDTH}" y2="{HEIGHT - BOTTOM}"/>']
    parts.append(f'<text x="{LEFT - 6}" y="20" text-anchor="end">{most}</text>')
    for number, value in enumerate(values):
        x, height = LEFT + number * step, value * scale
        parts.append(
            f'<rect x="{x + 1:.1f}" y="{HEIGHT - BOTTOM - height:.1f}" width="{step - 2:.1f}" height="{height:.1f}"/>'
        )
        if number % 6 == len(values) % 6:
            hour = (last_hour - len(values) + 1 + number) % 24
            parts.append(f'<text x="{x + step / 2:.1f}" y="{HEIGHT - 8}" text-anchor="middle">{hour:02}:00</text>')
    head = f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" role="img">'
    title = f"<title>Messages by the hour (UTC): {sum(values)} in {len(values)} hours</title>"
    return "\n".join([head, title, f"<style>{STYLE}</style>", *parts, "</svg>\n"])


async def draw(room: peer.Room) -> list[int]:
    values = await last_day(room)
    path = Path(os.environ.get("METRICS_FILE", "messages.svg"))
    await asyncio.to_thread(path.write_text, picture(values, hour_now()), "utf-8")
    return values


@bot.command
async def plot(message: peer.Message, room: peer.Room) -> None:
    """Shows the last day, and draws it anew."""
    values = await draw(room)
    await message.reply(f"{sparkline(values)} {sum(values)} messages in {len(values)} hours")


@bot.every(seconds=600)
async def redraw(room: peer.Room) -> None:
    await draw(room)


if __name__ == "__main__":
    bot.main()
