"""Agents of a separate package that do as a test tells them; found by entry point.

What a node did is written down in a file, one line for each call, so that tests can count across
worker processes.
"""

import asyncio
import time
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Literal

from pydantic import Field

from kuber.agents.base import (
    AgentConfig,
    AgentFailure,
    AgentMetadata,
    BaseAgent,
    Category,
    TriggerNotMet,
)
from kuber.agents.effects import Reads, recorded
from kuber.agents.state import PipelineState, TriggerCondition


class StepConfig(AgentConfig):
    """How the step behaves."""

    path: str = ""
    """File that gets one line for each call."""
    seconds: float = Field(0, ge=0)
    until: str = ""
    """File that the step waits for."""
    plain: bool = False
    """Sleep in a plain function, which runs in a thread."""
    failures: int = Field(0, ge=0)
    """Calls that fail before one works, counted in the file."""
    retryable: bool = True
    does: Literal["nothing", "crash", "exit", "not_a_state", "bad_text", "nan", "spend"] = "nothing"


def calls(path: str) -> int:
    """Return how often a node with this file was called."""
    file = Path(path)
    return len(file.read_text().splitlines()) if path and file.exists() else 0


class Step(BaseAgent[StepConfig]):
    """Waits, fails or misbehaves."""

    metadata = AgentMetadata(
        agent_type="test_step",
        name="Test step",
        description="Does as a test tells it.",
        category=Category.ANALYSIS,
        icon="science",
        price_per_hour=Decimal("3.60"),
        effects=recorded(Reads.CLOCK, Reads.OUTSIDE),
    )
    Config = StepConfig

    async def process(self, state: PipelineState) -> PipelineState:
        number = self._count()
        while not self._may_go_on():
            await self._sleep(0.02)
        await self._sleep(self.config.seconds)
        if number <= self.config.failures:
            raise AgentFailure("not_yet", f"Call {number} fails.", retryable=self.config.retryable)
        return self._misbehave(state)

    def _may_go_on(self) -> bool:
        return not self.config.until or Path(self.config.until).exists()

    async def _sleep(self, seconds: float) -> None:
        if self.config.plain:
            await asyncio.to_thread(time.sleep, seconds)
        else:
            await asyncio.sleep(seconds)

    def _count(self) -> int:
        if not self.config.path:
            return 1
        with Path(self.config.path).open("a") as file:
            file.write(f"{self.context.run_id} {self.context.node_id}\n")
        return calls(self.config.path)

    def _misbehave(self, state: PipelineState) -> PipelineState:
        match self.config.does:
            case "crash":
                raise ZeroDivisionError("one over nothing")
            case "exit":
                raise SystemExit(3)
            case "not_a_state":
                return None  # type: ignore[return-value]
            case "bad_text":
                state.extra["note"] = "a\x00b"
            case "nan":
                state.extra["note"] = float("nan")  # type: ignore[assignment]
            case "spend":
                self.context.usage.token_cost += Decimal("1.50")
        self.say(state, f"Done by {self.context.node_id}.")
        return state


class Act(Step):
    """Acts on the outside without a key, and says nothing of it."""

    metadata = AgentMetadata(
        agent_type="test_act",
        name="Test act",
        description="Acts as a test tells it.",
        category=Category.ANALYSIS,
        icon="science",
    )


class GateConfig(AgentConfig):
    """When the gate opens."""

    path: str
    """The gate is open while this file exists."""
    again_s: float = 0.5


class Gate(BaseAgent[GateConfig]):
    """A trigger that waits for a file."""

    metadata = AgentMetadata(
        agent_type="test_gate",
        name="Test gate",
        description="Waits for a file.",
        category=Category.TRIGGER,
        icon="science",
        price_per_hour=Decimal("3.60"),
        outputs=("trigger",),
        effects=recorded(Reads.CLOCK, Reads.OUTSIDE),
    )
    Config = GateConfig

    def process(self, state: PipelineState) -> PipelineState:
        if not Path(self.config.path).exists():
            again = self.context.clock.now() + timedelta(seconds=self.config.again_s)
            raise TriggerNotMet("The gate is shut.", wake_at=again)
        state.trigger = TriggerCondition(kind="gate", met=True, detail="The gate is open.")
        return state
