"""One node, tried until it works, fails for good or has to wait; with agents made for it."""

import asyncio
import time
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from threading import Barrier
from typing import Any

import pytest

from kuber.agents.base import (
    AgentFailure,
    HostUnavailable,
    NodeUsage,
    ServiceFailure,
    TriggerNotMet,
)
from kuber.agents.state import PipelineState
from kuber.infra.breakers import BreakerOpen
from kuber.kernel.clock import FixedClock
from kuber.kernel.errors import ErrorKind, KuberError, Problem
from kuber.runs.attempt import Attempt, AttemptOutcome, attempt_node
from kuber.runs.types import WaitsFor
from tests.fakes.attempts import LIMITS, NOW, STATE, AsyncAgent, FakeAgent, Watch, Work

AROUND: dict[str, Any] = {
    "clock": FixedClock(NOW),
    "usage": NodeUsage(),
    "look_again": lambda not_met: NOW,
}


@pytest.fixture
def watch(monkeypatch: pytest.MonkeyPatch) -> Watch:
    return Watch(monkeypatch)


def failing(times: int, **options: Any) -> Work:
    """Return work that fails `times` times before it succeeds."""
    left = [times]

    def work(state: PipelineState) -> PipelineState:
        if left[0]:
            left[0] -= 1
            raise AgentFailure("down", "It is down.", **options)
        return state

    return work


def failure_of(outcome: AttemptOutcome) -> AgentFailure:
    assert outcome.failure is not None
    assert outcome.state is None
    return outcome.failure


async def test_work_that_succeeds_is_done_once(watch: Watch) -> None:
    outcome = await attempt_node(watch.attempt(lambda state: state))
    assert (outcome.attempts, outcome.failure, watch.started) == (1, None, [1])
    assert outcome.state is not None


async def through(watch: Watch, attempt: Attempt) -> tuple[AttemptOutcome, list[float]]:
    """Go on after every pause, as claim after claim does; return the end and every delay."""
    delays: list[float] = []
    while True:
        outcome = await attempt_node(attempt)
        delays += watch.pauses
        watch.pauses.clear()
        if outcome.pause is None:
            return outcome, delays
        delays.append((outcome.pause.wake_at - NOW).total_seconds())
        attempt = replace(attempt, first=outcome.pause.attempts + 1)


async def test_pauses_double_from_the_base_and_stay_under_the_cap(watch: Watch) -> None:
    limits = replace(LIMITS, attempts=9, retry_cap_s=20)
    attempt = watch.attempt(failing(8, retryable=True), limits=limits)
    outcome, delays = await through(watch, attempt)
    assert (outcome.attempts, watch.made) == (9, 9)
    for delay, full in zip(delays, [1, 2, 4, 8, 16, 20, 20, 20], strict=True):
        assert 0.9 * full <= delay <= full
    assert [number for _, number, _ in watch.retries] == list(range(1, 9))


async def test_a_delay_is_slept_through_up_to_two_seconds_and_a_pause_beyond(
    watch: Watch,
) -> None:
    short = watch.attempt(failing(1, retryable=True, retry_after_s=2.0))
    assert (await attempt_node(short)).pause is None
    assert watch.pauses == [2.0]
    long = watch.attempt(failing(1, retryable=True, retry_after_s=2.001))
    outcome = await attempt_node(long)
    assert outcome.pause is not None
    assert watch.pauses == [2.0]
    pause = outcome.pause
    assert (pause.waits_for, pause.attempts, pause.reason) == (WaitsFor.RETRY, 1, "It is down.")
    assert pause.wake_at == NOW + timedelta(seconds=2.001)
    assert (outcome.state, outcome.failure) == (None, None)


async def test_a_pause_keeps_what_its_attempts_used(watch: Watch) -> None:
    usage = NodeUsage()

    def work(state: PipelineState) -> PipelineState:
        usage.input_tokens += 7
        raise AgentFailure("down", "It is down.", retryable=True)

    outcome = await attempt_node(watch.attempt(work, usage=usage))
    assert outcome.pause is not None
    assert (outcome.pause.attempts, outcome.pause.usage.input_tokens) == (3, 21)
    usage.input_tokens += 1
    assert outcome.pause.usage.input_tokens == 21


async def test_the_last_allowed_attempt_is_final(watch: Watch) -> None:
    outcome, delays = await through(watch, watch.attempt(failing(99, retryable=True)))
    assert (outcome.attempts, len(delays), failure_of(outcome).code) == (5, 4, "down")


UNTIL = NOW + timedelta(seconds=8)


