"""Runs as the API takes and shows them; the API's word for a run is execution."""

from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, JsonValue

from kuber.agents.state import TradeStatus
from kuber.kernel.wire import DecimalText, Instant
from kuber.pipelines.types import Graph, Mode
from kuber.runs.types import NodeStatus, RunStatus, WaitsFor

Symbol = Annotated[str, Field(min_length=1, max_length=32)]


class RunBody(BaseModel):
    """What to run on. `as_of` is the simulated now; without it the newest data count.

    `draft` runs the draft, else the published version runs; with `revision`, either runs only while
    that is the draft's newest revision.
    """

    model_config = ConfigDict(extra="forbid")

    symbol: Symbol | None = None
    symbols: Annotated[list[Symbol], Field(max_length=50)] | None = None
    as_of: Instant | None = None
    seed: Annotated[int, Field(ge=0, lt=2**63)] | None = None
    draft: bool = False
    revision: Annotated[int, Field(ge=1, lt=2**31)] | None = None


class RerunBody(BaseModel):
    """From which node on to run again; earlier nodes keep their recorded results."""

    model_config = ConfigDict(extra="forbid")

    from_node: Annotated[str, Field(max_length=100)] | None = None


class RunAccepted(BaseModel):
    execution_id: UUID
    status: RunStatus


class TokensOut(BaseModel):
    input: int
    output: int


class NodeRunOut(BaseModel):
    """What one node did; `input` and `output` are sections of the state by name."""

    node_id: str
    agent_type: str
    name: str
    status: NodeStatus
    attempts: int
    started_at: datetime | None
    finished_at: datetime | None
    runtime_ms: float | None
    cost: DecimalText
    input: dict[str, JsonValue] | None
    output: dict[str, JsonValue] | None
    port: str | None
    reasoning: str | None
    error: str | None
    tokens: TokensOut | None
    engine: Literal["rules", "llm"] | None
    wake_at: datetime | None
    waits_for: WaitsFor | None


class TradeFillOut(BaseModel):
    time: datetime
    quantity: str
    price: str
    commission: str


class TradeOut(BaseModel):
    """The order that the run placed and what became of it."""

    action: Literal["buy", "sell"]
    symbol: str
    quantity: str
    entry_price: str
    stop_loss: str
    targets: list[str]
    fills: list[TradeFillOut]
    status: TradeStatus
    reason: str
    estimated: bool = False
    """No exchange filled it: the price is the last one known, moved by slippage."""


class ReportOut(BaseModel):
    title: str
    markdown: str


class RunErrorOut(BaseModel):
    code: str
    message: str
    node_id: str | None = None
    remedy: str | None = None


StartedBy = Literal["manual", "schedule", "signal"]


class RunDataOut(BaseModel):
    """Where the run's prices came from."""

    source: str
    simulated: bool
    last_bar_at: datetime | None


class ExecutionOut(BaseModel):
    """One run in full. `nodes` in topological order, the pipeline manager first."""

    id: UUID
    pipeline_id: UUID
    pipeline_name: str
    pipeline_deleted: bool
    """Its pipeline was deleted: the run can be read, and not run again."""
    pipeline_version: int | None
    """Null when the draft ran."""
    mode: Mode
    symbol: str
    symbols: list[str]
    status: RunStatus
    cost: DecimalText
    seed: int
    as_of: datetime
    real_time: bool
    """False when `as_of` was chosen: the run trades in a scratch account, by estimate."""
    created_at: datetime
    started_at: datetime | None
    finished_at: datetime | None
    wake_at: datetime | None
    waits_for: WaitsFor | None
    """While it waits, for what; `outcome` says it in words, `wake_at` until when."""
    correlation_id: str
    rerun_of: UUID | None
    started_by: StartedBy
    signal_id: UUID | None
    last_sequence: int
    outcome: str | None
    graph: Graph
    nodes: list[NodeRunOut]
    trade: TradeOut | None
    report: ReportOut | None
    error: RunErrorOut | None
    data: RunDataOut | None


class ExecutionSummary(BaseModel):
    """A row of the run history."""

    id: UUID
    pipeline_id: UUID
    pipeline_name: str
    pipeline_deleted: bool
    """Its pipeline was deleted: the run can be read, and not run again."""
    pipeline_version: int | None
    """Null when the draft ran."""
    mode: Mode
    symbol: str
    status: RunStatus
    cost: DecimalText
    as_of: datetime
    created_at: datetime
    started_at: datetime | None
    finished_at: datetime | None
    duration_ms: float | None
    outcome: str | None
    wake_at: datetime | None
    waits_for: WaitsFor | None
    error: str | None
    started_by: StartedBy


class ExecutionList(BaseModel):
    items: list[ExecutionSummary]
    next_cursor: str | None


class PipelineHistory(BaseModel):
    """What hangs on the runs of a pipeline; `cost` in USD.

    `orders` and `fills` count exits, too. `open_positions` stay open, and managed, when it is
    deleted.
    `kept`: when the pipeline is deleted, its name, runs, orders, fills and costs can still be read.
    """

    runs: int
    orders: int
    fills: int
    open_positions: int
    cost: DecimalText
    kept: bool
