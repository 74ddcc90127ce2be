"""Pipelines, their graphs and their versions. Private to this package."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import (
    BigInteger,
    ForeignKey,
    Index,
    LargeBinary,
    String,
    Text,
    UniqueConstraint,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from kuber.infra.db import Base, JsonObject, JsonText

_TRIGGER = JSONB(none_as_null=True)


class PipelineRow(Base):
    """A pipeline: its draft, and what of it is published.

    Name, graph, problems and trigger are the draft's; `revision` grows with every save of it.
    `version` is the number of the newest published version, 0 when there is none. Graph and
    problems are loaded only when they are asked for: lists never do.
    """

    __tablename__ = "pipelines"
    __table_args__ = (
        Index(None, "user_id", "updated_at"),
        Index("ix_pipelines_scanner", text("(trigger ->> 'scanner_id')")),
        Index("ix_pipelines_published_scanner", text("(published_trigger ->> 'scanner_id')")),
        Index("ix_pipelines_due", "next_run_at", postgresql_where=text("next_run_at is not null")),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    user_id: Mapped[UUID] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"))
    name: Mapped[str] = mapped_column(String(120))
    graph: Mapped[bytes] = mapped_column(JsonText, deferred=True, deferred_raiseload=True)
    graph_digest: Mapped[bytes] = mapped_column(LargeBinary)
    """SHA-256 of the graph as PostgreSQL writes it, see `repository.digest_of`."""
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
    published_graph_id: Mapped[UUID | None] = mapped_column(
        ForeignKey("pipeline_graphs.id", use_alter=True), index=True
    )
    published_digest: Mapped[bytes | None] = mapped_column(LargeBinary)
    published_trigger: Mapped[JsonObject | None] = mapped_column(_TRIGGER)
    published_at: Mapped[datetime | None]
    published_checked_with: Mapped[str] = mapped_column(Text, server_default="")
    """What found no problem in the published graph last, see `GraphChecks.checker`."""
    created_at: Mapped[datetime] = mapped_column(server_default=text("now()"))
    updated_at: Mapped[datetime]
    next_run_at: Mapped[datetime | None]
    """When the scheduler starts it next; None unless it is active and periodic."""
    stored_bytes: Mapped[int] = mapped_column(BigInteger, server_default="0")
    """What its draft and all its graphs take up, measured when one of them changes."""
    deleted_at: Mapped[datetime | None]
    """When its owner deleted it; the row stays because orders or costs hang on its runs."""
    account_id: Mapped[UUID | None] = mapped_column(ForeignKey("accounts.id"), index=True)
    """In which lasting account its runs of the present trade; None: in its owner's first one."""
    last_skip: Mapped[JsonObject | None]
    """The last time the schedule was due and no run was started: `{at, reason, detail}`."""

    @property
    def published_version(self) -> int | None:
        """Return the number of the newest published version."""
        return self.version or None

    @property
    def draft_differs(self) -> bool:
        """Return whether publishing the draft would change what is published."""
        graph = self.graph_digest != self.published_digest
        return graph or self.trigger != self.published_trigger


class PipelineGraphRow(Base):
    """One graph that was published or run, never changed; equal graphs share one row."""

    __tablename__ = "pipeline_graphs"
    __table_args__ = (UniqueConstraint("pipeline_id", "digest"),)

    id: Mapped[UUID] = mapped_column(primary_key=True)
    pipeline_id: Mapped[UUID] = mapped_column(ForeignKey("pipelines.id", ondelete="CASCADE"))
    digest: Mapped[bytes] = mapped_column(LargeBinary)
    graph: Mapped[bytes] = mapped_column(JsonText, deferred=True, deferred_raiseload=True)
    node_count: Mapped[int]
    created_at: Mapped[datetime]


class PipelineVersionRow(Base):
    """One version that was published; never changed."""

    __tablename__ = "pipeline_versions"

    pipeline_id: Mapped[UUID] = mapped_column(
        ForeignKey("pipelines.id", ondelete="CASCADE"), primary_key=True
    )
    version: Mapped[int] = mapped_column(primary_key=True)
    graph_id: Mapped[UUID] = mapped_column(ForeignKey("pipeline_graphs.id"), index=True)
    trigger: Mapped[JsonObject | None] = mapped_column(_TRIGGER)
    """None: from a time when versions were of the graph alone."""
    name: Mapped[str | None] = mapped_column(String(120))
    note: Mapped[str | None] = mapped_column(String(2000))
    created_at: Mapped[datetime]
