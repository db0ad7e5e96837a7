"""Carries messages out to a webhook, and in from HTTP: python examples/webhook_bridge.py INVITE

    WEBHOOK_URL        each message is sent there, as JSON by POST
    WEBHOOK_LISTEN     127.0.0.1:8090 takes `POST /say {"from": "ci", "text": "the build broke"}`
    WEBHOOK_SECRET     or WEBHOOK_SECRET_FILE: signs what goes out (X-Signature: sha256=HMAC of the body), and is asked
                       of what comes in (Authorization: Bearer ...)

What goes out leaves the room's encryption: say so to its members. At most 100 messages wait for a webhook that is
slow; the oldest are dropped. One that fails is tried five times. This serves one room.
"""

import asyncio
import hashlib
import hmac
import json
import logging
import os
from collections import deque
from pathlib import Path

import aiohttp
from aiohttp import web

import peer

MOST_WAITING, TRIES, FIRST_PAUSE_S, TIMEOUT_S = 100, 5, 1.0, 10.0
MOST_BYTES, MOST_CHARS = 16 * 1024, 2000

bot = peer.Bot(name="bridge")
log = logging.getLogger("webhook_bridge")
waiting: deque[bytes] = deque(maxlen=MOST_WAITING)
arrived = asyncio.Event()


def secret() -> bytes:
    path = os.environ.get("WEBHOOK_SECRET_FILE")
    text = Path(path).read_text("utf-8").strip() if path else os.environ.get("WEBHOOK_SECRET", "")
    if not text:
        raise peer.BadSetting("set WEBHOOK_SECRET, or WEBHOOK_SECRET_FILE to a file that holds it")
    return text.encode()


# ---- out


@bot.on
async def queue(message: peer.Message, room: peer.Room) -> None:
    body = {
        "room": room.name,
        "id": message.id,
        "from": message.sender.name,
        "member": message.sender.id,
        "text": message.text,
        "sentAt": message.sent_at.isoformat(),
    }
    waiting.append(json.dumps(body).encode())
    arrived.set()


@bot.background
async def carry_out(_room: peer.Room) -> None:
    if not (url := os.environ.get("WEBHOOK_URL")):
        return
    key = secret()
    async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=TIMEOUT_S)) as session:
        while True:
            while waiting:
                await deliver(session, url, waiting.popleft(), key)
            arrived.clear()
            await arrived.wait()


async def deliver(session: aiohttp.ClientSession, url: str, body: bytes, key: bytes) -> None:
    """Again and again with growing pauses, unless the other side says that it will not have it."""
    signature = "sha256=" + hmac.digest(key, body, hashlib.sha256).hex()
    headers = {"Content-Type": "application/json", "X-Signature": signature}
    for attempt in range(TRIES):
        try:
            async with session.post(url, data=body, headers=headers) as answer:
                if answer.status < 500 and answer.status != 429:
                    if answer.status >= 400:
                        log.warning("the webhook refuses a message: %d", answer.status)
                    return
                trouble = f"it answers {answer.status}"
        except (aiohttp.ClientError, TimeoutError) as error:
            trouble = type(error).__name__
        log.info("the webhook does not take a message (%s), try %d of %d", trouble, attempt + 1, TRIES)
        if attempt + 1 < TRIES:
            await bot.sleep(FIRST_PAUSE_S * 2**attempt)
    log.warning("a message was given up after %d tries", TRIES)


# ---- in


@bot.background
async def take_in(room: peer.Room) -> None:
    if not (listen := os.environ.get("WEBHOOK_LISTEN")):
        return
    key = secret()

    async def say(request: web.Request) -> web.Response:
        if not hmac.compare_digest(request.headers.get("Authorization", "").encode(), b"Bearer " + key):
            return web.json_response({"error": "the bearer token is not the secret"}, status=401)
        try:
            body = await request.json()
            line = f"[{body['from']}] {body['text']}"[:MOST_CHARS]
        except (ValueError, KeyError, TypeError):
            return web.json_response({"error": 'send {"from": "...", "text": "..."}'}, status=400)
        await room.send(peer.clean_text(line))
        return web.json_response({}, status=202)

    app = web.Application(client_max_size=MOST_BYTES)
    app.router.add_post("/say", say)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    try:
        host, _, port = listen.rpartition(":")
        await web.TCPSite(runner, host, int(port)).start()
        log.warning("listening on http://%s:%d/say", *runner.addresses[0][:2])
        await asyncio.Event().wait()  # until the room is left
    finally:
        await runner.cleanup()


if __name__ == "__main__":
    bot.main()
