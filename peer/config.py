"""Limits and times that a bot may tune; every default is safe on the open internet."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["Config"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Config:
    """All times in seconds, all sizes in bytes."""

    link_timeout_s: float = 10.0
    """From the first signal to the end of the handshake; then the attempt is given up."""

    fast_transport: bool = True
    """Whether our faster ICE and SCTP are used, with versions of aioice and aiortc that we know; else all is stock."""

    relay_only: bool = False
    """Whether links go through TURN servers only, so that no other peer learns an address of ours."""

    max_stun_servers: int = 4
    """Of those that the signaling server names, the first so many are asked, side by side."""

    max_turn_servers: int = 3
    """The same of TURN servers, each address of one being a server: each is asked for a relay for every attempt."""

    offer_turn_s: float = 3.0
    """Where it is the other side's turn to offer, it has so long; then we offer as well."""

    min_offer_interval_s: float = 0.5
    """Of offers of one peer that follow each other faster, the latest waits: each answer costs sockets."""

    retry_base_s: float = 0.5
    """The n-th retry of a link waits up to this, times two to the n, drawn evenly (full jitter);"""

    retry_max_s: float = 60.0
    """and up to this at most, for as long as the signaling server says that the peer is present."""

    min_suite: int = 1
    """Handshakes below it are refused: 1 for X25519, 2 for X25519 with ML-KEM-768, which no recorder can open later."""

    max_known_suites: int = 10_000
    """Identities whose best suite is remembered, so that nobody can talk them down to a lower one."""

    rekey_after_s: float = 600.0
    """The keys of a link are renewed after so long by who offered it, or earlier:"""

    rekey_after_frames: int = 2**20
    """after so many frames, of both sides together,"""

    rekey_after_bytes: int = 2**30
    """or so many bytes of them."""

    min_rekey_interval_s: float = 1.0
    """A link on which the other side wants to renew the keys sooner than this after the last time is closed."""

    max_epoch_age_s: float = 1800.0
    """A link whose keys were not renewed for so long is closed: a thief of them would just suppress the rekey."""

    old_epoch_s: float = 120.0
    """After a rekey, frames under the keys before it that are still on their way are opened no longer than this."""

    pad_messages: bool = False
    """Whether chat and typing are filled up to 256 B, 1 KiB or 4 KiB, so that their sizes tell a watcher less."""

    heartbeat_s: float = 1.0
    """A link that was quiet for so long sends a heartbeat."""

    suspect_after_s: float = 2.5
    """A link without any frame for so long is suspect: a busy process, a bad network, or the beginning of the end."""

    lost_after_s: float = 4.5
    """A link without any frame for so long is lost, so that whoever dies is missed within five seconds."""

    probe_s: float = 2.0
    """After our network has changed, or we were asleep, a link has so long to show that it lives;
    so has the signaling server when a link falls silent."""

    typing_ttl_s: float = 3.0
    """A typing notice older than this is dropped; senders renew at half of it."""

    max_text_bytes: int = 8 * 1024
    """UTF-8; a longer message is refused before it is sent. Nobody accepts more than 8 KiB."""

    max_name_chars: int = 64
    """Of a display name or a room title, ours or theirs."""

    max_peers: int = 64
    """Peers of one room whom we link to; more need the overlay of big rooms."""

    max_known_people: int = 4096
    """Keys that are remembered beyond those that were verified; those of public rooms met longest ago go first."""

    stranger_events_burst: int = 256
    """`ConnectionChanged` of peers that are no member yet, in a row: the server can make up any number of them;"""

    stranger_events_per_s: float = 10.0
    """and how fast that allowance grows again."""

    lobby_timeout_s: float = 10.0
    """Whoever holds a private room's secret and has nothing to wait for is let go of after this."""

    admission_timeout_s: float = 10.0
    """Longest that `join_room` waits to be let in where somebody is present; after it the room is in the lobby."""

    max_lobby_peers: int = 32
    """Links of one room that wait in its lobby; beyond, those go first that wait for nothing, or by one invite."""

    max_control_events: int = 8192
    """Of one room, by those who are no owners: invites, joins, grants, removals."""

    control_burst: int = 256
    """Control frames of one link in a row; more end the link. A question counts for eight."""

    control_frames_per_s: float = 20.0
    """How fast that allowance grows again."""

    control_events_per_s: float = 50.0
    """Control events of one link, once it has sent twice as many as a room may hold (DESIGN, section 5)."""

    automatic_grants_burst: int = 64
    """Newcomers whom an admin's client makes members in a row without asking; nobody asks who made them up."""

    automatic_grants_per_s: float = 2.0
    """How fast that allowance grows again; the others wait."""

    max_members: int = 1000
    """Of a room: an admin's client makes nobody a member beyond it, but ends the open links."""

    compare_every_s: float = 20.0
    """Control logs are compared with a member by chance at every three to five quarters of it (anti-entropy)."""

    answer_window: int = 8
    """Frames of an answer from the control log that may be on their way at once: at most 48 KiB each."""

    max_answer_frames: int = 4096
    """Frames of answers to one link that wait for it to take in those before them; more end the link."""

    full_answer_every_s: float = 60.0
    """In the lobby the whole control log is sent on one link no more often than this."""

    max_pending_messages: int = 256
    """Drafts of a room: what waits for the first member to be linked."""

    last_words_s: float = 3.0
    """Longest that leaving waits until everybody has confirmed what was said, those included who are just coming."""

    max_queued_events: int = 10_000
    """Events of one reader that wait to be read; beyond, it gets `FellBehind`."""

    high_water_bytes: int = 256 * 1024
    """`await send()` waits while a link has more than this in its buffer."""

    max_buffered_bytes: int = 4 * 1024 * 1024
    """A link whose other side does not read is closed at this size of its buffer."""

    send_burst: int = 100
    """Messages, and changes of presence, that a room sends in a row; beyond, `await send()` waits for its turn:"""

    send_per_s: float = 20.0
    """so many a second."""

    typing_burst: int = 20
    """Typing notices of a room in a row; beyond, they are left out:"""

    typing_per_s: float = 5.0
    """so many a second are sent."""

    receive_burst: int = 1000
    """Frames but those of streams and control logs that one link may send in a row; more are a flood, and end it.

    Enough for an honest sender after a stall of 30 s: its 256 that waited, its burst, and 20 a second meanwhile."""

    receive_per_s: float = 50.0
    """How fast that allowance grows again."""

    passing_burst: int = 400
    """Typing notices, heartbeats and anything else on the ephemeral channel; more are a flood."""

    passing_per_s: float = 20.0
    """How fast that allowance grows again."""

    flood_pause_s: float = 30.0
    """Who floods us is not linked for so long; twice as long each time it does so again, up to"""

    flood_pause_max_s: float = 3600.0
    """this; after as long without a flood all is forgiven."""

    slow_link_s: float = 5.0
    """`await send()` waits for a full link no longer than this: one that does not read holds up nobody else."""

    bulk_buffer_bytes: int = 64 * 1024
    """Of streams, in the buffer of one link: a message waits behind it, so chat is the quicker the less it is."""

    stream_window_bytes: int = 512 * 1024
    """Of one incoming stream, unread or on its way: what bounds its memory, and its pace on long paths."""

    max_incoming_streams: int = 8
    """Of one link; more are refused."""

    max_unread_bytes: int = 16 * 1024 * 1024
    """Of all incoming streams of a room; one member may hold half of what the others leave of it.

    Beyond, the first byte comes when others have ended, or were idle."""

    stream_accept_s: float = 30.0
    """A stream that nobody has begun to read after so long is refused."""

    stream_idle_s: float = 30.0
    """Where others wait for a window of these, a stream that brought less than 1 KiB in so long is ended."""

    stream_buffer_bytes: int = 256 * 1024
    """`await write()` waits while more than this of a stream of ours has not left."""

    stream_frames_burst: int = 1000
    """Frames of streams that one link may send in a row, besides those full of what we let it send."""

    stream_frames_per_s: float = 200.0
    """How fast that allowance grows again; senders keep to half of both."""

    look_around_s: float = 3.0
    """How often to see whether this machine slept or its network changed; then all that may be dead is tried."""

    signaling_backoff_base_s: float = 1.0
    """Longest first pause before the signaling server is tried again; doubled each time, with full jitter."""

    signaling_backoff_max_s: float = 30.0
    """Longest such pause."""

    signaling_timeout_s: float = 10.0
    """For one request to the signaling server."""

    attestation_retry_s: float = 60.0
    """Least time between two looks at what the signaling server attests; also the pause after an outage."""

    max_kept_messages: int = 1000
    """The newest of a room, which every member keeps; pinned ones beyond. A private room's founding says its own."""

    message_frames_burst: int = 512
    """Questions and digests of one link in a row; more end the link. A question counts for eight."""

    message_frames_per_s: float = 40.0
    """How fast that allowance grows again."""

    announce_after_s: float = 0.3
    """What came from one member is announced to two others after this: a missing link between two is made good."""

    receipts_after_s: float = 2.0
    """What was delivered and read is told no more often than this."""

    max_profiles: int = 2048
    """Names of members of one room, former ones included, that are kept; those of who is gone longest go first."""

    profile_frames_burst: int = 128
    """Frames with names, or questions about them, of one link in a row; beyond, they are passed over."""

    profile_frames_per_s: float = 2.0
    """How fast that allowance grows again."""

    max_receipt_members: int = 32
    """In larger rooms nobody tells what was delivered and read: messages are "sent", and no more."""

    max_waiting_events: int = 256
    """Of one member, that wait for a bot's handlers; beyond, the oldest is dropped, counted and told in the log."""

    handler_grace_s: float = 2.0
    """A bot that is to stop lets its handlers finish what has come, for so long at most, before it leaves."""

    max_state_bytes: int = 64 * 1024
    """Of each state that a bot keeps of a room, as MessagePack."""

    direct_from_public: bool = True
    """Whether those whom we meet in public rooms only may open a direct room with us; identities are free there."""

    max_unanswered_directs: int = 32
    """Direct rooms that others opened and in which we have said nothing; beyond, nobody new can open one."""

    direct_burst: int = 16
    """Direct rooms that strangers open in a row; also how often one whom we know makes us enter or move. More are
    passed over until they say it again:"""

    direct_per_s: float = 0.1
    """how fast those allowances grow again."""

    invitations_burst: int = 16
    """Invitations to other rooms that are told in a row; more are passed over:"""

    invitations_per_s: float = 0.1
    """how fast that allowance grows again."""

    join_when_invited: bool = False
    """Whether a room to which a member invites us is entered unasked, as a bot may want to."""

    max_unasked_rooms: int = 64
    """Rooms that we are in because others invited us, unasked; beyond, an invitation is only told."""
