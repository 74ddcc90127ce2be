"""How signal generators look over HTTP."""

from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, JsonValue, StringConstraints, field_validator

from kuber.kernel.names import Name
from kuber.market.types import Timeframe
from kuber.signals.types import SignalDirection, TickerName

MAX_SYMBOLS = 50
MAX_PER_USER = 20

Kind = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]{0,39}$")]
Config = Annotated[dict[str, JsonValue], Field(max_length=50)]


class GeneratorKindOut(BaseModel):
    """One kind of generator, with the form of its settings."""

    model_config = ConfigDict(frozen=True)

    kind: str
    name: str
    description: str
    signal_type: str
    """What pipelines subscribe to."""
    config_schema: dict[str, Any]
    provider: str
    """`built-in`, or the name of the package that brought it."""
    unavailable: str | None
    """Why it cannot be used here and what it needs; null when it can be used."""


class GeneratorKindList(BaseModel):
    items: list[GeneratorKindOut]
    next_cursor: str | None


class GeneratorBody(BaseModel):
    """A generator as its owner writes it."""

    model_config = ConfigDict(extra="forbid")

    name: Name
    kind: Kind
    config: Config = Field(default_factory=dict)
    symbols: Annotated[tuple[TickerName, ...], Field(min_length=1, max_length=MAX_SYMBOLS)]
    timeframe: Timeframe = Timeframe.D1
    enabled: bool = True

    @field_validator("symbols")
    @classmethod
    def _each_once(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        return tuple(dict.fromkeys(value))


class GeneratorOut(BaseModel):
    """One generator: the platform's (`own` is false) or the caller's."""

    id: UUID
    name: str
    kind: str
    config: dict[str, JsonValue]
    symbols: list[str]
    timeframe: Timeframe
    enabled: bool
    own: bool
    signal_type: str
    unavailable: str | None
    """Why it does not run although it is enabled; null when nothing is in its way."""
    created_at: datetime
    updated_at: datetime


class GeneratorList(BaseModel):
    items: list[GeneratorOut]
    next_cursor: str | None


class GeneratorCheck(BaseModel):
    """Settings to try on stored history."""

    model_config = ConfigDict(extra="forbid")

    kind: Kind
    config: Config = Field(default_factory=dict)
    symbol: TickerName
    timeframe: Timeframe = Timeframe.D1


class EmissionOut(BaseModel):
    """A signal that the generator would have sent; `at` is the close of its bar."""

    at: datetime
    signal: SignalDirection
    confidence: float
    metadata: dict[str, JsonValue]


class SettingProblem(BaseModel):
    """One thing that is wrong with the settings."""

    field: str | None
    message: str
    remedy: str


class GeneratorVerdict(BaseModel):
    """What is wrong with the settings, or what they found lately, newest first."""

    problems: list[SettingProblem]
    recent: list[EmissionOut]
    bars: int
    """How many bars were looked at."""
