"""PipelineState: what one agent hands to the next.

Sections are frozen models: an agent replaces a section, it never edits one in place. Bars stay
outside the state; `market_data` says which bars a run may read.
"""

from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from typing import Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from kuber.kernel.wire import DecimalText
from kuber.market.types import Timeframe

STATE_VERSION = 1

Price = DecimalText
"""A price or an amount of money: a plain decimal string in JSON, never in exponent form."""

Engine = Literal["rules", "llm"]

TradeStatus = Literal[
    "submitted",
    "working",
    "partially_filled",
    "filled",
    "cancelled",
    "rejected",
    "expired",
    "validated",
]
"""How a trade stood when its run had its answer. What was filled in part is `partially_filled`
whether the rest still waits or not; `cancelled` and `expired` ended with nothing filled."""


class Section(BaseModel):
    """Base of every part of the state."""

    # NaN and infinity as themselves, not as null: whoever stores a state refuses them.
    model_config = ConfigDict(frozen=True, extra="forbid", ser_json_inf_nan="constants")


class Direction(StrEnum):
    BULLISH = "BULLISH"
    BEARISH = "BEARISH"
    NEUTRAL = "NEUTRAL"


class Action(StrEnum):
    BUY = "BUY"
    SELL = "SELL"
    HOLD = "HOLD"


class TriggerCondition(Section):
    """Why the run went ahead."""

    kind: str
    met: bool
    detail: str


class Frame(Section):
    """One timeframe of one instrument that this run may read."""

    count: int
    first_at: datetime
    """Opening time of the oldest bar."""
    last_at: datetime
    """Closing time of the newest bar, never after the run's `as_of`."""
    last_close: Price
    dataset: str
    """Where the bars come from: `imported`, `sample`, `simulated`, `alpaca`."""
    version: str = ""
    """Which version of them the whole run reads; empty where the source keeps none."""


class MarketSnapshot(Section):
    symbol: str
    as_of: datetime
    price: Price
    """Close of the newest bar of the primary timeframe."""
    currency: str
    source: str
    simulated: bool
    frames: dict[Timeframe, Frame]
    price_tick: Price = Decimal("0.01")
    """The smallest step of a price; plans are rounded to it."""
    quantity_step: Price = Decimal(1)
    """The smallest step of a quantity: 1 where only whole shares are traded."""
    shortable: bool | None = None
    """False where the user said that it cannot be sold short; None where nobody said."""


class TimeframeBias(Section):
    direction: Direction
    score: float
    """From -100 (all evidence bearish) to 100 (all bullish)."""
    facts: dict[str, float | str]


class BiasSignal(Section):
    direction: Direction
    confidence: float
    """0 to 100."""
    timeframes: dict[Timeframe, TimeframeBias]
    reasoning: str
    engine: Engine


class StrategyPlan(Section):
    """A full plan. Prices are set unless the action is HOLD."""

    action: Action
    timeframe: Timeframe
    entry: Price | None = None
    stop_loss: Price | None = None
    target_1: Price | None = None
    target_2: Price | None = None
    confidence: float
    """0 to 100."""
    reasoning: str
    indicators: dict[str, float]
    engine: Engine


class RiskCheck(Section):
    name: str
    passed: bool
    detail: str


class RiskDecision(Section):
    approved: bool
    quantity: Price
    """Units to trade; zero when not approved."""
    risk_amount: Price
    """Loss if the stop is hit, in the account's currency."""
    position_value: Price
    checks: tuple[RiskCheck, ...]
    reasoning: str
    engine: Engine


class TradeFill(Section):
    time: datetime
    quantity: Price
    price: Price
    commission: Price


class TradeExecution(Section):
    """What the venue had done when it acknowledged the order; later fills are the order's alone.

    Absent from the state when the plan was not to trade.
    """

    action: Literal["buy", "sell"]
    symbol: str
    quantity: Price
    entry_price: Price
    """Average fill price, or the planned entry when nothing was filled."""
    stop_loss: Price
    targets: tuple[Price, ...]
    fills: tuple[TradeFill, ...]
    status: TradeStatus
    reason: str
    estimated: bool = False
    """No exchange filled it: the price is the last one known, moved by slippage."""


class Report(Section):
    title: str
    markdown: str


class NodeError(Section):
    node_id: str
    code: str
    message: str


class NodeUse(Section):
    """What one node took, all its attempts together."""

    runtime_ms: float
    input_tokens: int
    output_tokens: int
    cost: Price
    """USD."""


class PipelineState(BaseModel):
    """The data object of one run. Serialisable; `version` grows with incompatible changes."""

    model_config = ConfigDict(extra="forbid")

    version: int = STATE_VERSION
    pipeline_id: UUID
    execution_id: UUID
    user_id: UUID
    correlation_id: str
    mode: Literal["live", "paper", "simulation", "validation"]
    symbol: str
    symbols: tuple[str, ...]
    as_of: datetime
    """The run's simulated now: no agent sees a bar that closed after it."""
    seed: int
    timeframes: tuple[Timeframe, ...] = ()
    """Every timeframe that a node of the run needs, finest first."""
    primary_timeframe: Timeframe | None = None

    trigger: TriggerCondition | None = None
    market_data: MarketSnapshot | None = None
    bias: BiasSignal | None = None
    strategy: StrategyPlan | None = None
    risk: RiskDecision | None = None
    trade: TradeExecution | None = None
    report: Report | None = None

    plans: dict[str, StrategyPlan] = Field(default_factory=dict)
    """Each strategy node's own plan by node id, so that a join can weigh them."""
    biases: dict[str, BiasSignal] = Field(default_factory=dict)
    """Each bias node's own reading by node id."""
    reasoning: dict[str, str] = Field(default_factory=dict)
    """What each node said, by node id, Markdown."""
    extra: dict[str, str] = Field(default_factory=dict)
    """Free text that third-party agents hand on, by a key of their own."""
    errors: tuple[NodeError, ...] = ()

    usage: dict[str, NodeUse] = Field(default_factory=dict)
    """What each settled node took, by node id. Agents see it empty, and `cost` as zero: they shall
    decide alike however long others took."""
    cost: Price = Decimal(0)
    """Of all nodes so far, in USD."""


SECTIONS = ("trigger", "market_data", "bias", "strategy", "risk", "trade", "report")
"""The section names that agents declare as inputs and outputs."""
