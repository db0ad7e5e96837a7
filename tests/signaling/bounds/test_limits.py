"""Rates and buckets, against a token bucket that counts in fractions and a table that scans."""

from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from signaling.bounds.limits import Bucket, Buckets, Demand, LocalLimiter, Rate

RATE = Rate(3, 12.0)
OFF = Rate(0, 0.0)
RATES = st.builds(Rate, st.integers(1, 7), st.sampled_from([0.5, 1.0, 4.0, 60.0]))
PAUSES = st.sampled_from([0.0, 0.0, 0.0, 0.125, 0.5, 1.0, 7.5, 100.0])


class TokenBucket:
    """As one would do it without thinking of speed."""

    def __init__(self, rate: Rate, now: float) -> None:
        self.rate = rate
        self.tokens = Fraction(rate.burst)
        self.now = Fraction(now)

    @property
    def per_s(self) -> Fraction:
        return Fraction(self.rate.burst) / Fraction(self.rate.over_s)

    def refill(self, now: float) -> None:
        self.tokens = min(Fraction(self.rate.burst), self.tokens + (Fraction(now) - self.now) * self.per_s)
        self.now = Fraction(now)

    def take(self, now: float) -> float:
        self.refill(now)
        if self.tokens >= 1:
            self.tokens -= 1
            return 0.0
        return float((1 - self.tokens) / self.per_s)

    def full_at(self) -> Fraction:
        return self.now + (self.rate.burst - self.tokens) / self.per_s


@given(RATES, st.lists(PAUSES, max_size=60))
def test_bucket_does_what_a_token_bucket_does(rate: Rate, pauses: list[float]) -> None:
    """The same are let pass, and the same waits are told."""
    bucket, oracle, now = Bucket(rate), TokenBucket(rate, 1000.0), 1000.0
    for pause in pauses:
        now += pause
        assert bucket.take(now) == pytest.approx(oracle.take(now), abs=1e-5)


@given(RATES, st.floats(1e9, 2e9), st.lists(PAUSES, max_size=40))
def test_who_waits_as_long_as_told_is_let_pass(rate: Rate, now: float, pauses: list[float]) -> None:
    """Also on a wall clock, whose floats are coarse."""
    bucket = Bucket(rate)
    for pause in pauses:
        now += pause
        if wait_s := bucket.take(now):
            now += wait_s
            assert bucket.take(now) == 0


@given(RATES, st.integers(1, 5))
def test_no_more_than_the_burst_and_the_pace_in_any_time(rate: Rate, windows: int) -> None:
    """Whoever takes all it can gets the burst once, and then one in each interval."""
    bucket, taken, now = Bucket(rate), 0, 0.0
    while now < windows * rate.over_s:
        wait_s = bucket.take(now)
        taken += not wait_s
        now += wait_s
    assert taken in {rate.burst * (windows + 1) - 1, rate.burst * (windows + 1)}


def test_no_limit_lets_everything_pass() -> None:
    """A burst of 0."""
    bucket, buckets = Bucket(OFF), Buckets(1)
    assert [bucket.take(0.0) for _ in range(1000)] == [0.0] * 1000
    assert [buckets.take(("a", "b"), OFF, 5.0) for _ in range(10)] == [0.0] * 10
    assert len(buckets) == 0


def test_rates_are_written_as_the_settings_are() -> None:
    """What `config` prints can be set."""
    assert [str(rate) for rate in (RATE, Rate(1, 0.5), OFF)] == ["3/12", "1/0.5", "0"]


def test_clock_that_is_set_back_costs_one_interval() -> None:
    """And not the hours that the clock went back."""
    bucket = Bucket(RATE)
    for _ in range(3):
        bucket.take(10_000.0)
    assert bucket.take(50.0) == RATE.interval_s
    assert bucket.take(50.0 + RATE.interval_s) == 0


NAMES = st.sampled_from("abcdef")
MOST = 3


