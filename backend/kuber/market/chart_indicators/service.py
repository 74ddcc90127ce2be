"""What a chart asks of indicators: which there are, and their values at its bars."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Protocol, TypeVar

import orjson
from pydantic import JsonValue

from kuber.infra.children import ChildDied, ChildPool, ChildTimedOut
from kuber.infra.plugins import Verdicts
from kuber.kernel.errors import Problem
from kuber.kernel.ids import UserId
from kuber.market.chart_indicators.catalog import MAX_WIDTH
from kuber.market.chart_indicators.computing import Chosen, choose, lines_of, settings_of
from kuber.market.chart_indicators.errors import IndicatorFailed, IndicatorRefused
from kuber.market.chart_indicators.indicator import IndicatorClass
from kuber.market.chart_indicators.registry import IndicatorRegistry
from kuber.market.chart_indicators.schemas import (
    IndicatorKindList,
    IndicatorName,
    encode_indicator,
)
from kuber.market.service import MAX_BARS
from kuber.market.types import Bars, DatasetKind, Timeframe

TIME_LIMIT_S = 10.0
"""How long an added indicator may take for one answer."""
_INLINE_BARS = 1000
"""Built-in indicators of more bars are the work of a child process."""

_T = TypeVar("_T")


class Prices(Protocol):
    """The part of `MarketService` that is asked here."""

    async def get_bars(
        self,
        user_id: UserId,
        symbol: str,
        timeframe: Timeframe,
        *,
        dataset: DatasetKind | None,
        end: datetime | None,
        limit: int,
    ) -> Bars: ...


@dataclass(frozen=True, slots=True)
class BarsAsked:
    """The newest `limit` bars of a symbol that had closed by `end`, or by now."""

    symbol: str
    timeframe: Timeframe
    dataset: DatasetKind | None
    end: datetime | None
    limit: int


class IndicatorService:
    """Code of added packages runs in children of `added`: what it does wrong hurts its own answer
    alone. Kuber's own runs here, or for many bars in children of `own`."""

    def __init__(
        self, registry: IndicatorRegistry, market: Prices, own: ChildPool, added: ChildPool
    ) -> None:
        self._registry = registry
        self._market = market
        self._own = own
        self._added = added

    def kinds(self) -> IndicatorKindList:
        """Return every installed indicator, the built-in ones first."""
        return IndicatorKindList(items=list(self._registry.catalogue()))

    async def named(
        self,
        user_id: UserId,
        name: IndicatorName,
        period: int | None,
        width: float | None,
        what: BarsAsked,
    ) -> bytes:
        """Return a built-in indicator at bars as the JSON of IndicatorOut; raises as `values`."""
        given = named_settings(name, period, width)
        chosen = choose(self._registry.find(name).plugin, given)
        also = {"period": chosen.settings["period"], "width": chosen.settings.get("width")}
        return await self.values(user_id, name, given, what, also)

    async def values(
        self,
        user_id: UserId,
        name: str,
        given: Mapping[str, JsonValue],
        what: BarsAsked,
        also: Mapping[str, JsonValue] | None = None,
    ) -> bytes:
        """Return an indicator at bars as the JSON of IndicatorSeries, with `also` beside.

        Raises UnknownIndicator, IndicatorRefused, IndicatorFailed, and what the market and the
        pool of children raise.
        """
        kind, owner = self._registry.find(name).plugin, str(user_id)
        if self._registry.is_built_in(name):
            chosen = choose(kind, given)
            bars = await self._bars(user_id, what, chosen)
            work = (kind, bars, chosen.settings, what.limit, also or {})
            if what.limit <= _INLINE_BARS:
                return _encoded(*work)
            return await self._own.run(_encoded, *work, owner=owner)
        verdicts, title = self._registry.verdicts_folder, kind.metadata.title
        with_title = _Work(self._added, title, owner)
        chosen = await with_title.run(choose_in_child, name, given, verdicts)
        bars = await self._bars(user_id, what, chosen)
        return await with_title.run(
            compute_in_child, name, bars, chosen.settings, what.limit, verdicts
        )

    async def _bars(self, user_id: UserId, what: BarsAsked, chosen: Chosen) -> Bars:
        return await self._market.get_bars(
            user_id,
            what.symbol,
            what.timeframe,
            dataset=what.dataset,
            end=what.end,
            limit=min(what.limit + chosen.warm_up, MAX_BARS),
        )


@dataclass(frozen=True, slots=True)
class _Work:
    """Work of one added indicator in a child process."""

    pool: ChildPool
    title: str
    owner: str

    async def run(self, function: Callable[..., _T], *args: object) -> _T:
        """Return what the function returns; raises IndicatorFailed, PoolBusy, OwnerBusy."""
        try:
            return await self.pool.run(function, *args, owner=self.owner)
        except ChildTimedOut as error:
            raise IndicatorFailed(
                f"{self.title} was given up: it took longer than {TIME_LIMIT_S:g} s."
            ) from error
        except ChildDied as error:
            raise IndicatorFailed(
                f"{self.title} ended its process: it crashed, or took too much memory."
            ) from error


def choose_in_child(name: str, given: Mapping[str, JsonValue], verdicts: Path | None) -> Chosen:
    """As `choose`, in a process of its own, which finds the indicator itself.

    `verdicts` is the folder of what is known of plug-ins.
    """
    return choose(_installed(verdicts).find(name).plugin, given)


def compute_in_child(
    name: str,
    bars: Bars,
    settings: Mapping[str, JsonValue],
    limit: int,
    verdicts: Path | None,
) -> bytes:
    """Return an indicator at the newest `limit` bars as JSON, in a process of its own."""
    return _encoded(_installed(verdicts).find(name).plugin, bars, settings, limit, {})


@cache
def _installed(verdicts: Path | None) -> IndicatorRegistry:
    return IndicatorRegistry.discover(Verdicts(verdicts))


def _encoded(
    kind: IndicatorClass,
    bars: Bars,
    settings: Mapping[str, JsonValue],
    limit: int,
    also: Mapping[str, JsonValue],
) -> bytes:
    lines = lines_of(kind(), bars, settings_of(kind, settings))
    return encode_indicator(bars, lines, kind.metadata, settings, limit, also)


def given_settings(text: str) -> dict[str, JsonValue]:
    """Return the settings in a JSON text; raises IndicatorRefused."""
    try:
        found = orjson.loads(text)
    except ValueError:
        found = None
    if not isinstance(found, dict):
        raise _refused("settings", "The settings are no JSON object.", 'Write {"period": 20}.')
    return found


def named_settings(
    name: IndicatorName, period: int | None, width: float | None
) -> dict[str, JsonValue]:
    """Return the settings as they were asked for one by one; raises IndicatorRefused."""
    if width is not None and name is not IndicatorName.BOLLINGER:
        message = f"{name.value} has no width."
        raise _refused("width", message, "Leave width out.")
    if width is not None and not 0 < width <= MAX_WIDTH:
        message = f"A width of {width} standard deviations cannot be used."
        raise _refused("width", message, f"Use one above 0, to {MAX_WIDTH:g}.")
    given = {"period": period, "width": width}
    return {setting: value for setting, value in given.items() if value is not None}


def _refused(field: str, message: str, remedy: str) -> IndicatorRefused:
    return IndicatorRefused(message, [Problem(message, remedy, field=field)])
