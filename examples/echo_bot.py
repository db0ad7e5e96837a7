"""A bot that says back what it hears: python examples/echo_bot.py INVITE"""

import sys

import peer

bot = peer.Bot(name="echo")


@bot.on
async def echo(message: peer.Message) -> None:
    await message.reply(message.text)


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit("usage: python examples/echo_bot.py INVITE")
    bot.run(sys.argv[1])