class TableModel(RuleBasedStateMachine):
    """Keeps a token bucket for each name, and scans them all when one too many is not full."""

    def __init__(self) -> None:
        super().__init__()
        self.now = 1000.0
        self.buckets = Buckets(MOST)
        self.model: dict[str, TokenBucket] = {}

    def forget_full(self) -> None:
        for each in self.model.values():
            each.refill(self.now)
        self.model = {name: each for name, each in self.model.items() if each.tokens < RATE.burst}

    @rule(name=NAMES)
    def take(self, name: str) -> None:
        self.forget_full()
        if name not in self.model:
            if len(self.model) == MOST:
                del self.model[min(self.model, key=lambda each: (self.model[each].full_at(), each))]
            self.model[name] = TokenBucket(RATE, self.now)
        assert self.buckets.take(("n", name), RATE, self.now) == pytest.approx(
            self.model[name].take(self.now), abs=1e-4
        )

    @rule(pause=st.sampled_from([0.25, 1.0, 4.0, 8.0, 30.0]))
    def pass_time(self, pause: float) -> None:
        self.now += pause

    @invariant()
    def table_is_bounded(self) -> None:
        assert len(self.buckets) <= MOST
        assert len(self.buckets._order) == len(self.buckets)


TestTableAgainstModel = TableModel.TestCase
TestTableAgainstModel.settings = settings(max_examples=60, stateful_step_count=60, deadline=None)


@given(st.integers(2, 20), st.integers(0, 200), st.integers(1, 3))
def test_flood_of_names_forgets_itself_and_not_the_offender(most: int, flood: int, uses: int) -> None:
    """However many names are made up: the offender stays known until they are emptier than its own bucket."""
    buckets, rate = Buckets(most), Rate(4, 4.0)
    for _ in range(4):
        buckets.take(("n", "offender"), rate, 0.0)
    for number in range(flood):
        for _ in range(uses):
            assert buckets.take(("n", f"made up {number}"), rate, 0.0) == 0
    assert buckets.take(("n", "offender"), rate, 0.0) > 0
    assert len(buckets) <= most


def test_names_that_are_full_again_make_place_unasked() -> None:
    """A table that was once full shrinks as others come, long before it has to."""
    buckets = Buckets(1000)
    for number in range(1000):
        buckets.take(("n", str(number)), RATE, 0.0)
    for number in range(999):
        buckets.take(("m", str(number)), RATE, 100.0 + number * RATE.over_s)
    assert len(buckets) <= 3


def test_bucket_goes_to_its_owner_and_comes_back() -> None:
    """What is taken from the copy counts once it is given back; a full one needs no place."""
    buckets = Buckets(10)
    for _ in range(2):
        buckets.take(("n", "a"), RATE, 0.0)
    mine = buckets.bucket(("n", "a"), RATE)
    assert mine.take(0.0) == 0
    buckets.keep(("n", "a"), mine, 0.0)
    assert buckets.take(("n", "a"), RATE, 0.0) == pytest.approx(4)
    buckets.keep(("n", "b"), Bucket(RATE), 0.0)
    assert len(buckets) == 1


def test_nothing_is_taken_unless_all_have_room() -> None:
    """The user of a busy address keeps its own for later; the longest wait is told."""
    limiter = LocalLimiter(10)
    user, address = Demand("user_joins", "alice", RATE), Demand("address_joins", "192.0.2.1", Rate(1, 8.0))
    slow = Demand("slow", "alice", Rate(1, 2.0))
    assert limiter.decide_now([user, address, slow], now=0.0) is None
    for _ in range(5):
        excess = limiter.decide_now([user, address, slow], now=0.0)
        assert excess is not None
        assert excess.demand == address
        assert excess.wait_s == pytest.approx(8)
    assert [limiter.decide_now([user], now=0.0) is None for _ in range(3)] == [True, True, False]


async def test_local_limiter_can_be_waited_for() -> None:
    """As one that asks a shared store is."""
    limiter = LocalLimiter(10)
    demand = Demand("user_joins", "alice", Rate(1, 1.0))
    assert await limiter.decide([demand], now=0.0) is None
    assert await limiter.decide([demand], now=0.0) is not None


def test_rate_may_be_taken_some_times_over() -> None:
    """In the same time; none stays none."""
    assert Rate(3, 10).times(4) == Rate(12, 10)
    assert Rate(0, 0.0).times(4).slack_s == float("inf")
