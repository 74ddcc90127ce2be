"""The contract between Kuber and every signal generator, built in or from a plug-in."""

import math
from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, ClassVar, Generic, TypeVar

from pydantic import BaseModel, ConfigDict, JsonValue

from kuber.kernel.json_schema import inline_definitions
from kuber.market.types import Bars, to_datetime
from kuber.signals.types import SignalDirection

MAX_WARM_UP = 10_000
"""The most bars that a generator may ask for before the first one that counts."""


class GeneratorConfig(BaseModel):
    """Base of every generator's settings; its JSON Schema draws the form in the browser.

    `json_schema_extra` takes the same `x-` keywords as the settings of an agent.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")


Figure = float | int | str | bool
"""A number or word that explains an emission."""


@dataclass(frozen=True, slots=True)
class GeneratorMetadata:
    """What the list of generators, the forms and the docs know of one."""

    kind: str
    name: str
    description: str
    signal_type: str
    """What pipelines subscribe to."""


@dataclass(frozen=True, slots=True)
class Bar:
    """One closed bar: split-adjusted prices in the instrument's currency, volume in units."""

    closed_at: datetime
    open: float
    high: float
    low: float
    close: float
    volume: float


def bars_of(bars: Bars) -> list[Bar]:
    """Return the rows of `bars`, oldest first."""
    return [
        Bar(to_datetime(closed_at), *values)
        for closed_at, *values in zip(
            bars.closed_at,
            bars.open.tolist(),
            bars.high.tolist(),
            bars.low.tolist(),
            bars.close.tolist(),
            bars.volume.tolist(),
            strict=True,
        )
    ]


@dataclass(frozen=True, slots=True)
class Emission:
    """What a detector found on one bar. `confidence` is from 0 to 100.

    `metadata` gives the numbers behind the confidence: plain JSON, finite numbers.
    """

    ticker: str
    direction: SignalDirection
    confidence: float
    closed_at: datetime
    metadata: Mapping[str, JsonValue]


class Detector(ABC):
    """Follows one series of bars; made anew whenever its past has to be read again.

    It keeps what it needs of the past and nothing else: no clock, no network, no chance. Equal
    bars give equal emissions.
    """

    def __init__(self, ticker: str) -> None:
        self.ticker = ticker

    @abstractmethod
    def on_bar(self, bar: Bar) -> Emission | None:
        """Take in the next closed bar; return what has just happened on it, mostly nothing.

        Called once for each bar, oldest first. A state that lasts (an average above another) is
        reported on the bar on which it begins and not again.
        """

    def emission(
        self, bar: Bar, direction: SignalDirection, parts: Mapping[str, float], **figures: Figure
    ) -> Emission:
        """Return an emission on `bar` whose confidence is the sum of `parts`, held in [0, 100].

        `parts` and `figures` become its metadata; a figure that is not a number is left out.
        """
        confidence = round(min(100.0, max(0.0, float(sum(parts.values())))), 2)
        metadata: dict[str, JsonValue] = {
            "parts": {name: round(float(points), 2) for name, points in parts.items()},
            **{name: _plain(figure) for name, figure in figures.items() if _is_known(figure)},
        }
        return Emission(self.ticker, direction, confidence, bar.closed_at, metadata)


def share(value: float, full: float) -> float:
    """Return how much of `full` (> 0) has been reached, in [0, 1]; 0 when that is unknown."""
    return min(1.0, max(0.0, value / full)) if full > 0 and math.isfinite(value) else 0.0


def _is_known(figure: Figure) -> bool:
    return not isinstance(figure, float) or math.isfinite(figure)


def _plain(figure: Figure) -> JsonValue:
    return float(f"{figure:.10g}") if isinstance(figure, float) else figure


C = TypeVar("C", bound=GeneratorConfig)


class SignalGenerator(ABC, Generic[C]):
    """One way of finding signals in closed bars, with its settings.

    Subclasses set `metadata` and `Config` and write `warm_up` and `detector`.
    """

    metadata: ClassVar[GeneratorMetadata]
    Config: ClassVar[type[GeneratorConfig]] = GeneratorConfig
    unavailable: ClassVar[str | None] = None
    """Why this installation cannot use the generator and what is needed; None when it can."""

    def __init__(self, config: C) -> None:
        self.config = config

    @property
    @abstractmethod
    def warm_up(self) -> int:
        """Return how many bars before the first one that counts the detector must have seen.

        After so many bars its values no longer depend on where it began, to nine digits.
        """

    @abstractmethod
    def detector(self, ticker: str) -> Detector:
        """Return a detector that has seen nothing yet."""

    @classmethod
    def config_schema(cls) -> dict[str, Any]:
        """Return the JSON Schema (2020-12) of the settings, without references."""
        return inline_definitions(cls.Config.model_json_schema())


GeneratorClass = type[SignalGenerator[Any]]
