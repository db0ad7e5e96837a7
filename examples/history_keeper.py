"""A member that never leaves, so that nobody misses anything: python examples/history_keeper.py INVITE --data-dir kept

Members keep what is said and hand it to whoever was away. Where all of them go home at night, start this on a machine
that stays on: whoever comes first in the morning gets everything from it. It also finds things: !find words
"""

import peer

bot = peer.Bot(name="keeper")


def line(message: peer.Message) -> str:
    return f"{message.sent_at:%Y-%m-%d %H:%M} {message.sender.name}: {message.text[:200]}"


@bot.command
async def find(message: peer.Message, room: peer.Room, *, words: str) -> None:
    """Shows the newest messages that hold all of these words."""
    found = await room.search(words, limit=20)
    said = [each for each in found if not each.sender.is_me and not each.text.startswith("!")]
    await message.reply("\n".join(map(line, said[:5])) or f"nobody said {words!r}, as far as I know")


@bot.command
async def kept(message: peer.Message, room: peer.Room) -> None:
    """Says how much is kept, and since when."""
    messages = [each async for each in room.history() if each.status != "draft"]
    await message.reply(f"{len(messages)} messages since {messages[-1].sent_at:%Y-%m-%d %H:%M} UTC")


if __name__ == "__main__":
    bot.main()
