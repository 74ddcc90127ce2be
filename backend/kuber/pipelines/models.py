"""Pipelines and their versions. Private to this package."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import BigInteger, ForeignKey, Index, String, Text, text
from sqlalchemy.orm import Mapped, mapped_column

from kuber.infra.db import Base, JsonObject, JsonText


class PipelineRow(Base):
    """A pipeline as it stands now; `revision` grows with every save, `version` with the graph.

    Graph and problems are loaded only when they are asked for: lists never do.
    """

    __tablename__ = "pipelines"
    __table_args__ = (
        Index(None, "user_id", "updated_at"),
        Index("ix_pipelines_scanner", text("(trigger ->> 'scanner_id')")),
        Index("ix_pipelines_due", "next_run_at", postgresql_where=text("next_run_at is not null")),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    user_id: Mapped[UUID] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"))
    name: Mapped[str] = mapped_column(String(120))
    graph: Mapped[bytes] = mapped_column(JsonText, deferred=True, deferred_raiseload=True)
    node_count: Mapped[int] = mapped_column(server_default="0")
    problems: Mapped[bytes] = mapped_column(
        JsonText, server_default=text("'[]'"), deferred=True, deferred_raiseload=True
    )
    """The first problems of the graph."""
    problem_count: Mapped[int] = mapped_column(server_default="0")
    checked_with: Mapped[str] = mapped_column(Text, server_default="")
    """What found the problems, see `GraphChecks.checker`; anything else: not checked yet."""
    mode: Mapped[str] = mapped_column(String(12))
    trigger: Mapped[JsonObject]
    status: Mapped[str] = mapped_column(String(12))
    revision: Mapped[int]
    version: Mapped[int]
    created_at: Mapped[datetime] = mapped_column(server_default=text("now()"))
    updated_at: Mapped[datetime]
    next_run_at: Mapped[datetime | None]
    """When the scheduler starts it next; None unless it is active and periodic."""
    stored_bytes: Mapped[int] = mapped_column(BigInteger, server_default="0")
    """What its graph and all its versions take up, measured with each new version."""
    deleted_at: Mapped[datetime | None]
    """When its owner deleted it; the row stays because orders or costs hang on its runs."""
    last_skip: Mapped[JsonObject | None]
    """The last time the schedule was due and no run was started: `{at, reason, detail}`."""


class PipelineVersionRow(Base):
    """One graph that a pipeline had; never changed."""

    __tablename__ = "pipeline_versions"

    pipeline_id: Mapped[UUID] = mapped_column(
        ForeignKey("pipelines.id", ondelete="CASCADE"), primary_key=True
    )
    version: Mapped[int] = mapped_column(primary_key=True)
    graph: Mapped[bytes] = mapped_column(JsonText, deferred=True, deferred_raiseload=True)
    node_count: Mapped[int] = mapped_column(server_default="0")
    created_at: Mapped[datetime]
