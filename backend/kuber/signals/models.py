"""Signals, what came of them, and where they come from. Private to this package."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ForeignKey, Index, String, Text, UniqueConstraint, text
from sqlalchemy.dialects.postgresql import ARRAY, BYTEA, JSONB
from sqlalchemy.orm import Mapped, mapped_column

from kuber.infra.db import Base, JsonObject


class SignalRow(Base):
    """One signal that was accepted. `user_id` is None for the platform's own, seen by everybody.

    `idempotency_key` decides whether a message was seen before; `extra` keeps unknown fields.
    """

    __tablename__ = "signals"
    __table_args__ = (
        Index("ix_signals_user_id_received_at", "user_id", "received_at", "id"),
        Index("ix_signals_signal_type_received_at", "signal_type", "received_at", "id"),
        Index("ix_signals_signal_type_occurred_at", "signal_type", "occurred_at"),
        Index(
            "ix_signals_tickers",
            "tickers",
            postgresql_using="gin",
            postgresql_ops={"tickers": "jsonb_path_ops"},
        ),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    idempotency_key: Mapped[str] = mapped_column(String(120), unique=True)
    user_id: Mapped[UUID | None] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"))
    source: Mapped[str] = mapped_column(String(120))
    signal_type: Mapped[str] = mapped_column(String(60))
    occurred_at: Mapped[datetime]
    received_at: Mapped[datetime]
    tickers: Mapped[list[Any]] = mapped_column(JSONB)
    """Of `{ticker, signal, confidence}`."""
    details: Mapped[JsonObject]
    """The message's `metadata`."""
    extra: Mapped[JsonObject]
    correlation_id: Mapped[str] = mapped_column(String(64))


class SignalMatchRow(Base):
    """What one signal meant for one pipeline on one ticker: a run, or the reason for none."""

    __tablename__ = "signal_matches"
    __table_args__ = (
        Index("ix_signal_matches_user_id_signal_id", "user_id", "signal_id"),
        Index("ix_signal_matches_pipeline_id_signal_id", "pipeline_id", "signal_id"),
    )

    signal_id: Mapped[UUID] = mapped_column(
        ForeignKey("signals.id", ondelete="CASCADE"), primary_key=True
    )
    pipeline_id: Mapped[UUID] = mapped_column(
        ForeignKey("pipelines.id", ondelete="CASCADE"), primary_key=True
    )
    symbol: Mapped[str] = mapped_column(String(32), primary_key=True)
    user_id: Mapped[UUID]
    outcome: Mapped[str] = mapped_column(String(12))
    """started or skipped."""
    reason: Mapped[str | None] = mapped_column(String(30))
    detail: Mapped[str] = mapped_column(Text)
    confidence: Mapped[float]
    threshold: Mapped[float]
    run_id: Mapped[UUID | None]


class WebhookSourceRow(Base):
    """A place outside that may send signals for one user.

    `secrets` are encrypted, newest first; two are valid while a rotation is under way.
    """

    __tablename__ = "webhook_sources"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    user_id: Mapped[UUID] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"), index=True)
    name: Mapped[str] = mapped_column(String(120))
    kind: Mapped[str] = mapped_column(String(20))
    secrets: Mapped[list[bytes]] = mapped_column(ARRAY(BYTEA))
    secret_hint: Mapped[str] = mapped_column(String(8))
    previous_until: Mapped[datetime | None]
    """Until when the second secret is valid."""
    allowed_networks: Mapped[list[str]] = mapped_column(ARRAY(String(50)))
    rate_per_minute: Mapped[int]
    enabled: Mapped[bool] = mapped_column(server_default=text("true"))
    created_at: Mapped[datetime]
    updated_at: Mapped[datetime]


class WebhookDeliveryRow(Base):
    """One delivery and what came of it; `external_id` makes a repeated one harmless.

    `nonce` is that of a signed delivery that was believed: it counts once, also when Redis has
    forgotten it, and whatever name an unsigned header gives the delivery.
    """

    __tablename__ = "webhook_deliveries"
    __table_args__ = (
        UniqueConstraint("source_id", "external_id"),
        UniqueConstraint("source_id", "nonce"),
        Index("ix_webhook_deliveries_source_id_id", "source_id", "id"),
        Index(
            "ix_webhook_deliveries_refused",
            "source_id",
            "id",
            postgresql_where=text("signal_id is null"),
        ),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    source_id: Mapped[UUID] = mapped_column(ForeignKey("webhook_sources.id", ondelete="CASCADE"))
    external_id: Mapped[str | None] = mapped_column(String(120))
    nonce: Mapped[str | None] = mapped_column(String(100))
    fingerprint: Mapped[bytes | None] = mapped_column(BYTEA)
    """Keyed hash of the body, which itself is not kept."""
    received_at: Mapped[datetime]
    status: Mapped[int]
    code: Mapped[str] = mapped_column(String(40))
    detail: Mapped[str] = mapped_column(Text)
    size_bytes: Mapped[int]
    client_network: Mapped[str] = mapped_column(String(50))
    signal_id: Mapped[UUID | None]


class GeneratorRow(Base):
    """One generator that is switched on, with its settings; `user_id` None is the platform's."""

    __tablename__ = "signal_generators"
    __table_args__ = (Index("ix_signal_generators_user_id", "user_id"),)

    id: Mapped[UUID] = mapped_column(primary_key=True)
    user_id: Mapped[UUID | None] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"))
    name: Mapped[str] = mapped_column(String(120))
    kind: Mapped[str] = mapped_column(String(40))
    config: Mapped[JsonObject]
    symbols: Mapped[list[str]] = mapped_column(ARRAY(String(32)))
    timeframe: Mapped[str] = mapped_column(String(4))
    enabled: Mapped[bool] = mapped_column(server_default=text("true"))
    leased_by: Mapped[str | None] = mapped_column(String(120))
    """The instance that runs it, until `leased_until` by the database's clock."""
    leased_until: Mapped[datetime | None]
    failure: Mapped[str | None] = mapped_column(Text)
    """Why it failed when it last ran; None when it did not."""
    problem: Mapped[str | None] = mapped_column(Text)
    """Why its settings cannot be used, as `checked_with` found; None when they can."""
    checked_with: Mapped[str] = mapped_column(Text, server_default="")
    created_at: Mapped[datetime]
    updated_at: Mapped[datetime]


class GeneratorCursorRow(Base):
    """How far one series of a generator, or of a replay, has been looked at.

    `stream_id` is the generator's id; a replay has one of its own and no `generator_id`.
    """

    __tablename__ = "generator_cursors"

    stream_id: Mapped[UUID] = mapped_column(primary_key=True)
    symbol: Mapped[str] = mapped_column(String(32), primary_key=True)
    timeframe: Mapped[str] = mapped_column(String(4), primary_key=True)
    generator_id: Mapped[UUID | None] = mapped_column(
        ForeignKey("signal_generators.id", ondelete="CASCADE"), index=True
    )
    closed_at: Mapped[datetime]
    """Every bar that closed by then has been looked at."""
