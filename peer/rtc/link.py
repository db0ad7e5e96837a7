"""One link over aiortc: an RTCPeerConnection with three negotiated data channels (RFC 8831), binary messages only.

The only module that drives aiortc; camelCase stops here. It decides nothing: it hands over frames, says when the path
is open and when it is gone, and cleans up. aiortc dies of an exception in a handler and loses the order of messages
in an async one, so every handler is synchronous, attached before aiortc can call it, and guarded.

Both sides create all channels before the first description, so nothing is announced in-band (RFC 8832); a channel
that the other side opens by itself, a text message or a message over 64 KiB ends the link, and so does what floods
SCTP below it (see `sctp.py`). The time-out of an attempt is the core's: when the other side falls silent aiortc stays
"connecting" for a minute or longer, and `close()` is what ends that.

A link that ends by itself reports `on_closed` at once and releases what it holds in a task that `close()` waits for.
Known limit: with stock ICE a TURN server that died keeps aioice busy for a minute; `close()` does not wait for that.
"""

from __future__ import annotations

import asyncio
import contextlib
import dataclasses
import functools
import logging
import os
from collections.abc import Callable
from enum import Enum, auto
from typing import Any

from aiortc import RTCDataChannel

from ..config import Config
from ..errors import LinkFailed
from ..ports import Channel, Fingerprints, IceServer, LinkListener, Route
from .connection import create_channel, create_connection, dtls_of, sctp_of
from .datagrams import hasten_datagrams
from .exchange import Exchange
from .ice import ADDRESSES_SETTING, allowed_addresses, choose_gathering
from .route import route_of
from .sctp import bound_sctp
from .sctp_sender import hasten_sctp
from .sdp import MAX_MESSAGE_BYTES
from .servers import has_turn, plan_servers

__all__ = ["RtcLink", "open_link"]

logger = logging.getLogger("peer")

STOCK_SETTING = "SPEAKTUBE_STOCK_TRANSPORT"
"""Set to anything, it turns `Config.fast_transport` off, to tell whether a fault is ours or aiortc's."""

FLUSH_TIMEOUT_S = 2.0
RELEASE_TIMEOUT_S = 3.0
"""Sockets close within some cycles of the loop, relays within a second; with stock ICE a dead TURN server more."""

MAX_EARLY_FRAMES, MAX_EARLY_BYTES = 8, 64 * 1024
"""Frames that overtake the last packet of SCTP's handshake (RFC 9260, section 5.1) wait for `on_open`.

An honest side sends no more than four before it is answered; any stranger may have an attempt of each contact open."""


NO_TURN = (
    "links go through relays only, and the signaling server names no TURN server that we can use: "
    "set SIGNALING_TURN_URLS there, or leave out relay_only here"
)


class State(Enum):
    CONNECTING = auto()
    OPEN = auto()
    CLOSING = auto()
    """By us: what was sent is flushed, nothing is delivered any more."""
    CLOSED = auto()
    """`on_closed` was called."""


def open_link(ice_servers: tuple[IceServer, ...], listener: LinkListener, *, config: Config | None = None) -> RtcLink:
    """A `LinkFactory`, to be called on the event loop. Raises `BadSetting` for a wrong list of local addresses."""
    allowed = allowed_addresses(os.environ.get(ADDRESSES_SETTING, ""))
    config = config or Config()
    if os.environ.get(STOCK_SETTING):
        config = dataclasses.replace(config, fast_transport=False)
    return RtcLink(ice_servers, listener, config=config, allowed=allowed)


@functools.cache
def _warn_once(sentence: str) -> None:
    """Of what no attempt can mend, however many follow."""
    logger.warning("! %s", sentence)


