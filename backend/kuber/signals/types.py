"""What a signal is, on the wire and inside."""

from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal
from enum import StrEnum
from typing import Annotated, Any
from uuid import UUID

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    JsonValue,
    StringConstraints,
    WithJsonSchema,
    field_validator,
    model_validator,
)
from pydantic.json_schema import JsonSchemaValue

from kuber.kernel.ids import UserId
from kuber.market.symbols import MAX_WRITTEN, BadSymbol, canonical_symbol

MAX_TICKERS = 500
EARLIEST = datetime(1970, 1, 1, tzinfo=UTC)
"""Signals before that are refused."""
MAX_CLOCK_AHEAD_S = 300
"""How far in the future a signal's time may lie before it is refused."""

SignalType = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]{0,59}$")]


TickerName = Annotated[str, AfterValidator(canonical_symbol)]
"""A ticker in its normal form: `BTC/USD` and `btc-usd` become `BTCUSD`."""


_SECONDS_OR_ISO_8601: JsonSchemaValue = {
    "anyOf": [{"type": "number"}, {"type": "string", "format": "date-time"}]
}


class SignalDirection(StrEnum):
    BULLISH = "BULLISH"
    BEARISH = "BEARISH"
    NEUTRAL = "NEUTRAL"
    FLAT = "FLAT"
    """Leave the position; for pipelines that ask for it."""


class Outcome(StrEnum):
    """What came of a signal for one pipeline."""

    STARTED = "started"
    SKIPPED = "skipped"


class SkipReason(StrEnum):
    """Why a signal started no run of a pipeline that subscribes to it."""

    BELOW_THRESHOLD = "below_threshold"
    ALREADY_RUNNING = "already_running"
    QUEUE_FULL = "queue_full"
    TIER = "tier"
    BUDGET = "budget"
    TRADING_STOPPED = "trading_stopped"
    """By a switch of the platform, the user or the pipeline."""
    MARKET_CLOSED = "market_closed"
    UNKNOWN_SYMBOL = "unknown_symbol"
    MARKET_UNAVAILABLE = "market_unavailable"
    NOT_ACTIVE = "not_active"
    NOT_RUNNABLE = "not_runnable"
    """Says the same of signals that are on record since before."""


def _no_boolean(value: object) -> object:
    if isinstance(value, bool):
        raise ValueError("must be a number, not true or false")
    return value


Confidence = Annotated[
    float, Field(ge=0, le=100, allow_inf_nan=False), BeforeValidator(_no_boolean)
]
"""How sure a signal is, in per cent."""


class TickerSignal(BaseModel):
    """What a signal says of one ticker; `confidence` is from 0 to 100."""

    model_config = ConfigDict(extra="allow", frozen=True)

    ticker: TickerName
    signal: SignalDirection
    confidence: Confidence


class TickerQuote(BaseModel):
    """The newest quote of a ticker as its signal was matched; decimal strings."""

    model_config = ConfigDict(frozen=True)

    price: Decimal
    volume: Decimal | None
    quoted_at: datetime


class QuotedTicker(TickerSignal):
    """What an accepted signal says of one ticker; `quote` is null where nobody quotes it."""

    quote: TickerQuote | None


def _is_odd(item: object) -> bool:
    name = item.get("ticker") if isinstance(item, dict) else None
    if not isinstance(name, str):
        return False
    try:
        canonical_symbol(name)
    except BadSymbol:
        return True
    return False


DROPPED = "dropped_tickers"
"""Where a message says which of its tickers were left out."""


class SignalMessage(BaseModel):
    """A message on `signals.raw`; unknown fields are kept.

    `timestamp` is in seconds since 1970 or ISO 8601 and says when the market event happened.
    """

    model_config = ConfigDict(extra="allow", frozen=True)

    timestamp: Annotated[datetime, WithJsonSchema(_SECONDS_OR_ISO_8601)]
    source: Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=120)]
    signal_type: SignalType
    tickers: Annotated[tuple[TickerSignal, ...], Field(min_length=1, max_length=MAX_TICKERS)]
    signal_id: UUID | None = None
    metadata: dict[str, JsonValue] = Field(default_factory=dict)
    event_id: UUID | None = None
    occurred_at: datetime | None = None
    correlation_id: Annotated[str, Field(max_length=64)] | None = None
    user_id: UUID | None = None
    """Whose signal it is; None is the platform's. Only Kuber's own producers set it."""

    @model_validator(mode="before")
    @classmethod
    def _without_odd_tickers(cls, data: Any) -> Any:
        """Leave out tickers that name no symbol, as long as others are left; `dropped_tickers`
        among the unknown fields says which."""
        tickers = data.get("tickers") if isinstance(data, dict) else None
        if not isinstance(tickers, list | tuple) or len(tickers) > MAX_TICKERS:
            return data
        odd = [item for item in tickers if _is_odd(item)]
        if not odd or len(odd) == len(tickers):
            return data
        names = [str(item["ticker"])[:MAX_WRITTEN] for item in odd]
        kept = [item for item in tickers if not _is_odd(item)]
        return {**data, "tickers": kept, DROPPED: names}

    @field_validator("timestamp")
    @classmethod
    def _aware(cls, value: datetime) -> datetime:
        try:
            return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)
        except OverflowError as error:  # at the edge of the calendar, in a zone beyond it
            raise ValueError("the time is out of range") from error

    @field_validator("tickers")
    @classmethod
    def _each_once(cls, value: tuple[TickerSignal, ...]) -> tuple[TickerSignal, ...]:
        places: dict[str, int] = {}
        for place, item in enumerate(value):
            first = places.setdefault(item.ticker, place)
            if first != place:
                raise ValueError(
                    f"name each ticker once: tickers.{first} and tickers.{place} are the same"
                )
        return value


def dropped_tickers(message: SignalMessage) -> list[str]:
    """Return the tickers that were left out since they name no symbol, as they were written."""
    found = (message.model_extra or {}).get(DROPPED)
    return found if isinstance(found, list) else []


@dataclass(frozen=True, slots=True)
class Signal:
    """One accepted signal. `user_id` None is the platform's: every user's pipelines may match."""

    id: UUID
    idempotency_key: str
    user_id: UserId | None
    source: str
    signal_type: str
    occurred_at: datetime
    tickers: tuple[TickerSignal, ...]
    metadata: dict[str, JsonValue]
    extra: dict[str, JsonValue]
    correlation_id: str
    traceparent: str | None = field(default=None, compare=False)


@dataclass(frozen=True, slots=True)
class SignalKind:
    """A signal type that pipelines may subscribe to."""

    signal_type: str
    name: str
    description: str


@dataclass(frozen=True, slots=True)
class SignalQuery:
    """Filters of the signals list."""

    signal_type: str | None = None
    ticker: str | None = None
    source: str | None = None
    outcome: Outcome | None = None
    cursor: str | None = None
    limit: int = 50