async def test_a_breakers_refusal_is_a_pause_that_counts_as_no_attempt(watch: Watch) -> None:
    def work(state: PipelineState) -> PipelineState:
        raise HostUnavailable("api.openai.com", UNTIL)

    outcome = await attempt_node(watch.attempt(work, first=5))
    pause = outcome.pause
    assert pause is not None
    assert (pause.wake_at, pause.waits_for, pause.attempts) == (UNTIL, WaitsFor.BREAKER, 4)
    assert pause.reason == "Waits for api.openai.com."


async def test_a_refusal_after_something_was_used_counts(watch: Watch) -> None:
    usage = NodeUsage()

    def work(state: PipelineState) -> PipelineState:
        usage.output_tokens += 1
        raise HostUnavailable("api.openai.com", UNTIL)

    outcome = await attempt_node(watch.attempt(work, first=4, usage=usage))
    assert outcome.pause is not None
    assert outcome.pause.attempts == 4
    outcome = await attempt_node(watch.attempt(work, first=5, usage=usage))
    assert failure_of(outcome).code == "host_unavailable"


async def test_a_host_keeps_a_node_no_longer_than_a_run_may_take(watch: Watch) -> None:
    def work(state: PipelineState) -> PipelineState:
        raise HostUnavailable("api.openai.com", UNTIL)

    just = watch.attempt(work, began_at=NOW - timedelta(seconds=2))
    assert (await attempt_node(just)).pause is not None
    over = watch.attempt(work, began_at=NOW - timedelta(seconds=2, microseconds=1))
    assert failure_of(await attempt_node(over)).code == "host_unavailable"


async def test_a_refusal_that_is_slept_through_counts_as_no_attempt(watch: Watch) -> None:
    soon = NOW + timedelta(seconds=1)
    left = [HostUnavailable("api.openai.com", soon), AgentFailure("down", "x", retryable=True)]

    def work(state: PipelineState) -> PipelineState:
        raise left.pop(0)

    outcome = await attempt_node(watch.attempt(work, first=4))
    assert outcome.pause is not None
    assert (outcome.pause.attempts, watch.started, watch.pauses) == (4, [4, 4], [1.0])


async def test_a_host_that_may_be_asked_again_by_now_is_asked_at_once(watch: Watch) -> None:
    left = [HostUnavailable("api.openai.com", NOW - timedelta(seconds=3))]

    def work(state: PipelineState) -> PipelineState:
        if left:
            raise left.pop()
        return state

    outcome = await attempt_node(watch.attempt(work))
    assert (outcome.attempts, watch.pauses) == (1, [0.0])
    assert watch.retries == [("host_unavailable", 1, 0.0)]


@pytest.mark.parametrize(
    ("failure", "pauses"),
    [
        (HostUnavailable("api.openai.com", UNTIL), False),
        (ServiceFailure("llm_busy", "It is busy.", retryable=True), False),
        (AgentFailure("down", "Nothing was done.", retryable=True, retry_after_s=9.0), True),
    ],
)
async def test_what_must_not_be_repeated_is_repeated_on_the_agents_own_word_alone(
    watch: Watch, failure: AgentFailure, pauses: bool
) -> None:
    def work(state: PipelineState) -> PipelineState:
        raise failure

    outcome = await attempt_node(replace(watch.attempt(work), repeatable=False))
    assert (outcome.pause is not None, outcome.failure is None) == (pauses, pauses)
    assert watch.started == [1]


@pytest.mark.parametrize("wrapped", [False, True])
async def test_a_breaker_that_a_service_of_our_own_met_is_the_hosts(
    watch: Watch, wrapped: bool
) -> None:
    def work(state: PipelineState) -> PipelineState:
        opened = BreakerOpen("data.alpaca.markets", UNTIL, 8)
        if not wrapped:
            raise opened
        raise Unavailable("Not now.") from opened

    outcome = await attempt_node(watch.attempt(work))
    assert outcome.pause is not None
    assert (outcome.pause.waits_for, outcome.pause.wake_at) == (WaitsFor.BREAKER, UNTIL)


async def test_a_failure_for_good_is_not_tried_again(watch: Watch) -> None:
    outcome = await attempt_node(watch.attempt(failing(99)))
    assert (outcome.attempts, watch.pauses) == (1, [])


async def test_a_node_resumed_after_a_crash_counts_on(watch: Watch) -> None:
    outcome, _ = await through(watch, watch.attempt(failing(99, retryable=True), first=4))
    assert (outcome.attempts, watch.started) == (5, [4, 5])


@pytest.mark.parametrize(("asked_s", "paused_s"), [(7.0, 7.0), (500.0, 60.0)])
async def test_the_other_side_may_ask_for_a_longer_pause_up_to_the_cap(
    watch: Watch, asked_s: float, paused_s: float
) -> None:
    work = failing(1, retryable=True, retry_after_s=asked_s)
    _, delays = await through(watch, watch.attempt(work))
    assert delays == [paused_s]


