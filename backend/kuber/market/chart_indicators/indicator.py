"""Indicators for charts: what their authors write.

A package announces its class in the entry point group `kuber.indicators`, as Kuber does with its
own. It computes values for bars and knows nothing else of Kuber.
"""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from enum import StrEnum
from math import isfinite
from typing import Annotated, Any, ClassVar, Generic, TypeVar

from pydantic import BaseModel, ConfigDict, Field, JsonValue, StringConstraints, field_validator

from kuber.kernel.json_schema import inline_definitions
from kuber.market.types import Bars, FloatArray

MAX_WARM_UP = 10_000
"""The most bars before the first one shown that an indicator may ask for."""

Slug = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]{0,39}$")]
Title = Annotated[str, StringConstraints(min_length=1, max_length=60)]


class Pane(StrEnum):
    """Where it is drawn: over the prices, or below them on a scale of its own."""

    PRICE = "price"
    OWN = "own"


class IndicatorSettings(BaseModel):
    """Base of every indicator's settings; its JSON Schema draws the form in the browser.

    Each has a default. `json_schema_extra` takes the same `x-` keywords as settings of an agent.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")


class IndicatorMetadata(BaseModel):
    """What the chart and the list of indicators know of one; `name` tells it from all others.

    `lines` are those that `compute` returns, each by its name with a title, in the order in which
    they are drawn. `presets` are settings that the menu offers, the default ones when there are
    none. In a pane of its own, `scale` fixes the lowest and highest value shown, and `levels` are
    drawn across it.
    """

    model_config = ConfigDict(frozen=True)

    name: Slug
    title: Title
    description: Annotated[str, StringConstraints(min_length=1, max_length=400)]
    pane: Pane
    lines: Annotated[dict[Slug, Title], Field(min_length=1, max_length=10)]
    presets: Annotated[tuple[dict[str, JsonValue], ...], Field(max_length=10)] = ()
    scale: tuple[float, float] | None = None
    levels: Annotated[tuple[float, ...], Field(max_length=10)] = ()

    @field_validator("scale", "levels")
    @classmethod
    def _finite(cls, values: tuple[float, ...] | None) -> tuple[float, ...] | None:
        if values is not None and not all(map(isfinite, values)):
            raise ValueError("use finite numbers")
        return values


S = TypeVar("S", bound=IndicatorSettings)


class Indicator(ABC, Generic[S]):
    """One indicator. Subclasses set `metadata`, `Settings` when they have any, and `compute`."""

    metadata: ClassVar[IndicatorMetadata]
    Settings: ClassVar[type[IndicatorSettings]] = IndicatorSettings

    @abstractmethod
    def compute(self, bars: Bars, settings: S) -> Mapping[str, FloatArray]:
        """Return each line of the metadata by its name: shape (n,) for n bars, at least one.

        NaN where there is no answer, never an infinity. A value depends on its own bar and earlier
        ones only; equal bars have equal answers. The arrays of `bars` cannot be written to.
        """

    def warm_up(self, settings: S) -> int:
        """Return how many bars before the first one shown it is computed from.

        After so many its values should no longer depend on where the bars began.
        """
        return 500

    @classmethod
    def settings_schema(cls) -> dict[str, Any]:
        """Return the JSON Schema (2020-12) of the settings, without references."""
        return inline_definitions(cls.Settings.model_json_schema())


IndicatorClass = type[Indicator[Any]]
