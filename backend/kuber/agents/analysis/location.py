"""Location: where is the price between its supports and resistances?"""

from kuber.agents.analysis.numbers import clip, show
from kuber.agents.analysis.types import Evidence, Levels
from kuber.market import support_resistance
from kuber.market.types import Bars

TOLERANCE_ATR = 0.5
"""How far apart, in ATRs, two turning points of one level may be."""


def find_levels(bars: Bars, atr: float) -> Levels:
    """Return the turning prices around the newest close, nearest first."""
    if atr <= 0:
        return Levels((), ())
    found = support_resistance.levels(bars.high, bars.low, bars.close, TOLERANCE_ATR * atr)
    return Levels(
        tuple(level.price for level in found.supports),
        tuple(level.price for level in found.resistances),
    )


def location(price: float, levels: Levels, atr: float) -> Evidence:
    """Return the location's evidence: room above against room below.

    score = 100 x (up - down) / (up + down), where up and down are the distances to the nearest
    resistance and support, each at most 4 ATRs, and 4 ATRs where there is none.
    """
    if atr <= 0:
        return Evidence("Location", 0.0, ("The market does not move.",), {})
    far = 4.0 * atr
    up = min(far, levels.resistances[0] - price) if levels.resistances else far
    down = min(far, price - levels.supports[0]) if levels.supports else far
    score = 100.0 * clip((up - down) / (up + down)) if up + down > 0 else 0.0
    return Evidence("Location", round(score, 2), (_sentence(price, levels, atr),), _figures(levels))


def _sentence(price: float, levels: Levels, atr: float) -> str:
    parts = []
    if levels.supports:
        gap = (price - levels.supports[0]) / atr
        parts.append(f"support at {show(levels.supports[0])} ({gap:.1f} ATR below)")
    if levels.resistances:
        gap = (levels.resistances[0] - price) / atr
        parts.append(f"resistance at {show(levels.resistances[0])} ({gap:.1f} ATR above)")
    text = " and ".join(parts) or "no support or resistance in sight"
    return f"{text[0].upper()}{text[1:]}."


def _figures(levels: Levels) -> dict[str, float]:
    figures = {}
    if levels.supports:
        figures["support"] = float(f"{levels.supports[0]:.6g}")
    if levels.resistances:
        figures["resistance"] = float(f"{levels.resistances[0]:.6g}")
    return figures
