"""Indicators of charts as the API shows them."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from enum import StrEnum
from typing import Any, Self

import numpy as np
import orjson
from pydantic import BaseModel, JsonValue

from kuber.market.chart_indicators.indicator import IndicatorClass, IndicatorMetadata, Pane
from kuber.market.types import Bars, FloatArray, Source, Timeframe, to_datetime

_DIGITS = 8


class IndicatorName(StrEnum):
    """The built-in indicators that `GET /market/indicators` computes."""

    SMA = "sma"
    EMA = "ema"
    BOLLINGER = "bollinger"
    RSI = "rsi"


class IndicatorLine(BaseModel):
    """A line that an indicator draws."""

    name: str
    title: str


class IndicatorKindOut(BaseModel):
    """An installed indicator: how it is called, what can be set, where it is drawn.

    `presets` are settings for a menu to offer, at least one. `lowest` and `highest` fix the scale
    of a pane of its own; `levels` are drawn across it.
    """

    name: str
    title: str
    description: str
    pane: Pane
    lines: list[IndicatorLine]
    settings_schema: dict[str, Any]
    presets: list[dict[str, JsonValue]]
    lowest: float | None
    highest: float | None
    levels: list[float]
    provider: str

    @classmethod
    def of(cls, kind: IndicatorClass, presets: Sequence[Mapping[str, object]], owner: str) -> Self:
        """Return the row of an indicator that `owner` brings."""
        about = kind.metadata
        lowest, highest = about.scale or (None, None)
        return cls.model_validate(
            {
                "name": about.name,
                "title": about.title,
                "description": about.description,
                "pane": about.pane,
                "lines": [{"name": name, "title": title} for name, title in about.lines.items()],
                "settings_schema": kind.settings_schema(),
                "presets": list(presets),
                "lowest": lowest,
                "highest": highest,
                "levels": list(about.levels),
                "provider": owner,
            }
        )


class IndicatorKindList(BaseModel):
    items: list[IndicatorKindOut]
    next_cursor: str | None = None


class IndicatorPoint(BaseModel):
    """The values at one bar, in the order of `lines`; null where there is no answer."""

    time: datetime
    values: list[float | None]


class IndicatorSeries(BaseModel):
    """An indicator over bars, oldest first; `settings` are those it was computed with."""

    items: list[IndicatorPoint]
    next_cursor: str | None = None
    symbol: str
    timeframe: Timeframe
    source: Source
    simulated: bool
    name: str
    title: str
    settings: dict[str, JsonValue]
    lines: list[str]
    pane: Pane


class IndicatorOut(IndicatorSeries):
    """A built-in indicator over bars, oldest first."""

    name: IndicatorName
    period: int
    width: float | None


def encode_indicator(
    bars: Bars,
    lines: Mapping[str, FloatArray],
    about: IndicatorMetadata,
    settings: Mapping[str, JsonValue],
    limit: int,
    also: Mapping[str, JsonValue],
) -> bytes:
    """Return the values at the newest `limit` bars as the JSON of IndicatorSeries, with `also`."""
    shown = [np.round(lines[name][-limit:], _DIGITS).tolist() for name in about.lines]
    out = {
        "items": [
            {"time": at, "values": values}  # NaN becomes null
            for at, *values in zip(map(to_datetime, bars.opened_at[-limit:]), *shown, strict=True)
        ],
        "next_cursor": None,
        "symbol": bars.symbol,
        "timeframe": bars.timeframe,
        "source": bars.source,
        "simulated": bars.simulated,
        "name": about.name,
        "title": about.title,
        "settings": settings,
        "lines": list(about.lines),
        "pane": about.pane,
        **also,
    }
    return orjson.dumps(out, option=orjson.OPT_UTC_Z)
