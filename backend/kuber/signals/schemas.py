"""Signals as the API shows them."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, JsonValue

from kuber.pipelines.types import Subscription
from kuber.signals.types import Outcome, SignalDirection, SkipReason
from kuber.signals.unmatched import UnmatchedReason


class TickerOut(BaseModel):
    ticker: str
    signal: SignalDirection
    confidence: float


class MatchOut(BaseModel):
    """What the signal meant for one of the caller's pipelines; `detail` is a sentence."""

    pipeline_id: UUID
    pipeline_name: str
    pipeline_deleted: bool
    symbol: str
    outcome: Outcome
    reason: SkipReason | None
    detail: str
    confidence: float
    threshold: float
    execution_id: UUID | None


class UnmatchedOut(BaseModel):
    """Why a signal matched none of the caller's pipelines, as their triggers stand now."""

    reason: UnmatchedReason
    detail: str


class SignalOut(BaseModel):
    """One signal; `started` and `skipped` count the caller's pipelines only."""

    id: UUID
    signal_type: str
    source: str
    occurred_at: datetime
    received_at: datetime
    tickers: list[TickerOut]
    metadata: dict[str, JsonValue]
    extra: dict[str, JsonValue]
    own: bool
    """True for the caller's own (webhooks, custom generators), false for the platform's."""
    started: int
    skipped: int
    matches: list[MatchOut]
    unmatched: UnmatchedOut | None = None
    """Only where there are no matches."""


class SignalList(BaseModel):
    items: list[SignalOut]
    next_cursor: str | None


class PreviewBody(BaseModel):
    """A trigger's scanner, subscriptions and market hours, to try on the past."""

    model_config = ConfigDict(extra="forbid")

    scanner_id: UUID
    subscriptions: Annotated[list[Subscription], Field(min_length=1, max_length=50)]
    market_hours_only: bool = False
    days: Annotated[int, Field(ge=1, le=90)] = 30


class TypePreview(BaseModel):
    """One signal type; `signals` are tickers of the scanner that signals of the type named.

    Of these `below_threshold` were not sure enough, `market_closed` came at a wrong time, and
    `runs` would have started a run: none when the caller's tier may not be started by the type.
    """

    signal_type: str
    recorded: int
    """Signals of the type on record, whatever tickers they named."""
    signals: int
    below_threshold: int
    market_closed: int
    tier_allows: bool
    runs: int


class PreviewOut(BaseModel):
    """What the subscriptions would have started, from the signals on record."""

    days: int
    recorded: int
    """How many signals of these types Kuber has from these days, whatever tickers they named."""
    signals: int
    runs: int
    by_type: list[TypePreview]
