"""One node, tried until it works, fails for good or has to wait; with agents made for it."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import UTC, datetime
from threading import Barrier
from typing import Any

import pytest

from kuber.agents.base import AgentFailure, AgentMetadata, BaseAgent, Category, TriggerNotMet
from kuber.agents.state import PipelineState
from kuber.kernel.errors import ErrorKind, KuberError, Problem
from kuber.runs.attempt import Attempt, AttemptOutcome, Limits, attempt_node
from tests.fakes.agents import harness

LIMITS = Limits(node_s=5, run_s=10, attempts=5, retry_base_s=1, retry_cap_s=60)
STATE = harness().state("ACME")
Work = Callable[[PipelineState], PipelineState | Awaitable[PipelineState]]


class FakeAgent(BaseAgent[Any]):
    """Does what it is given; made anew for each attempt."""

    metadata = AgentMetadata("fake", "Fake", "For tests.", Category.ANALYSIS, "science")

    def __init__(self, work: Work) -> None:
        self._work = work

    def process(self, state: PipelineState) -> PipelineState | Awaitable[PipelineState]:
        return self._work(state)


class AsyncAgent(FakeAgent):
    """The same with an `async def`."""

    async def process(self, state: PipelineState) -> PipelineState:
        result = self._work(state)
        return result if isinstance(result, PipelineState) else await result


class Watch:
    """What the orchestrator is told, and how long it paused."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.started: list[int] = []
        self.retries: list[tuple[str, int, float]] = []
        self.pauses: list[float] = []
        self.made = 0

        async def pause(delay_s: float) -> None:
            self.pauses.append(delay_s)

        monkeypatch.setattr(asyncio, "sleep", pause)

    def attempt(self, work: Work, *, limits: Limits = LIMITS, first: int = 1) -> Attempt:
        def make() -> FakeAgent:
            self.made += 1
            return FakeAgent(work)

        return Attempt(
            make=make,
            state=STATE.model_copy,
            first=first,
            limits=limits,
            on_start=self.started.append,
            on_retry=lambda failure, number, delay: self.retries.append(
                (failure.code, number, delay)
            ),
        )


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


async def test_pauses_double_from_the_base_and_stay_under_the_cap(watch: Watch) -> None:
    limits = replace(LIMITS, attempts=9, retry_cap_s=20)
    outcome = await attempt_node(watch.attempt(failing(8, retryable=True), limits=limits))
    assert (outcome.attempts, watch.made) == (9, 9)
    for pause, full in zip(watch.pauses, [1, 2, 4, 8, 16, 20, 20, 20], strict=True):
        assert 0.9 * full <= pause <= full
    assert [number for _, number, _ in watch.retries] == list(range(1, 9))


async def test_the_last_allowed_attempt_is_final(watch: Watch) -> None:
    outcome = await attempt_node(watch.attempt(failing(99, retryable=True)))
    assert (outcome.attempts, len(watch.pauses), failure_of(outcome).code) == (5, 4, "down")


async def test_a_failure_for_good_is_not_tried_again(watch: Watch) -> None:
    outcome = await attempt_node(watch.attempt(failing(99)))
    assert (outcome.attempts, watch.pauses) == (1, [])


async def test_a_node_resumed_after_a_crash_counts_on(watch: Watch) -> None:
    outcome = await attempt_node(watch.attempt(failing(99, retryable=True), first=4))
    assert (outcome.attempts, watch.started) == (5, [4, 5])


@pytest.mark.parametrize(("asked_s", "paused_s"), [(7.0, 7.0), (500.0, 60.0)])
async def test_the_other_side_may_ask_for_a_longer_pause_up_to_the_cap(
    watch: Watch, asked_s: float, paused_s: float
) -> None:
    work = failing(1, retryable=True, retry_after_s=asked_s)
    await attempt_node(watch.attempt(work))
    assert watch.pauses == [paused_s]


async def test_an_unmet_trigger_is_neither_failure_nor_success(watch: Watch) -> None:
    def work(state: PipelineState) -> PipelineState:
        raise TriggerNotMet("Not yet.", datetime(2026, 1, 6, tzinfo=UTC))

    outcome = await attempt_node(watch.attempt(work))
    assert (outcome.state, outcome.failure, watch.pauses) == (None, None, [])
    assert outcome.not_met is not None
    assert outcome.not_met.reason == "Not yet."


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

    outcome = await attempt_node(watch.attempt(work))
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
        on_start=lambda number: None,
        on_retry=lambda *_: None,
    )
    outcomes = await asyncio.gather(*(attempt_node(attempt) for _ in range(3)))
    assert all(outcome.state is not None for outcome in outcomes)