class RtcLink:
    """See `ports.Link`. `allowed` are the local addresses to gather on; when empty, those of the host."""

    def __init__(
        self,
        ice_servers: tuple[IceServer, ...],
        listener: LinkListener,
        *,
        config: Config,
        allowed: tuple[str, ...] = (),
    ) -> None:
        self._listener = listener
        self._low_water_bytes = config.high_water_bytes // 4
        self._bulk_low_bytes = config.bulk_buffer_bytes // 2
        self._max_buffered_bytes = config.max_buffered_bytes
        self._state = State.CONNECTING
        self._early_frames: list[tuple[Channel, bytes]] = []
        self._drained, self._flushed, self._pump_ended = asyncio.Event(), asyncio.Event(), asyncio.Event()
        self._drained.set()
        self._closing: asyncio.Task[None] | None = None
        self._aiortc_tasks: set[asyncio.Task[Any]] = set()
        self._lacks_turn = config.relay_only and not has_turn(ice_servers)
        self._connection = create_connection(ice_servers, relay_only=config.relay_only)
        self._channels = {channel: create_channel(self._connection, channel) for channel in Channel}
        self._dtls = dtls_of(self._connection)
        self._ice = self._dtls.transport.iceGatherer._connection
        choose_gathering(self._ice, allowed=allowed)
        plan = plan_servers(ice_servers, max_stun=config.max_stun_servers, max_turn=config.max_turn_servers)
        self._exchange = Exchange(self._connection, plan if config.fast_transport else None, self._on_candidate)
        self._sctp = sctp_of(self._connection)
        bound_sctp(self._sctp, on_abuse=self._end)
        hasten_sctp(self._sctp, is_wanted=config.fast_transport)
        self._attach_handlers()

    # Negotiation

    async def create_offer(self) -> str:
        self._check_relays()
        return await self._exchange.create_offer()

    async def accept_offer(self, sdp: str) -> tuple[str, Fingerprints]:
        self._check_relays()
        return await self._exchange.accept_offer(sdp)

    async def accept_answer(self, sdp: str) -> Fingerprints:
        return await self._exchange.accept_answer(sdp)

    async def add_candidate(self, candidate: str) -> None:
        await self._exchange.add_candidate(candidate)

    def _on_candidate(self, line: str) -> None:
        if self._state is State.CONNECTING:
            self._listener.on_candidate(line)

    def _check_relays(self) -> None:
        if self._lacks_turn:
            _warn_once(NO_TURN)
            raise LinkFailed(NO_TURN)

    @property
    def route(self) -> Route | None:
        return route_of(self._ice) if self._state is State.OPEN else None

    # Frames

    def send(self, channel: Channel, data: bytes) -> None:
        assert len(data) <= MAX_MESSAGE_BYTES
        rtc_channel = self._channels[channel]
        if self._state is not State.OPEN or rtc_channel.readyState != "open":
            return
        rtc_channel.send(data)
        buffered_bytes = self.buffered_bytes
        if buffered_bytes > self._max_buffered_bytes:
            self._end("slow reader")
        elif buffered_bytes > self._low_water_bytes:
            self._drained.clear()

    @property
    def buffered_bytes(self) -> int:
        return self._channels[Channel.EVENTS].bufferedAmount + self._channels[Channel.EPHEMERAL].bufferedAmount

    @property
    def bulk_buffered_bytes(self) -> int:
        return self._channels[Channel.BULK].bufferedAmount

    async def wait_drained(self) -> None:
        await self._drained.wait()

    def _on_message(self, channel: Channel, data: str | bytes) -> None:
        if not isinstance(data, bytes):
            self._end("text")
        elif len(data) > MAX_MESSAGE_BYTES:
            self._end("oversized")
        elif self._state is State.OPEN:
            self._listener.on_frame(channel, data)
        elif self._state is State.CONNECTING:
            self._keep_early(channel, data)

    def _keep_early(self, channel: Channel, data: bytes) -> None:
        held_bytes = sum(len(held) for _, held in self._early_frames)
        if len(self._early_frames) >= MAX_EARLY_FRAMES or held_bytes + len(data) > MAX_EARLY_BYTES:
            self._early_frames.clear()
            self._end("early frames")
        else:
            self._early_frames.append((channel, data))

    # Events of aiortc

    def _attach_handlers(self) -> None:
        self._connection.on("connectionstatechange", self._guard(self._on_connection_state))
        self._connection.on("datachannel", self._guard(self._on_foreign_channel))
        self._dtls.on("statechange", self._guard(self._on_dtls_state))
        self._dtls.transport.on("statechange", self._guard(self._on_ice_state))
        for channel, rtc_channel in self._channels.items():
            self._watch_buffer(channel, rtc_channel)
            rtc_channel.on("open", self._guard(self._on_channel_open))
            rtc_channel.on("message", self._guard(functools.partial(self._on_message, channel)))
            rtc_channel.on("close", self._guard(self._on_channel_close))

    def _watch_buffer(self, channel: Channel, rtc_channel: RTCDataChannel) -> None:
        is_bulk = channel is Channel.BULK
        # Half of it each: once both of the others are below, the sum is.
        rtc_channel.bufferedAmountLowThreshold = self._bulk_low_bytes if is_bulk else self._low_water_bytes // 2
        rtc_channel.on("bufferedamountlow", self._guard(self._on_bulk_low if is_bulk else self._on_buffer_low))

    def _guard(self, handler: Callable[..., None]) -> Callable[..., None]:
        """Let no exception through, not even one of our listener: aiortc would lose the connection without a word."""

        def guarded(*args: object) -> None:
            try:
                handler(*args)
            except Exception:
                logger.exception("! a listener of a link failed")
                self._end("error")

        return guarded

    def _on_channel_open(self) -> None:
        if self._state is not State.CONNECTING or not self._all_channels_are("open"):
            return
        self._state = State.OPEN
        logger.debug("= a link is open: %s", self.route)
        self._listener.on_open()
        frames, self._early_frames = self._early_frames, []
        for channel, data in frames:
            self._on_message(channel, data)

    def _on_channel_close(self) -> None:
        if self._state is not State.CLOSING:
            self._end("remote")
        elif self._all_channels_are("closed"):
            self._flushed.set()

    def _on_foreign_channel(self, _channel: RTCDataChannel) -> None:
        self._end("channel")

    def _on_buffer_low(self) -> None:
        if self.buffered_bytes <= self._low_water_bytes:
            self._drained.set()

    def _on_bulk_low(self) -> None:
        if self._state is State.OPEN:
            self._listener.on_bulk_low()

    def _on_connection_state(self) -> None:
        match self._connection.connectionState:
            case "failed":
                self._end("dtls" if self._dtls.state == "failed" else "unreachable")
            case "closed":
                self._end("remote")

    def _on_ice_state(self) -> None:
        """aiortc connects in a task that it does not keep; this event comes from inside it."""
        if self._dtls.transport.state == "checking":
            self._remember_task()
        if self._dtls.transport.state == "completed":
            hasten_datagrams(self._ice, self._dtls)

    def _on_dtls_state(self) -> None:
        """The last word of the task that reads datagrams; it may end with an exception, after hostile packets."""
        if self._dtls.state == "closed":
            self._remember_task()
            self._pump_ended.set()
            self._end("remote")

    def _remember_task(self) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._aiortc_tasks.add(task)

    def _all_channels_are(self, state: str) -> bool:
        return all(channel.readyState == state for channel in self._channels.values())

    # The end

    async def close(self) -> None:
        if self._closing is None:
            steps = self._flush_and_release() if self._state is State.OPEN else self._release()
            self._state = State.CLOSING
            self._closing = asyncio.create_task(steps)
        _, pending = await asyncio.wait({self._closing}, timeout=FLUSH_TIMEOUT_S + RELEASE_TIMEOUT_S)
        if pending:
            logger.warning("! a link takes long to close")

    def _end(self, reason: str) -> None:
        """It is over, and not by `close()`."""
        if self._closing is None:
            self._closing = asyncio.create_task(self._release())
        self._report_closed(reason)

    def _report_closed(self, reason: str) -> None:
        if self._state is State.CLOSED:
            return
        self._state = State.CLOSED
        self._drained.set()
        self._flushed.set()
        try:
            self._listener.on_closed(reason)
        except Exception:
            logger.exception("! a listener of a link failed")

    async def _flush_and_release(self) -> None:
        """Closing a channel sends what it holds first (W3C WebRTC, section 6.2.4); closing the connection does not."""
        for channel in self._channels.values():
            channel.close()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(FLUSH_TIMEOUT_S):
                await self._flushed.wait()
        await self._release()

    async def _release(self) -> None:
        self._report_closed("closed")
        await self._exchange.stop()
        await self._stop_sctp()
        await self._connection.close()
        if self._dtls.state == "connected":
            await self._pump_ended.wait()
        await asyncio.gather(*self._aiortc_tasks, return_exceptions=True)
        await self._ice.close()  # again: closed while it connects, it would start its consent checks after that

    async def _stop_sctp(self) -> None:
        """A retransmission that falls due just now runs in a task of its own: it ends before the transport does."""
        await self._sctp.stop()
        await asyncio.sleep(0)
