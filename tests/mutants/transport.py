"""Checks of SCTP and of DTLS below it, each taken away: anybody who can signal reaches them before any handshake."""

from __future__ import annotations

from .mutation import Mutation

__all__ = ["MUTATIONS"]

_RTC = "peer/rtc"
_BOUNDS = ("tests/peer/rtc/test_sctp.py",)
_RECEIVER = ("tests/peer/rtc/test_sctp_receiver.py",)
_DATAGRAMS = ("tests/peer/rtc/test_datagrams.py",)

MUTATIONS = (
    Mutation("packet asks for any number of answers", _RTC, {" or demands > MAX_DEMANDS:": ":"}, _BOUNDS),
    Mutation("reconfiguration asks for any number of things", _RTC, {"count > MAX_REQUESTS)": "False)"}, _BOUNDS),
    Mutation("rare packet has any number of acknowledgements", _RTC, {"if sacks > MAX_SACKS or ": "if "}, _BOUNDS),
    Mutation("packet has any number of acknowledgements", _RTC, {"if sacks > MAX_SACKS:": "if False:"}, _RECEIVER),
    Mutation(
        "data on a stream that is no channel is taken",
        _RTC,
        {"if chunk.stream_id not in STREAMS:": "if False:", "and chunk.stream_id not in STREAMS": "and False"},
        _BOUNDS,
    ),
    Mutation("message that no channel hears is dropped", _RTC, {"if pp_id in HEARD_PROTOCOLS:": "if True:"}, _BOUNDS),
    Mutation(
        "stream is skipped as often as it is named",
        _RTC,
        {"            chunk.streams = list(dict(chunk.streams).items())": "            pass"},
        _BOUNDS,
    ),
    Mutation(
        "message that comes in any order waits behind fragments",
        _RTC,
        {"if chunk.flags & SCTP_DATA_UNORDERED:": "if chunk.flags & 4 and not stream.reassembly:"},
        _RECEIVER,
    ),
    Mutation(
        "association is set up a second time",
        _RTC,
        {"return isinstance(chunk, InitChunk | CookieEchoChunk)": "return False"},
        _BOUNDS,
    ),
    Mutation("first packet sent again has a tag", _RTC, {"0 if isinstance(chunk, InitChunk) else ": ""}, _BOUNDS),
    Mutation(
        "count is turned back before the handshake ends",
        _RTC,
        {"and last != tsn_minus_one(": "and False and ("},
        _BOUNDS,
    ),
    Mutation(
        "numbers stand still where they wrap",
        _RTC,
        {"            self._advance(self._last_received_tsn)": "            pass"},
        _BOUNDS,
    ),
    Mutation(
        "records that share a datagram pile up",
        _RTC,
        {"self.is_drained and _is_one_record(datagram)": "True"},
        _DATAGRAMS,
    ),
    Mutation("long record is read in part", _RTC, {"(is_alone and len(data) < RECORD_BYTES)": "is_alone"}, _DATAGRAMS),
)
