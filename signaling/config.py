"""Every setting of the server, once: environment variable, flag of `serve`, default, reason.

A field of `Config` is one setting: `SIGNALING_<FIELD>` and `--field`. The comment that elsewhere would explain the
number is its `reason`, which `python -m signaling config` prints. Flags win over the environment.
"""

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from .bounds.addresses import Network
from .bounds.limits import Rate
from .settings import (
    ALGORITHM,
    KEYS_URL,
    LONG_TEXT,
    NETWORKS,
    ORIGINS,
    PREFIX,
    RATE,
    STORE,
    STUN_URLS,
    TEXT,
    TURN_URLS,
    WORD,
    YES_NO,
    Setting,
    one_of,
    optional,
    seconds,
    setting,
    whole,
)
from .store.port import Limits

__all__ = ["SETTINGS", "Config", "read_config", "unknown_variables"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Config:
    """The settings; every default is safe on the open internet."""

    host: str = setting("127.0.0.1", WORD, "reachable from this machine only, until you decide otherwise")
    port: int = setting(8080, whole(0, 65535), "where peers and proxies expect it; 0 takes any free one")
    store: str = setting(
        "diskcache:~/.local/share/speaktube/signaling",
        STORE,
        "rooms survive a restart without any other program; memory: forgets",
    )
    redis_connections: int = setting(4, whole(1, 64), "a busy one carries many commands in a round trip: few will do")
    redis_timeout_s: float = setting(2.0, seconds(0.05, 60), "a Redis that is slower than this is taken for gone")
    redis_waiting: int = setting(4096, whole(1, 1_000_000), "commands that wait for Redis; who comes beyond gets 503")
    jwt_secret: str | None = optional(
        TEXT, "the secret your OAuth provider signs HS256 tokens with; 32 bytes or more", is_secret=True
    )
    jwt_public_key: str | None = optional(
        TEXT, "your provider's public key instead: PEM text, or the path of a PEM file"
    )
    jwks_url: str | None = optional(
        KEYS_URL, "where your provider publishes its keys instead (jwks_uri), so that it may change them"
    )
    jwt_issuer: str | None = optional(TEXT, "when set, a token must name it as iss")
    jwt_audience: str | None = optional(TEXT, "when set, a token must be made for it (aud)")
    jwt_algorithm: str | None = optional(
        ALGORITHM, "the only algorithm accepted; without it HS256 for a secret, else what fits each key's type"
    )
    jwt_max_ttl_s: float = setting(
        2_678_400.0, seconds(60, 1e9), "31 days: a token that outlives this was minted by mistake"
    )
    jwt_ends_stay: bool = setting(
        False, YES_NO, "a bot with a short-lived JWT stays while it is connected; 1: it goes when its JWT expires"
    )
    jwks_ttl_s: float = setting(600.0, seconds(1, 86_400), "a key that the provider withdraws is refused after this")
    jwks_max_age_s: float = setting(
        86_400.0, seconds(1, 1e9), "a provider that is down this long keeps newcomers out; its keys serve until then"
    )
    jwks_cooldown_s: float = setting(
        10.0, seconds(0.1, 3600), "made-up key ids, or a provider that fails, cause one fetch in this time"
    )
    jwks_timeout_s: float = setting(5.0, seconds(0.01, 60), "for one fetch; newcomers wait for it")
    jwks_max_bytes: int = setting(65_536, whole(1024, 16_777_216), "a big provider lists ten keys in 20 KiB")
    jwks_max_keys: int = setting(64, whole(1, 1000), "each costs time to read; providers list two to ten")
    issuer: str | None = optional(
        TEXT, "this server's name in what it attests, such as https://chat.example; without it a hash of its key"
    )
    attestation_ttl_s: int = setting(
        43_200, whole(60, 86_400), "12 h: for so long peers believe whose key it is, whatever the provider says since"
    )
    guests: bool = setting(False, YES_NO, "letting people in without a JWT is the operator's decision")
    cors_origins: tuple[str, ...] = setting((), ORIGINS, "pages of other origins stay out until named")
    stun_urls: tuple[str, ...] = setting(
        (), STUN_URLS, "none: peers in one network need none, and a strange one would learn their addresses"
    )
    turn_urls: tuple[str, ...] = setting((), TURN_URLS, "relays for peers behind strict NATs, with turn_secret")
    turn_secret: str | None = optional(
        TEXT, "coturn's static-auth-secret; credentials made from it live as long as a room token", is_secret=True
    )
    max_body_bytes: int = setting(65_536, whole(1024, 16_777_216), "64 KiB holds any SDP with room to spare")
    tcp_connections: int = setting(
        32_768,
        whole(16, 10_000_000),
        "open at once, idle or at work; each costs 10 to 50 KiB and an open file, of which the system may allow fewer",
    )
    max_head_bytes: int = setting(
        32_768, whole(20_480, 1_048_576), "address and headers of one request, and of all that wait on its connection"
    )
    max_rooms: int = setting(100_000, whole(1, 10_000_000), "ten times our aim; each room costs about 1 KiB")
    user_rooms: int = setting(
        100,
        whole(1, 10_000_000),
        "rooms that one user has made and that still exist; a bot that hosts more asks for it",
    )
    room_peers: int = setting(256, whole(2, 100_000), "each join is told to all the others")
    user_seats: int = setting(
        16,
        whole(1, 100_000),
        "of one user in one room: some devices and tabs, and the seats of those just closed; a room has 16 times that",
    )
    address_seats: int = setting(
        128,
        whole(1, 100_000),
        "of guests from one address in one room: an office or a school class has place, and half of the room is left",
    )
    trusted_proxies: tuple[Network, ...] = setting(
        (), NETWORKS, "whose X-Forwarded-For is believed; behind any other proxy all clients share one address's limits"
    )
    limiter_names: int = setting(
        20_000,
        whole(100, 10_000_000),
        "users, addresses and peers whose pace is remembered, 5 MB; who has most room is forgotten first",
    )
    user_creates: Rate = setting(Rate(100, 600), RATE, "rooms, by a user: as many at once as one may have")
    address_creates: Rate = setting(Rate(3000, 600), RATE, "bots that come back to a server that has no rooms any more")
    user_joins: Rate = setting(Rate(600, 60), RATE, "a bot that comes back to all its rooms, six times over")
    address_joins: Rate = setting(Rate(3000, 60), RATE, "an office or a bot farm after an outage; 3000 joins cost 1 s")
    user_listings: Rate = setting(Rate(300, 60), RATE, "pages of rooms; a long list has ten")
    address_listings: Rate = setting(Rate(3000, 60), RATE, "an office of 200, each reading ten pages at once")
    user_attestations: Rate = setting(
        Rate(600, 600), RATE, "nonces and proofs: 300 bots of one user start at once, then two calls each in six hours"
    )
    address_attestations: Rate = setting(Rate(6000, 60), RATE, "3000 bots that start together, two calls each")
    address_failures: Rate = setting(
        Rate(600, 60), RATE, "tokens that are refused: an office whose tokens expired overnight tries each three times"
    )
    address_requests: Rate = setting(
        Rate(15_000, 60), RATE, "without a good room token, a WebSocket counts once; five for each of 3000 new bots"
    )
    peer_requests: Rate = setting(
        Rate(9000, 60),
        RATE,
        "calls with its room token: without a WebSocket, who enters a room of 256 sends 3000 and polls as often",
    )
    address_calls: Rate = setting(
        Rate(60_000, 60),
        RATE,
        "calls with room tokens, of all peers behind an address: seven that flood, or a third of what a core answers",
    )
    network_factor: int = setting(
        4, whole(1, 1_000_000), "times what one address may, for a whole IPv6 /48, which has 65,536 addresses (/64)"
    )
    peer_envelopes: Rate = setting(
        Rate(6000, 60), RATE, "who enters a room of 256 peers sends each an offer, an answer and ten candidates"
    )
    address_envelopes: Rate = setting(
        Rate(120_000, 60),
        RATE,
        "over WebSockets: 1000 bots that start together, each linking to 16 others, and some air",
    )
    peer_signs: Rate = setting(
        Rate(300, 60), RATE, "heartbeats, pings and pongs over one WebSocket; three a minute are usual"
    )
    user_connections: int = setting(500, whole(1, 10_000_000), "WebSockets: a bot in 500 rooms; a person has ten")
    address_connections: int = setting(
        4096, whole(1, 10_000_000), "WebSockets: a bot farm, or an office with twenty tabs each; 64 MiB when idle"
    )
    max_connections: int = setting(
        30_000, whole(1, 10_000_000), "WebSockets of all; the rest of tcp_connections is left for calls and probes"
    )
    mailbox_entries: int = setting(256, whole(1, 100_000), "a peer that is away is back, or gone, long before")
    mailbox_bytes: int = setting(1_048_576, whole(1024, 1 << 30), "sixteen of the largest envelopes")
    sender_entries: int = setting(
        64, whole(1, 100_000), "of one sender in one mailbox: an offer and its candidates, five times over"
    )
    sender_bytes: int = setting(
        131_072, whole(1024, 1 << 30), "the same: two of the largest envelopes, and an eighth of the mailbox"
    )
    mail_bytes: int = setting(
        268_435_456, whole(65_536, 1 << 40), "in all mailboxes together; a single one holds what is free, at most"
    )
    out_buffer_bytes: int = setting(
        1_048_576,
        whole(65_536, 1 << 30),
        "unsent bytes of one WebSocket; from half of it on, each sender is held to its share",
    )
    stall_timeout_s: float = setting(
        10.0, seconds(0.05, 3600), "a WebSocket for which much waits, and which takes nothing of it for so long, is cut"
    )
    buffered_bytes: int = setting(
        268_435_456,
        whole(1_048_576, 1 << 40),
        "waiting in all connections, to be sent or to be handled; beyond it those where most waits are cut",
    )
    waiting_polls: int = setting(8, whole(1, 1000), "of one peer; one more sends the oldest home empty")
    hello_timeout_s: float = setting(10.0, seconds(0.01, 300), "a WebSocket that says nothing holds memory")
    read_timeout_s: float = setting(10.0, seconds(0.01, 3600), "for the body of a request; 64 KiB come sooner")
    idle_timeout_s: float = setting(
        75.0, seconds(0.01, 3600), "for a connection's next request, headers included; proxies drop theirs after 60 s"
    )
    send_timeout_s: float = setting(
        30.0, seconds(0.1, 3600), "a client that takes nothing of its answer for so long is cut; Linux only"
    )
    heartbeat_s: int = setting(30, whole(1, 3600), "browsers throttle timers to one a minute, servers do not")
    peer_ttl_s: float = setting(75.0, seconds(1, 86_400), "two heartbeats may be lost, three may not")
    grace_s: float = setting(10.0, seconds(0, 3600), "time to come back unseen after a WebSocket ended")
    envelope_ttl_s: float = setting(30.0, seconds(1, 3600), "an offer older than this has been given up")
    room_idle_s: float = setting(3600.0, seconds(1, 1e9), "one hour without any sign of life ends a room")
    room_token_ttl_s: float = setting(
        3600.0, seconds(120, 86_400), "short, for it cannot be withdrawn; renewed on the way when half spent"
    )
    poll_max_s: float = setting(25.0, seconds(0, 300), "proxies cut idle requests from 30 s on")
    ping_s: float = setting(25.0, seconds(0.05, 3600), "proxies cut connections that are silent for 30 s and more")
    sweep_s: float = setting(1.0, seconds(0.01, 60), "how late a departure may be told")
    ready_timeout_s: float = setting(
        0.5, seconds(0.01, 60), "for the store to answer /readyz; probes give up after 1 s"
    )
    drain_s: float = setting(
        0.0, seconds(0, 3600), "behind a load balancer: as long as it may take to see /readyz fail, and one probe more"
    )
    returns_per_s: int = setting(
        1000, whole(1, 1_000_000), "clients that a stop asks back each second; one core welcomes twice as many"
    )
    metrics_token: str | None = optional(
        LONG_TEXT, "who shows it as Bearer token reads /metrics; without it only this very machine does", is_secret=True
    )
    log_format: str = setting("text", one_of("text", "json"), "text for people, JSON lines for whatever collects logs")
    log_level: str = setting(
        "info", one_of("debug", "info", "warning", "error"), "info has a line for each call but heartbeats and polls"
    )

    @property
    def limits(self) -> Limits:
        """The part that a store holds to."""
        names = [each.name for each in dataclasses.fields(Limits)]
        return Limits(**{name: getattr(self, name) for name in names})

    @property
    def max_frame_bytes(self) -> int:
        """A body and what stands around it."""
        return self.max_body_bytes + 1024


SETTINGS: tuple[Setting, ...] = tuple(
    Setting(each.name, each.default, each.metadata["allowed"], each.metadata["reason"], each.metadata["is_secret"])
    for each in dataclasses.fields(Config)
)


def read_config(environment: Mapping[str, str], flags: Mapping[str, str]) -> Config:
    """Settings from flags (by field name) over the environment over the defaults."""
    values: dict[str, Any] = {}
    for each in SETTINGS:
        text = flags.get(each.field, environment.get(each.variable))
        if text is not None:
            values[each.field] = each.parse(text)
    return Config(**values)


def unknown_variables(environment: Mapping[str, str]) -> list[str]:
    """Variables that look like ours and are not: most likely misspelt."""
    known = {each.variable for each in SETTINGS}
    return sorted(name for name in environment if name.startswith(PREFIX) and name not in known)
