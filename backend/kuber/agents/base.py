"""The contract between Kuber and every agent, built in or from a plug-in."""

from abc import ABC, abstractmethod
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from typing import Any, ClassVar, Generic, TypeVar

from pydantic import BaseModel, ConfigDict

from kuber.agents.chat import ChatModel
from kuber.agents.effects import Effects
from kuber.agents.ports import Budget, Desk
from kuber.agents.state import PipelineState
from kuber.agents.usage import NodeUsage as NodeUsage  # noqa: PLC0414 - part of the contract
from kuber.kernel.clock import Clock
from kuber.kernel.ids import RunId, UserId
from kuber.kernel.json_schema import inline_definitions
from kuber.kernel.setting_problems import SettingFault as SettingFault  # noqa: PLC0414 for agents
from kuber.market.types import MarketData, Timeframe


class Category(StrEnum):
    TRIGGER = "trigger"
    DATA = "data"
    ANALYSIS = "analysis"
    RISK = "risk"
    EXECUTION = "execution"
    REPORTING = "reporting"
    FLOW = "flow"
    SYSTEM = "system"


@dataclass(frozen=True, slots=True)
class Port:
    """A named way out of a node."""

    name: str
    label: str


DEFAULT_PORT = Port("out", "Out")
ERROR_PORT = "error"
"""Every node has this port too: its edges are taken when the node fails."""


@dataclass(frozen=True, slots=True)
class TokenEstimate:
    """Tokens that one run of the agent is expected to use."""

    input: int
    output: int


class AgentConfig(BaseModel):
    """Base of every agent's settings; its JSON Schema draws the form in the browser.

    Keywords beyond JSON Schema, set with `json_schema_extra`: on the class `x-summary`, a template
    such as `"{method}, {timeframe}"` for the card's one line; on a field `x-enum-labels`,
    `x-group`, `x-unit`, `x-widget` (`slider`, `symbol`, `code`, `chips`), `x-advanced`, and
    `x-show-when` (`{"field": name, "in": [values]}`: shown only while that field has one of them).
    """

    model_config = ConfigDict(frozen=True, extra="forbid")


class NoSettings(AgentConfig):
    """Nothing to set."""


@dataclass(frozen=True, slots=True)
class AgentMetadata:
    """What the palette, the forms, the quote and the docs know of an agent.

    `price_per_hour` is in USD; `inputs` and `outputs` name sections of `PipelineState`.
    """

    agent_type: str
    name: str
    description: str
    category: Category
    icon: str
    """A Material Symbols name."""
    version: str = "1.0.0"
    price_per_hour: Decimal = Decimal(0)
    per_symbol: bool = False
    uses_llm: bool = False
    expected_tokens: TokenEstimate | None = None
    inputs: tuple[str, ...] = ()
    outputs: tuple[str, ...] = ()
    ports: tuple[Port, ...] = (DEFAULT_PORT,)
    effects: Effects | None = None
    """What the agent reads and whether its work may be repeated; None: it must never be."""


@dataclass(frozen=True, slots=True)
class Step:
    """A node of the run's pipeline, as people know it."""

    node_id: str
    name: str


@dataclass(frozen=True, slots=True)
class AgentContext:
    """Everything an agent may touch besides its state and settings."""

    node_id: str
    run_id: RunId
    user_id: UserId
    as_of: datetime
    seed: int
    """Derived from the run's seed and the node id: equal runs draw equal numbers."""
    clock: Clock
    market: MarketData
    timeframes: tuple[Timeframe, ...]
    """What all nodes of the pipeline need; the market data agent loads these."""
    llm: ChatModel | None = None
    """None when no model is configured: agents then use their rule engine and say so."""
    trade_desk: Desk | None = None
    """Only execution and risk agents receive it."""
    budget: Budget | None = None
    """Only system agents receive it."""
    usage: NodeUsage = field(default_factory=NodeUsage)
    choose_port: "Callable[[str], None]" = field(default=lambda port: None)
    """Called by an agent with several ports to say which way its run goes on."""
    steps: tuple[Step, ...] = ()
    """All nodes of the pipeline in the order in which they run."""
    real_time: bool = True
    """False when `as_of` was given: the run's clock stands still."""
    started_by: str = "manual"
    """manual, schedule or signal."""
    woken_for: datetime | None = None
    """The time that a trigger gave for its next look, when this is that look; it may have passed
    by a little."""


class TriggerNotMet(Exception):
    """A trigger's condition does not hold yet; the run waits, free of charge, and is tried again.

    `wake_at` is when to look again; None leaves it to the scheduler's backoff.
    """

    def __init__(self, reason: str, wake_at: datetime | None = None) -> None:
        super().__init__(reason)
        self.reason = reason
        self.wake_at = wake_at


class AgentFailure(Exception):
    """An agent could not do its work.

    `retryable` failures (a time-out, a refused connection) are tried again with backoff, not
    before `retry_after_s` seconds where the other side asked for that. `remedy` tells the user
    what to do about it.
    """

    def __init__(
        self,
        code: str,
        message: str,
        *,
        retryable: bool = False,
        retry_after_s: float | None = None,
        remedy: str | None = None,
    ) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.retryable = retryable
        self.retry_after_s = retry_after_s
        self.remedy = remedy


class ServiceFailure(AgentFailure):
    """A service that Kuber gives to agents failed: the language model, or market data."""


class HostUnavailable(ServiceFailure):
    """A host outside is not asked before `until`, since its last calls failed; the run waits."""

    def __init__(self, host: str, until: datetime) -> None:
        super().__init__(
            "host_unavailable",
            f"{host} does not answer: its last calls failed.",
            retryable=True,
            remedy=f"Look whether {host} works, run again later.",
        )
        self.host = host
        self.until = until


C = TypeVar("C", bound=AgentConfig)


class BaseAgent(ABC, Generic[C]):
    """One step of a pipeline. A fresh instance is made for each node of each run.

    Subclasses set `metadata` and `Config` and write `process`, plain or `async`.
    """

    metadata: ClassVar[AgentMetadata]
    Config: ClassVar[type[AgentConfig]] = NoSettings

    def __init__(self, config: C, context: AgentContext) -> None:
        self.config = config
        self.context = context

    @classmethod
    def timeframes(cls, config: AgentConfig) -> tuple[Timeframe, ...]:
        """Return the timeframes this node needs from the market data agent."""
        return ()

    @classmethod
    def required_inputs(cls, config: AgentConfig) -> tuple[str, ...]:
        """Return the state sections that a node with these settings reads."""
        return cls.metadata.inputs

    @classmethod
    def config_schema(cls) -> dict[str, Any]:
        """Return the JSON Schema (2020-12) of the settings, without references."""
        return inline_definitions(cls.Config.model_json_schema())

    def say(self, state: PipelineState, markdown: str) -> None:
        """Record what this node has to say, for the run page and the report."""
        state.reasoning = {**state.reasoning, self.context.node_id: markdown}

    @abstractmethod
    def process(self, state: PipelineState) -> PipelineState | Awaitable[PipelineState]:
        """Do the work and return the new state; raises TriggerNotMet or AgentFailure.

        `state` is the node's own copy: replace sections (`state.model_copy(update=...)` or
        assignment); the sections themselves are frozen.
        """