async def test_an_unmet_trigger_is_neither_failure_nor_success(watch: Watch) -> None:
    def work(state: PipelineState) -> PipelineState:
        raise TriggerNotMet("Not yet.", datetime(2026, 1, 6, tzinfo=UTC))

    outcome = await attempt_node(watch.attempt(work))
    assert (outcome.state, outcome.failure, watch.pauses) == (None, None, [])
    assert outcome.pause is not None
    assert (outcome.pause.waits_for, outcome.pause.attempts) == (WaitsFor.TRIGGER, 0)
    assert (outcome.pause.reason, outcome.pause.failure) == ("Not yet.", None)
    assert outcome.pause.wake_at == datetime(2026, 1, 6, tzinfo=UTC)


@pytest.mark.parametrize("error", [ZeroDivisionError("x"), SystemExit(1), TimeoutError("mine")])
async def test_a_crash_is_a_failure_with_its_name_and_no_second_try(
    watch: Watch, error: BaseException
) -> None:
    def work(state: PipelineState) -> PipelineState:
        raise error

    outcome = await attempt_node(watch.attempt(work))
    failure = failure_of(outcome)
    assert (failure.code, outcome.attempts) == ("agent_crashed", 1)
    assert type(error).__name__ in failure.message


@pytest.mark.parametrize("result", [None, {}, "state"])
async def test_an_agent_must_return_a_state(watch: Watch, result: Any) -> None:
    outcome = await attempt_node(watch.attempt(lambda state: result))
    assert failure_of(outcome).code == "no_state"


class Unavailable(KuberError):
    """A service of Kuber's own that is away."""

    kind = ErrorKind.UNAVAILABLE
    code = "away"


class Missing(KuberError):
    """Something that will not appear by trying again."""

    kind = ErrorKind.NOT_FOUND
    code = "missing"


@pytest.mark.parametrize(("error", "attempts"), [(Unavailable, 5), (Missing, 1)])
async def test_an_expected_error_is_retried_only_when_it_may_pass(
    watch: Watch, error: type[KuberError], attempts: int
) -> None:
    def work(state: PipelineState) -> PipelineState:
        raise error("It is so.", [Problem("x", "Do this.")])

    outcome, _ = await through(watch, watch.attempt(work))
    failure = failure_of(outcome)
    assert (failure.code, failure.message, failure.remedy) == (error.code, "It is so.", "Do this.")
    assert outcome.attempts == attempts


@pytest.mark.parametrize("kind", [FakeAgent, AsyncAgent])
async def test_plain_and_async_agents_end_at_the_time_limit(kind: type[FakeAgent]) -> None:
    async def slowly(state: PipelineState) -> PipelineState:
        await asyncio.sleep(5)
        return state

    def work(state: PipelineState) -> Any:
        if kind is AsyncAgent:
            return slowly(state)
        time.sleep(0.2)
        return state

    watched: list[int] = []
    attempt = Attempt(
        make=lambda: kind(work),
        state=lambda: STATE,
        first=1,
        limits=replace(LIMITS, node_s=0.05),
        **AROUND,
        on_start=watched.append,
        on_retry=lambda *_: None,
    )
    failure = failure_of(await attempt_node(attempt))
    assert (failure.code, failure.message) == ("node_timeout", "It took longer than 0.05 s.")
    assert not failure.retryable


async def test_what_an_agent_makes_of_its_time_limit_is_still_a_time_out() -> None:
    async def stubborn(state: PipelineState) -> PipelineState:
        try:
            await asyncio.sleep(5)
        except asyncio.CancelledError as error:
            raise AgentFailure("broken", "Something broke.", retryable=True) from error
        return state

    attempt = Attempt(
        make=lambda: FakeAgent(stubborn),
        state=lambda: STATE,
        first=1,
        limits=replace(LIMITS, node_s=0.02),
        **AROUND,
        on_start=lambda number: None,
        on_retry=lambda *_: None,
    )
    outcome = await attempt_node(attempt)
    assert (failure_of(outcome).code, outcome.attempts) == ("node_timeout", 1)


async def test_a_plain_agent_does_not_hold_up_the_others() -> None:
    all_at_work = Barrier(3, timeout=30)

    def work(state: PipelineState) -> PipelineState:
        all_at_work.wait()
        return state

    attempt = Attempt(
        make=lambda: FakeAgent(work),
        state=lambda: STATE,
        first=1,
        limits=LIMITS,
        **AROUND,
        on_start=lambda number: None,
        on_retry=lambda *_: None,
    )
    outcomes = await asyncio.gather(*(attempt_node(attempt) for _ in range(3)))
    assert all(outcome.state is not None for outcome in outcomes)
