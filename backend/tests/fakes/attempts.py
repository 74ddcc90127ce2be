"""Attempts of one node whose agent does what a test gives it, and what is told of them."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from typing import Any

import pytest

from kuber.agents.base import AgentMetadata, BaseAgent, Category, NodeUsage
from kuber.agents.state import PipelineState
from kuber.kernel.clock import FixedClock
from kuber.runs.attempt import Attempt, Limits
from tests.fakes.agents import harness

LIMITS = Limits(node_s=5, run_s=10, attempts=5, retry_base_s=1, retry_cap_s=60)
STATE = harness().state("ACME")
NOW = datetime(2026, 1, 5, 15, tzinfo=UTC)
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

    def attempt(
        self,
        work: Work,
        *,
        limits: Limits = LIMITS,
        first: int = 1,
        began_at: datetime | None = None,
        usage: NodeUsage | None = None,
    ) -> Attempt:
        def make() -> FakeAgent:
            self.made += 1
            return FakeAgent(work)

        return Attempt(
            make=make,
            state=STATE.model_copy,
            first=first,
            limits=limits,
            clock=FixedClock(NOW),
            usage=usage or NodeUsage(),
            look_again=lambda not_met: not_met.wake_at or NOW,
            began_at=began_at,
            on_start=self.started.append,
            on_retry=lambda failure, number, delay: self.retries.append(
                (failure.code, number, delay)
            ),
        )
