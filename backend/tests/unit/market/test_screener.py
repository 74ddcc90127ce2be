"""The screener against plain loops over the real history of Apple."""

import math
from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest

from kuber.market.scanners.schemas import ScreenPreview
from kuber.market.scanners.screener import Snapshot, screen, snapshot
from kuber.market.scanners.types import ScannerFilter, ScreenField
from kuber.market.types import Bars, Source, to_datetime
from tests.fakes.bars import sample, utc

BARS = sample("AAPL").bars.last(300)


def wanted(*rules: Sequence[object], limit: int | None = None) -> ScannerFilter:
    return ScannerFilter.model_validate(
        {
            "all": [dict(zip(("field", "op", "value"), one, strict=True)) for one in rules],
            "limit": limit,
        }
    )


def of(ticker: str, sector: str | None = None, **numbers: float) -> Snapshot:
    known = {ScreenField(name): value for name, value in numbers.items()}
    unknown = dict.fromkeys(ScreenField, math.nan)
    del unknown[ScreenField.SECTOR]
    return Snapshot(ticker, utc("2026-01-05T21:00:00"), Source.SAMPLE, sector, unknown | known)


@pytest.mark.parametrize("base", [0.0, -37.63])
def test_a_share_of_a_price_that_is_not_above_zero_is_unknown(base: float) -> None:
    prices = np.full(len(BARS), base)
    still = replace(BARS, open=prices, high=prices, low=prices, close=prices)
    found = snapshot(still).numbers
    for name in (
        ScreenField.CHANGE_PERCENT,
        ScreenField.ABOVE_SMA_50_PERCENT,
        ScreenField.ABOVE_SMA_200_PERCENT,
        ScreenField.ATR_PERCENT,
        ScreenField.RSI_14,
    ):
        assert math.isnan(found[name]), name


def wilder(values: list[float], period: int = 14) -> float:
    average = sum(values[:period]) / period
    for value in values[period:]:
        average += (value - average) / period
    return average


def test_the_numbers_are_those_of_plain_formulas() -> None:
    close, high, low = BARS.close.tolist(), BARS.high.tolist(), BARS.low.tolist()
    moves = [after - before for before, after in pairwise(close)]
    gain = wilder([max(move, 0) for move in moves])
    loss = wilder([max(-move, 0) for move in moves])
    ranges = [
        max(high[at], close[at - 1]) - min(low[at], close[at - 1]) for at in range(1, len(close))
    ]
    sma_50, sma_200 = sum(close[-50:]) / 50, sum(close[-200:]) / 200
    expected = {
        ScreenField.PRICE: close[-1],
        ScreenField.CHANGE_PERCENT: (close[-1] - close[-2]) / close[-2] * 100,
        ScreenField.VOLUME: BARS.volume.tolist()[-1],
        ScreenField.AVERAGE_VOLUME_20: sum(BARS.volume.tolist()[-20:]) / 20,
        ScreenField.RSI_14: 100 - 100 / (1 + gain / loss),
        ScreenField.SMA_50: sma_50,
        ScreenField.SMA_200: sma_200,
        ScreenField.ABOVE_SMA_50_PERCENT: (close[-1] - sma_50) / sma_50 * 100,
        ScreenField.ABOVE_SMA_200_PERCENT: (close[-1] - sma_200) / sma_200 * 100,
        ScreenField.ATR_PERCENT: wilder(ranges) / close[-1] * 100,
    }
    found = snapshot(BARS)
    assert found.numbers.keys() == expected.keys()
    for field, value in expected.items():
        assert found.numbers[field] == pytest.approx(value, rel=1e-9), field
    assert (found.ticker, found.sector) == ("AAPL", "Technology")
    assert found.as_of == to_datetime(BARS.closed_at[-1])


@pytest.mark.parametrize("count", [1, 2, 14, 15, 20, 50, 199, 200])
def test_what_the_history_is_too_short_for_is_unknown(count: int) -> None:
    needs = {
        ScreenField.CHANGE_PERCENT: 2,
        ScreenField.AVERAGE_VOLUME_20: 20,
        ScreenField.RSI_14: 15,
        ScreenField.SMA_50: 50,
        ScreenField.SMA_200: 200,
        ScreenField.ATR_PERCENT: 15,
    }
    numbers = snapshot(BARS.last(count)).numbers
    for field, least in needs.items():
        assert math.isnan(numbers[field]) == (count < least), field


@pytest.mark.parametrize(
    ("rule", "passed"),
    [
        (("price", ">", 10), "b c"),
        (("price", ">=", 10), "a b c"),
        (("price", "<", 20), "a"),
        (("price", "<=", 20), "a b"),
        (("price", "between", [10, 20]), "a b"),
        (("price", "between", [11, 19]), ""),
        (("sector", "in", ["Energy", "Crypto"]), "b c"),
        (("rsi_14", "<", 100), ""),
        (("rsi_14", ">", -100), ""),
        (("rsi_14", "between", [-1e300, 1e300]), ""),
    ],
)
def test_a_rule_lets_pass_what_it_says_and_never_the_unknown(
    rule: tuple[object, ...], passed: str
) -> None:
    universe = [of("A", price=10), of("B", "Energy", price=20), of("C", "Crypto", price=30)]
    found = screen(universe, wanted(rule))
    assert list(found.tickers) == passed.upper().split()
    assert (found.universe, found.matched) == (3, len(passed.split()))


def test_every_rule_must_be_met() -> None:
    universe = [of("A", price=10, volume=1), of("B", price=10, volume=2), of("C", price=1)]
    assert screen(universe, wanted(("price", ">", 5), ("volume", ">", 1))).tickers == ("B",)


def test_the_most_traded_come_first_and_the_limit_cuts_the_rest() -> None:
    universe = [
        of("LITTLE", price=10, average_volume_20=5),
        of("UNKNOWN", price=1000),
        of("MUCH", price=10, average_volume_20=50),
        of("ALSO", price=10, average_volume_20=5),
    ]
    found = screen(universe, wanted(("price", ">", 0)))
    assert found.tickers == ("MUCH", "ALSO", "LITTLE", "UNKNOWN")
    cut = screen(universe, wanted(("price", ">", 0), limit=2))
    assert (cut.tickers, cut.matched, cut.universe) == (("MUCH", "ALSO"), 4, 4)


def test_the_preview_shows_the_unknown_as_null_and_prices_as_text() -> None:
    short = screen([snapshot(BARS.last(1))], wanted(("price", ">", 0)))
    [row] = ScreenPreview.of(short).model_dump(mode="json")["rows"]
    assert float(row["price"]) == pytest.approx(float(BARS.close[-1]), abs=1e-8)
    assert isinstance(row["price"], str)
    assert (row["ticker"], row["sector"], row["rsi_14"]) == ("AAPL", "Technology", None)


def test_a_price_that_never_moves_is_screened_as_well() -> None:
    flat = np.ones(300)
    bars = Bars(
        "ACME",
        BARS.timeframe,
        Source.IMPORTED,
        BARS.opened_at,
        BARS.closed_at,
        *(flat,) * 4,
        flat * 0,
    )
    numbers = snapshot(bars).numbers
    assert numbers[ScreenField.ATR_PERCENT] == numbers[ScreenField.CHANGE_PERCENT] == 0
    assert ScreenPreview.of(screen([snapshot(bars)], wanted(("volume", "<=", 0)))).matched == 1
