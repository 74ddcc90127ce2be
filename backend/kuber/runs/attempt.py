"""One node, tried until it works, fails for good or has to wait."""

import asyncio
import inspect
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

import structlog

from kuber.agents.base import (
    AgentFailure,
    BaseAgent,
    HostUnavailable,
    NodeUsage,
    ServiceFailure,
    TriggerNotMet,
)
from kuber.agents.state import PipelineState
from kuber.infra.breakers import BreakerOpen
from kuber.infra.outages import database_away
from kuber.kernel.backoff import Backoff
from kuber.kernel.clock import Clock
from kuber.kernel.errors import ErrorKind, KuberError
from kuber.runs.foreign import cleaned, crash, is_cancelled, unmet
from kuber.runs.types import WaitsFor

log = structlog.get_logger(__name__)

LONGEST_SLEEP_S = 2.0
"""A node sleeps through a shorter delay; for a longer one its run gives up its claim."""
_ASK_DATABASE_AGAIN_S = 1.0


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
    """Number of the first attempt; above 1 after a pause, or when a worker died meanwhile."""
    limits: Limits
    clock: Clock
    usage: NodeUsage
    """The meter that the agents of all tries add to."""
    look_again: Callable[[TriggerNotMet], datetime]
    """Says when a trigger that is not met is asked again."""
    on_start: Callable[[int], None]
    on_retry: Callable[[AgentFailure, int, float], None]
    limit: Callable[[float], asyncio.Timeout] = asyncio.timeout
    """Makes the limit of one try from its seconds."""
    began_at: datetime | None = None
    """When the node was tried first, in an earlier claim."""
    clock_goes_on: bool = True
    """False in a run of a chosen moment: a trigger that is not met waits for nothing."""
    repeatable: bool = True
    """False: nothing but the agent's own word that it did nothing allows another try. The failure
    of a service that it used is no such word: it may have acted before."""


@dataclass(frozen=True, slots=True)
class Pause:
    """The node goes on at `wake_at`, in a later claim; until then it holds nothing.

    `attempts` are those that count so far: not one that met an unmet trigger, nor one that a
    breaker refused before it had used anything. `usage` is what all of this claim used up.
    """

    wake_at: datetime
    waits_for: WaitsFor
    reason: str
    attempts: int
    usage: NodeUsage
    failure: AgentFailure | None = None
    """Of the last attempt; None of a trigger."""


@dataclass(frozen=True, slots=True)
class AttemptOutcome:
    """What came of it: a state, a failure for good, or a pause."""

    attempts: int
    runtime_ms: float
    """Working time of all attempts in this claim."""
    state: PipelineState | None = None
    failure: AgentFailure | None = None
    pause: Pause | None = None
    not_met: str | None = None
    """Why a trigger is not met in a run whose clock stands still, and so never will be."""


async def attempt_node(attempt: Attempt) -> AttemptOutcome:
    """Try until success, a failure for good, or a pause of more than `LONGEST_SLEEP_S`.

    A failure is for good when trying again does not help, or after `limits.attempts` of them.
    """
    number, worked_ms = attempt.first, 0.0
    began_at = attempt.began_at or attempt.clock.now()
    while True:
        attempt.on_start(number)
        started, used = time.perf_counter(), replace(attempt.usage)
        tried = await _try_once(attempt)
        worked_ms += (time.perf_counter() - started) * 1000
        if isinstance(tried, PipelineState):
            return AttemptOutcome(number, worked_ms, state=tried)
        if isinstance(tried, TriggerNotMet) and not attempt.clock_goes_on:
            return AttemptOutcome(number, worked_ms, not_met=tried.reason)
        if isinstance(tried, TriggerNotMet):
            wake_at = attempt.look_again(tried)
            unmet = _pause(attempt, number - 1, wake_at, WaitsFor.TRIGGER, tried.reason)
            return AttemptOutcome(number, worked_ms, pause=unmet)
        now = attempt.clock.now()
        if isinstance(tried, ServiceFailure) and not attempt.repeatable:
            pause = None
        elif isinstance(tried, HostUnavailable):
            counted = number if attempt.usage != used else number - 1
            pause = _pause_for_host(attempt, tried, counted, began_at)
        else:
            pause = _pause_to_retry(attempt, tried, number, now)
        if pause is None:
            return AttemptOutcome(number, worked_ms, failure=tried)
        delay_s = max(0.0, (pause.wake_at - now).total_seconds())
        attempt.on_retry(tried, number, delay_s)
        if delay_s > LONGEST_SLEEP_S:
            return AttemptOutcome(number, worked_ms, pause=pause)
        await asyncio.sleep(delay_s)
        number = pause.attempts + 1


