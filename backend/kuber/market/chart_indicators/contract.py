"""A check for authors of indicators, which Kuber makes of every added one before it is used:

    check_indicator(MyIndicator, {"period": 5})

raises BrokenIndicator that says what is wrong: above all whether a value looks ahead, that is,
changes when later bars come.
"""

from collections.abc import Iterator, Mapping
from functools import cache
from time import monotonic

import numpy as np
from pydantic import JsonValue

from kuber.market.chart_indicators.computing import choose, lines_of, settings_of
from kuber.market.chart_indicators.errors import IndicatorFailed, IndicatorRefused
from kuber.market.chart_indicators.indicator import IndicatorClass, IndicatorSettings
from kuber.market.types import Bars, FloatArray, Source, TimeArray, Timeframe

_CUTS = (1, 2, 3, 5, 8, 13, 21, 34, 55, 89, 144, 233, 377, *range(480, 511), 600, 640, 679)
"""After how many bars the answer is compared; the row of neighbours finds what is put back later,
such as a turning point at its own bar."""
_NEAR = 1e-9
"""Sums over different stretches may differ in the last digits."""
_ENOUGH_S = 3.0
"""After so long no further settings are tried."""


class BrokenIndicator(AssertionError):
    """An indicator does what no indicator may."""


def check_indicator(kind: IndicatorClass, settings: Mapping[str, JsonValue] | None = None) -> None:
    """Compute an indicator on made-up bars and raise BrokenIndicator for what is wrong with it.

    `settings` are the default ones where they are left out. It must answer for any number of bars
    from 1 on, with numbers or NaN, alike when asked again, and each value must stay as it is when
    later bars come. The bars rise, fall and stand still; some have no volume.
    """
    title = kind.metadata.title
    try:
        chosen = settings_of(kind, settings or {})
        choose(kind, settings or {})
        for bars in trial_bars():
            _check(kind, bars, chosen)
    except IndicatorRefused as error:
        said = "; ".join(problem.message for problem in error.problems)
        raise BrokenIndicator(f"{title} does not take these settings: {said}") from error
    except IndicatorFailed as error:
        raise BrokenIndicator(error.detail) from error


def check_range_ends(kind: IndicatorClass) -> None:
    """Check an indicator with each number at the ends of its range, the others as usual.

    Ends that do not go with the other settings are passed over; slow ones are not all tried.
    Raises BrokenIndicator.
    """
    until_s = monotonic() + _ENOUGH_S
    for name, one in kind.settings_schema().get("properties", {}).items():
        for end in ("minimum", "maximum"):
            if end not in one or monotonic() > until_s:
                continue
            settings = {name: one[end]}
            try:
                settings_of(kind, settings)
            except IndicatorRefused:
                continue
            check_indicator(kind, settings)


def _check(kind: IndicatorClass, bars: Bars, settings: IndicatorSettings) -> None:
    title = kind.metadata.title
    whole = lines_of(kind(), bars, settings)
    for name, bar in _differences(lines_of(kind(), bars, settings), whole):
        raise BrokenIndicator(
            f"{title} gives two answers to one question: its line {name} at bar {bar} is another "
            "when it is computed again."
        )
    for count in _CUTS:
        if count >= len(bars):
            break
        part = lines_of(kind(), bars.window(0, count), settings)
        for name, bar in _differences(part, whole):
            raise BrokenIndicator(
                f"{title} looks ahead: its line {name} at bar {bar} is {part[name][bar]:g} with"
                f" {count} bars, and {whole[name][bar]:g} once later ones have come."
            )


def _differences(
    part: Mapping[str, FloatArray], whole: Mapping[str, FloatArray]
) -> Iterator[tuple[str, int]]:
    """Yield each line with the first bar at which the two differ, if they do."""
    for name, values in part.items():
        expected = whole[name][: len(values)]
        known = np.abs(whole[name][np.isfinite(whole[name])])
        size = float(known.max()) if known.size else 0.0
        near = np.isclose(values, expected, rtol=_NEAR, atol=_NEAR * size, equal_nan=True)
        if not near.all():
            yield name, int(np.flatnonzero(~near)[0])


@cache
def trial_bars() -> tuple[Bars, ...]:
    """Return made-up bars, always the same: 680 days of a share, 400 hours without volume."""
    return _days(), _hours()


def _days() -> Bars:
    chance = np.random.default_rng(1)
    moves = chance.normal(0.0004, 0.015, 680)
    moves[300:340] = 0.0  # stands still
    moves[620:650] += 0.03  # the highest and the lowest price come last
    moves[650:] -= 0.06
    days = np.busday_offset("2023-01-02", np.arange(680), roll="forward").astype("datetime64[us]")
    hours: tuple[TimeArray, TimeArray] = (
        np.add(days, np.timedelta64(870, "m")),
        np.add(days, np.timedelta64(1260, "m")),
    )
    volume = chance.integers(100_000, 5_000_000, 680).astype(np.float64)
    return _bars("TRIAL", Timeframe.D1, hours, 50.0, moves, volume, chance)


def _hours() -> Bars:
    chance = np.random.default_rng(2)
    moves = chance.normal(0, 0.001, 400)
    first_at = np.datetime64("2024-01-01", "h")
    edges = np.arange(first_at, first_at + 401).astype("datetime64[us]")
    hours = (edges[:-1], edges[1:])
    return _bars("EURUSD", Timeframe.H1, hours, 1.1, moves, np.zeros(400), chance)


def _bars(
    symbol: str,
    timeframe: Timeframe,
    hours: tuple[TimeArray, TimeArray],
    first: float,
    moves: FloatArray,
    volume: FloatArray,
    chance: np.random.Generator,
) -> Bars:
    close = first * np.exp(np.cumsum(moves))
    before = np.concatenate(([first], close[:-1]))
    moved = moves != 0
    spread = close * np.abs(chance.normal(0, 0.004, len(close))) * moved
    return Bars(
        symbol,
        timeframe,
        Source.SIMULATED,
        *hours,
        before,
        np.maximum(before, close) + spread,
        np.minimum(before, close) - spread,
        close,
        volume,
    )
