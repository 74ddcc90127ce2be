"""Volatility: how far does the market move, and is that much for this market?"""

from kuber.agents.analysis.numbers import last, percentile_of_last
from kuber.agents.analysis.types import Volatility
from kuber.market import indicators
from kuber.market.types import Bars

COMPARED_BARS = 120


def volatility(bars: Bars) -> Volatility:
    """Return the measures of movement of the newest bar; needs 60 bars."""
    close = bars.close
    atr = last(indicators.atr(bars.high, bars.low, close, 14))
    bands = indicators.bollinger(close, 20, 2.0)
    width = (bands.upper - bands.lower) / bands.middle
    realised = indicators.realised_volatility(close, 20, 1.0)
    width_percentile = percentile_of_last(width, COMPARED_BARS)
    realised_percentile = percentile_of_last(realised, COMPARED_BARS)
    atr_percent = 100.0 * atr / last(close)
    return Volatility(
        atr=atr,
        atr_percent=atr_percent,
        bollinger_width=last(width),
        width_percentile=width_percentile,
        realised_percentile=realised_percentile,
        sentences=(f"ATR 14 is {atr_percent:.2f} % of the price.", _compared(realised_percentile)),
    )


def _compared(percentile: float) -> str:
    regime = "nervous" if percentile > 90 else "quiet" if percentile < 25 else "normal"
    return (
        f"Realised volatility is higher than in {percentile:.0f} % of {COMPARED_BARS} bars:"
        f" a {regime} market."
    )
