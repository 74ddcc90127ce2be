"""Runs, their nodes and their events. Private to this package."""

from datetime import datetime
from decimal import Decimal
from uuid import UUID

from sqlalchemy import BigInteger, ForeignKey, Index, SmallInteger, String, Text, text
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlalchemy.orm import Mapped, mapped_column

from kuber.infra.db import MONEY, Base, JsonObject

ACTIVE = "status in ('pending', 'running', 'waiting')"
QUEUED = "status in ('pending', 'waiting')"
"""What waits for a worker, or for a time after which it waits for a worker again."""


class RunRow(Base):
    """One run; the API calls it an execution. Also the queue: workers claim pending rows.

    A claim raises `claim_epoch`; whoever wrote under an older epoch has lost the run.
    """

    __tablename__ = "runs"
    __table_args__ = (
        Index(
            "uq_runs_active_pipeline_symbol",
            "pipeline_id",
            "symbol",
            unique=True,
            postgresql_where=text(ACTIVE),
        ),
        Index("ix_runs_queued", "user_id", postgresql_where=text(QUEUED)),
        Index(
            "ix_runs_pending",
            "user_id",
            text("(started_by <> 'manual')"),
            "id",
            postgresql_where=text("status = 'pending'"),
        ),
        Index("ix_runs_running", "lease_until", postgresql_where=text("status = 'running'")),
        Index("ix_runs_waiting", "wake_at", postgresql_where=text("status = 'waiting'")),
        Index(None, "user_id", "id"),
        Index(None, "user_id", "symbol", "id"),
        Index(None, "pipeline_id", "id"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    user_id: Mapped[UUID] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"))
    pipeline_id: Mapped[UUID] = mapped_column(ForeignKey("pipelines.id"))
    """No cascade: nothing deletes runs with their pipeline but `deleting`, which looks first."""
    graph_id: Mapped[UUID] = mapped_column(ForeignKey("pipeline_graphs.id"), index=True)
    """What it runs, to its end and whenever it is run again."""
    pipeline_version: Mapped[int | None]
    """None: a run of the draft."""
    parent_id: Mapped[UUID | None] = mapped_column(
        ForeignKey("runs.id", ondelete="CASCADE"), index=True
    )
    """The run of many symbols that this one is part of."""
    mode: Mapped[str] = mapped_column(String(12))
    symbol: Mapped[str] = mapped_column(String(32))
    symbols: Mapped[list[str]] = mapped_column(ARRAY(String(32)))
    as_of: Mapped[datetime]
    real_time: Mapped[bool]
    """True when `as_of` is the present and moves on while the run waits."""
    seed: Mapped[int] = mapped_column(BigInteger)
    seed_rule: Mapped[int] = mapped_column(SmallInteger, server_default="2")
    """How the seeds of its nodes follow from `seed`, see `seeds`."""
    correlation_id: Mapped[str] = mapped_column(String(64))
    traceparent: Mapped[str | None] = mapped_column(String(55))
    """The request's span (W3C), so that the run's spans continue its trace."""
    rerun_of: Mapped[UUID | None]
    started_by: Mapped[str] = mapped_column(String(12), server_default="manual")
    """manual, schedule or signal."""
    signal_id: Mapped[UUID | None]
    status: Mapped[str] = mapped_column(String(12))
    cost: Mapped[Decimal] = mapped_column(MONEY, server_default="0")
    claim_epoch: Mapped[int] = mapped_column(server_default="0")
    claimed_by: Mapped[str | None] = mapped_column(String(120))
    lease_until: Mapped[datetime | None]
    wake_at: Mapped[datetime | None]
    waits_for: Mapped[str | None] = mapped_column(String(12))
    """trigger, retry or breaker, while it waits."""
    wait_count: Mapped[int] = mapped_column(server_default="0")
    """How often it gave up its claim to wait, for whatever reason."""
    trigger_waits: Mapped[int] = mapped_column(server_default="0")
    cancel_requested: Mapped[bool] = mapped_column(server_default=text("false"))
    last_sequence: Mapped[int] = mapped_column(server_default="0")
    flushes: Mapped[int] = mapped_column(server_default="0")
    """How many batches of its worker are on record; each names its number, so none counts twice."""
    outcome: Mapped[str | None] = mapped_column(Text)
    error: Mapped[JsonObject | None]
    created_at: Mapped[datetime] = mapped_column(server_default=text("now()"))
    started_at: Mapped[datetime | None]
    finished_at: Mapped[datetime | None]


class NodeRunRow(Base):
    """What one node of one run did for one symbol; `changes` is what it changed in the state."""

    __tablename__ = "node_runs"

    run_id: Mapped[UUID] = mapped_column(
        ForeignKey("runs.id", ondelete="CASCADE"), primary_key=True
    )
    node_id: Mapped[str] = mapped_column(String(100), primary_key=True)
    symbol: Mapped[str] = mapped_column(String(32), primary_key=True)
    agent_type: Mapped[str] = mapped_column(String(100))
    status: Mapped[str] = mapped_column(String(12))
    attempts: Mapped[int]
    started_at: Mapped[datetime | None]
    finished_at: Mapped[datetime | None]
    runtime_ms: Mapped[float | None]
    cost: Mapped[Decimal] = mapped_column(MONEY, server_default="0")
    port: Mapped[str | None] = mapped_column(String(60))
    changes: Mapped[JsonObject | None]
    reasoning: Mapped[str | None] = mapped_column(Text)
    engine: Mapped[str | None] = mapped_column(String(8))
    input_tokens: Mapped[int] = mapped_column(server_default="0")
    output_tokens: Mapped[int] = mapped_column(server_default="0")
    error: Mapped[JsonObject | None]
    wake_at: Mapped[datetime | None]
    waits_for: Mapped[str | None] = mapped_column(String(12))


class RunEventRow(Base):
    """Events of one run that were recorded together, as clients see them, oldest first.

    Their numbers grow; gaps are allowed.
    """

    __tablename__ = "run_events"

    run_id: Mapped[UUID] = mapped_column(
        ForeignKey("runs.id", ondelete="CASCADE"), primary_key=True
    )
    sequence: Mapped[int] = mapped_column(primary_key=True)
    """Of the last of them."""
    events: Mapped[list[JsonObject]] = mapped_column(JSONB)
