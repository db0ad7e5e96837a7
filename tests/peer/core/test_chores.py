"""What an admin's client does unasked, and how fast."""

from __future__ import annotations

from dataclasses import dataclass, field

from peer.config import Config
from peer.core.chores import Chores
from peer.core.membership import InviteSeed, Membership
from peer.errors import NotAllowed
from peer.keys.room_keys import derive_invite_key
from peer.log import acts
from peer.log.authority import Authority, InviteVerdict
from peer.log.control import Level

from ...support.keys import OPEN_INVITE, START_MS, Chance, identity, membership_of

DAY_MS = 86_400_000


@dataclass
class Home:
    """One member's client, a clock, and guests who come by a link."""

    config: Config = field(default_factory=Config)
    name: str = "ann"
    now: float = 0.0

    def __post_init__(self) -> None:
        self.membership = membership_of(self.name)
        self.chores = Chores(self.membership, self.config, Chance("chores"), self.wall_ms)

    def wall_ms(self) -> int:
        return START_MS + round(self.now * 1000)

    @property
    def authority(self) -> Authority:
        assert self.membership.authority is not None
        return self.membership.authority

    def guest(self, name: str, invite: InviteSeed = OPEN_INVITE) -> Membership:
        """Who has joined by a link, as far as its own log goes."""
        guest = membership_of(name, invite=invite)
        guest.learn(self.membership.genesis)
        guest.take_in(self.membership.export(), relay=self.membership.me, now_ms=self.wall_ms())
        guest.maybe_join(now_ms=self.wall_ms())
        return guest

    def come(self, *names: str) -> None:
        for name in names:
            guest = self.guest(name)
            self.membership.take_in(guest.export(), relay=guest.me, now_ms=self.wall_ms())

    def do(self, *, after_s: float = 0.0) -> int:
        """How many events that gave."""
        self.now += after_s
        return len(self.chores.do(now=self.now))

    def level(self, name: str) -> Level:
        return self.authority.level_of(identity(name).member_id)

    def invite(self, seed: bytes, *, expires_ms: int) -> InviteSeed:
        key = derive_invite_key(seed, self.membership.room_id).public_key
        doing = acts.invite(self.authority, self.membership.me, key=key, is_open=True, expires_ms=expires_ms)
        self.membership.write(doing, now_ms=self.wall_ms())
        return InviteSeed(seed, is_open=True)

    def verdict(self) -> InviteVerdict:
        """Of the standing link."""
        return self.membership.judge_invite(now_ms=self.wall_ms())


def test_nothing_is_due_for_who_is_no_admin() -> None:
    """Nor where nothing is known yet."""
    home = Home(name="bob")
    assert home.do() == 0
    home.membership.learn(membership_of("ann").genesis)
    assert home.do() == 0
    assert home.chores.next_at is None


def test_joins_become_grants_as_fast_as_the_pace_allows() -> None:
    """The others wait, and nobody has to come in for them to be served."""
    home = Home(Config(automatic_grants_burst=2, automatic_grants_per_s=1.0))
    home.come("bob", "cy", "dan")
    assert home.do() == 2
    assert home.chores.next_at == 1.0
    assert not home.chores.is_due(now=0.9)
    assert home.chores.is_due(now=1.1)
    assert home.do(after_s=1.1) == 1
    assert home.chores.next_at is None
    assert not home.chores.is_due(now=100.0)


def test_full_room_ends_its_open_links_instead() -> None:
    """Whoever was made a member stays; who only came by the link does not count any more."""
    home = Home(Config(max_members=3))
    home.come("bob", "cy", "dan")
    assert home.do() == 2
    assert not home.chores.is_full
    assert home.do() == 1
    assert [home.chores.take_full() for _ in range(2)] == [True, False]
    assert home.verdict() is InviteVerdict.REVOKED
    assert len(home.authority.members) == 3
    assert home.do() == 0


def test_expired_open_link_is_ended_for_all() -> None:
    """Or whoever knows one member would date a join back for ever."""
    home = Home()
    home.invite(b"for a day.......", expires_ms=START_MS + DAY_MS)
    assert home.do() == 0
    assert home.chores.next_at is not None
    assert DAY_MS / 1000 < home.chores.next_at < DAY_MS / 1000 + 300
    assert home.do(after_s=home.chores.next_at) == 1
    assert home.chores.next_at is None
    assert home.verdict() is InviteVerdict.VALID


def remove(home: Home, moderator: str, other: str) -> None:
    """By a moderator, who has heard all that we know."""
    hand = home.guest(moderator)
    home.membership.take_in(hand.export(), relay=hand.me, now_ms=home.wall_ms())
    home.do()
    [*promoting] = acts.set_level(home.authority, home.membership.me, hand.me, Level.MODERATOR)
    home.membership.write(promoting, now_ms=home.wall_ms())
    hand.take_in(home.membership.export(), relay=home.membership.me, now_ms=home.wall_ms())
    assert hand.authority is not None
    gone = hand.write(acts.kick(hand.authority, hand.me, identity(other).member_id), now_ms=home.wall_ms())
    home.membership.take_in(gone, relay=hand.me, now_ms=home.wall_ms())


def test_new_standing_link_takes_the_place_of_one_that_a_removed_person_knows() -> None:
    """A moderator removes, and ends no invites: our client does."""
    home = Home()
    home.come("mallory")
    home.do()
    before = home.membership.invite
    remove(home, "bob", "mallory")
    assert home.do() == 2
    assert home.membership.invite != before
    assert home.verdict() is InviteVerdict.VALID
    assert len([one for one in home.authority.invitations if not one.is_revoked]) == 1
    assert home.do() == 0


def test_other_open_links_are_ended_without_another_in_their_place() -> None:
    """Where the standing one is none of ours."""
    home = Home()
    home.come("mallory")
    home.membership.invite = None
    remove(home, "bob", "mallory")
    assert home.do() == 1
    assert all(one.is_revoked for one in home.authority.invitations)


def test_what_is_not_allowed_is_left_undone() -> None:
    """Chores are nobody's wish, so nobody is told."""
    home = Home()
    home.come("bob")
    home.membership.write = refuse  # type: ignore[method-assign]
    assert home.do() == 0


def refuse(*_: object, **__: object) -> list[bytes]:
    raise NotAllowed("do this here", who="members")
