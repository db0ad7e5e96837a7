"""A bot that says back what it hears: python examples/echo_bot.py INVITE"""

import peer

bot = peer.Bot(name="echo")


@bot.on
async def echo(message: peer.Message) -> None:
    await message.reply(message.text)


if __name__ == "__main__":
    bot.main()
