"""Our chunks are on the wire what aiortc's are."""

from aiortc.rtcsctptransport import DataChunk
from hypothesis import given
from hypothesis import strategies as st

from peer.rtc.sctp_chunks import DATA_FIELDS, InboundChunk, OutboundChunk

shorts, longs = st.integers(0, 0xFFFF), st.integers(0, 0xFFFFFFFF)


@given(st.integers(0, 7), longs, shorts, shorts, longs, st.binary(max_size=20))
def test_chunk_is_encoded_as_aiortc_does(
    flags: int, tsn: int, stream_id: int, stream_seq: int, protocol: int, data: bytes
) -> None:
    """RFC 9260, section 3.3.1, padded to whole words."""
    theirs = DataChunk(flags)
    theirs.tsn, theirs.stream_id, theirs.stream_seq = tsn, stream_id, stream_seq
    theirs.protocol, theirs.user_data = protocol, data
    ours = OutboundChunk(flags, tsn, stream_id, stream_seq, protocol, data)
    assert bytes(ours) == ours.encoded == bytes(theirs)
    assert DATA_FIELDS.unpack_from(ours.encoded, 4) == (tsn, stream_id, stream_seq, protocol)
    assert vars(InboundChunk(flags, tsn, stream_id, stream_seq, protocol, data)) == vars(theirs)


def test_each_chunk_has_state_of_its_own() -> None:
    """What all share are only the values that each begins with."""
    left, right = (OutboundChunk(3, tsn, 0, 0, 53, b"x") for tsn in range(2))
    left._retransmit, left._sent_count = True, 1
    assert (right._retransmit, right._sent_count) == (False, 0)