def _pause_to_retry(
    attempt: Attempt, failure: AgentFailure, number: int, now: datetime
) -> Pause | None:
    """Return the pause after failed attempt `number`, None when the failure is for good."""
    limits = attempt.limits
    if not failure.retryable or number >= limits.attempts:
        return None
    asked_s = min(failure.retry_after_s or 0.0, limits.retry_cap_s)
    delay_s = max(limits.delay_s(number), asked_s)
    wake_at = now + timedelta(seconds=delay_s)
    return _pause(attempt, number, wake_at, WaitsFor.RETRY, failure.message, failure)


def _pause_for_host(
    attempt: Attempt, refused: HostUnavailable, counted: int, began_at: datetime
) -> Pause | None:
    """Return the pause until a host may be asked again, None once `counted` attempts are enough.

    A host keeps a node no longer than a run may take: the run's prices grow old.
    """
    waited_s = (refused.until - began_at).total_seconds()
    if counted >= attempt.limits.attempts or waited_s > attempt.limits.run_s:
        return None
    reason = f"Waits for {refused.host}."
    return _pause(attempt, counted, refused.until, WaitsFor.BREAKER, reason, refused)


def _pause(
    attempt: Attempt,
    counted: int,
    wake_at: datetime,
    waits_for: WaitsFor,
    reason: str,
    failure: AgentFailure | None = None,
) -> Pause:
    return Pause(wake_at, waits_for, reason, counted, replace(attempt.usage), failure)


async def _try_once(attempt: Attempt) -> PipelineState | AgentFailure | TriggerNotMet:
    limit = attempt.limit(attempt.limits.node_s)
    try:
        async with limit:
            return await _call(attempt.make(), attempt.state())
    except TriggerNotMet as not_met:
        return unmet(not_met, attempt.clock.now())
    except AgentFailure as error:
        if error.retryable and not limit.expired() and database_away(error):
            return _without_database(attempt, error)
        return _late(attempt, limit) or cleaned(error)
    except KuberError as error:
        return _without_service(attempt, error)
    except BaseException as error:
        if isinstance(error, asyncio.CancelledError) and is_cancelled():
            raise
        late = _late(attempt, limit)
        if late is None and database_away(error):
            return _without_database(attempt, error)
        if late is None:
            log.exception("agent_crashed")
        return late or crash(error)


def _without_service(attempt: Attempt, error: KuberError) -> ServiceFailure:
    """Return what an expected error of a service that Kuber lends means for the node."""
    opened = error if isinstance(error, BreakerOpen) else error.__cause__
    if isinstance(opened, BreakerOpen):
        return HostUnavailable(opened.host, opened.until)
    if database_away(error):
        return _without_database(attempt, error)
    passing = error.kind in (ErrorKind.UNAVAILABLE, ErrorKind.RATE_LIMITED)
    return ServiceFailure(
        error.code,
        error.detail,
        retryable=passing,
        retry_after_s=error.retry_after_s,
        remedy=error.remedy or None,
    )


def _without_database(attempt: Attempt, error: BaseException) -> HostUnavailable:
    log.warning("database_away", reason=str(error))
    until = attempt.clock.now() + timedelta(seconds=_ASK_DATABASE_AGAIN_S)
    return HostUnavailable("PostgreSQL", until)


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
