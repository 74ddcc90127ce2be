"""A circuit breaker: closed, open, tried by one, closed again; on a clock that the test moves."""

from datetime import UTC, datetime, timedelta

import pytest

from kuber.infra.breakers import PROBE_S, Breaker, BreakerLimits, BreakerOpen, host_of

NOW = datetime(2026, 1, 5, 15, tzinfo=UTC)


class MovedClock:
    """A clock that stands where the test puts it."""

    def __init__(self) -> None:
        self.at = NOW

    def now(self) -> datetime:
        return self.at

    def move(self, seconds: float) -> None:
        self.at += timedelta(seconds=seconds)


class Down(Exception):
    """The host failed."""


@pytest.fixture
def clock() -> MovedClock:
    return MovedClock()


@pytest.fixture
def breaker(clock: MovedClock) -> Breaker:
    return Breaker("example.com", clock, BreakerLimits(failures=3, open_s=30))


def ask(breaker: Breaker, error: BaseException | None = None) -> None:
    with breaker.call(lambda found: isinstance(found, Down)):
        if error is not None:
            raise error


def fail(breaker: Breaker, times: int = 1) -> None:
    for _ in range(times):
        with pytest.raises(Down):
            ask(breaker, Down())


def refused(breaker: Breaker) -> BreakerOpen:
    with pytest.raises(BreakerOpen) as found:
        ask(breaker)
    return found.value


def test_it_opens_after_as_many_failures_in_a_row_and_says_until_when(breaker: Breaker) -> None:
    fail(breaker, 2)
    ask(breaker)
    fail(breaker, 2)
    ask(breaker)
    fail(breaker, 3)
    refusal = refused(breaker)
    assert (refusal.host, refusal.until) == ("example.com", NOW + timedelta(seconds=30))
    assert refusal.retry_after_s == 30


def test_an_error_that_is_an_answer_counts_as_one(breaker: Breaker) -> None:
    fail(breaker, 2)
    with pytest.raises(ValueError, match="bad request"):
        ask(breaker, ValueError("bad request"))
    fail(breaker, 2)
    ask(breaker)


def test_after_its_time_one_call_tries_the_host_and_the_others_wait_for_it(
    breaker: Breaker, clock: MovedClock
) -> None:
    fail(breaker, 3)
    clock.move(29.999)
    refused(breaker)
    clock.move(0.001)
    with breaker.call(lambda error: True):
        assert refused(breaker).until == clock.at + timedelta(seconds=PROBE_S)
    ask(breaker)
    fail(breaker, 2)
    ask(breaker)


def test_a_trial_that_fails_opens_it_again_for_the_whole_time(
    breaker: Breaker, clock: MovedClock
) -> None:
    fail(breaker, 3)
    clock.move(30)
    fail(breaker)
    assert refused(breaker).until == clock.at + timedelta(seconds=30)


def test_a_trial_that_is_called_off_says_nothing_and_lets_the_next_try(
    breaker: Breaker, clock: MovedClock
) -> None:
    fail(breaker, 3)
    clock.move(30)
    with pytest.raises(KeyboardInterrupt):
        ask(breaker, KeyboardInterrupt())
    fail(breaker)
    refused(breaker)


@pytest.mark.parametrize(
    ("url", "host"),
    [
        ("https://api.openai.com/v1", "api.openai.com"),
        ("http://127.0.0.1:8080/v1", "127.0.0.1:8080"),
        ("https://user:secret@Example.COM/x", "example.com"),
    ],
)
def test_a_host_is_named_without_what_is_secret(url: str, host: str) -> None:
    assert host_of(url) == host
