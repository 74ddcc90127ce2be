"""One node, tried until it works, fails for good or has to wait."""

import asyncio
import inspect
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import structlog

from kuber.agents.base import AgentFailure, BaseAgent, TriggerNotMet
from kuber.agents.state import PipelineState
from kuber.kernel.backoff import Backoff
from kuber.kernel.errors import ErrorKind, KuberError

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Limits:
    """How long and how often a node may try; seconds."""

    node_s: float
    run_s: float
    attempts: int
    retry_base_s: float
    retry_cap_s: float

    def delay_s(self, attempt: int) -> float:
        """Return the pause after failed attempt number `attempt`: doubling, capped, jittered.

        Full pauses are 1, 2, 4, 8 ... times the base; up to a tenth is taken off at random so
        that many failed nodes do not come back at once.
        """
        return Backoff(self.retry_base_s, self.retry_cap_s).pause_s(attempt)


@dataclass(frozen=True, slots=True)
class Attempt:
    """What is tried: a maker of agents and of states, so that each try starts clean."""

    make: Callable[[], BaseAgent[Any]]
    state: Callable[[], PipelineState]
    first: int
    """Number of the first attempt; above 1 when a worker died during an earlier one."""
    limits: Limits
    on_start: Callable[[int], None]
    on_retry: Callable[[AgentFailure, int, float], None]
    limit: Callable[[float], asyncio.Timeout] = asyncio.timeout
    """Makes the limit of one try from its seconds."""
    repeatable: bool = True
    """False: nothing but the agent's own word that it did nothing allows another try."""


@dataclass(frozen=True, slots=True)
class AttemptOutcome:
    """What came of it: a state, a failure, or a condition that is not met yet."""

    attempts: int
    runtime_ms: float
    """Working time of all attempts, pauses left out."""
    state: PipelineState | None = None
    failure: AgentFailure | None = None
    not_met: TriggerNotMet | None = None


async def attempt_node(attempt: Attempt) -> AttemptOutcome:
    """Try until success, a final failure, or `limits.attempts` failures that may be retried."""
    number, worked_ms = attempt.first, 0.0
    while True:
        attempt.on_start(number)
        started = time.perf_counter()
        state, failure, not_met = await _try_once(attempt)
        worked_ms += (time.perf_counter() - started) * 1000
        if failure is None or not failure.retryable or number >= attempt.limits.attempts:
            return AttemptOutcome(number, worked_ms, state, failure, not_met)
        delay_s = max(attempt.limits.delay_s(number), failure.retry_after_s or 0.0)
        delay_s = min(delay_s, max(attempt.limits.retry_cap_s, attempt.limits.retry_base_s))
        attempt.on_retry(failure, number, delay_s)
        await asyncio.sleep(delay_s)
        number += 1


async def _try_once(
    attempt: Attempt,
) -> tuple[PipelineState | None, AgentFailure | None, TriggerNotMet | None]:
    limit = attempt.limit(attempt.limits.node_s)
    try:
        async with limit:
            return await _call(attempt.make(), attempt.state()), None, None
    except TriggerNotMet as not_met:
        return None, None, not_met
    except AgentFailure as error:
        return None, _late(attempt, limit) or error, None
    except KuberError as error:
        passing = error.kind in (ErrorKind.UNAVAILABLE, ErrorKind.RATE_LIMITED)
        failure = AgentFailure(
            error.code,
            error.detail,
            retryable=passing and attempt.repeatable,
            retry_after_s=error.retry_after_s,
            remedy=error.problems[0].remedy if error.problems else None,
        )
        return None, failure, None
    except (Exception, SystemExit) as error:
        late = _late(attempt, limit)
        if late is None:
            log.exception("agent_crashed")
        crash = AgentFailure("agent_crashed", f"{type(error).__name__}: {error}")
        return None, late or crash, None


def _late(attempt: Attempt, limit: asyncio.Timeout) -> AgentFailure | None:
    """Return the failure of a node that was stopped at its time limit, whatever it made of it."""
    if not limit.expired():
        return None
    return AgentFailure("node_timeout", f"It took longer than {attempt.limits.node_s:g} s.")


async def _call(agent: BaseAgent[Any], state: PipelineState) -> PipelineState:
    """Call `process`, plain or async; a plain one runs in a thread, so that others go on."""
    if inspect.iscoroutinefunction(agent.process):
        result = await agent.process(state)
    else:
        result = await asyncio.to_thread(agent.process, state)
        if inspect.isawaitable(result):
            result = await result
    if not isinstance(result, PipelineState):
        raise AgentFailure("no_state", "The agent did not return a PipelineState.")
    return result
