"""The bias: one direction out of several timeframes."""

from collections.abc import Mapping
from dataclasses import dataclass

from kuber.agents.analysis.examine import MIN_BARS, examine, too_short
from kuber.agents.analysis.numbers import STILL_BARS, sign, stands_still
from kuber.agents.analysis.types import Examination, Reading
from kuber.agents.state import Direction
from kuber.market.types import Bars, Timeframe

EVIDENCE_WEIGHTS = {"Trend": 0.5, "Momentum": 0.35, "Location": 0.15}
TIMEFRAME_WEIGHTS = {
    Timeframe.M1: 1.0,
    Timeframe.M2: 1.0,
    Timeframe.M3: 1.2,
    Timeframe.M5: 1.5,
    Timeframe.M10: 1.8,
    Timeframe.M15: 2.0,
    Timeframe.M30: 2.5,
    Timeframe.H1: 3.0,
    Timeframe.H2: 3.5,
    Timeframe.H4: 4.0,
    Timeframe.H6: 4.5,
    Timeframe.H8: 5.0,
    Timeframe.H12: 5.5,
    Timeframe.D1: 6.0,
    Timeframe.W1: 7.0,
    Timeframe.MO1: 8.0,
}
"""The longer a bar, the more its evidence counts."""


@dataclass(frozen=True, slots=True)
class CombinedBias:
    """One direction for an instrument. `score` is from -100 to 100, `confidence` 0 to 100."""

    direction: Direction
    score: float
    confidence: float
    agreement: float
    """Share (0 to 1) of the weight whose score has the sign of the combined score."""
    readings: dict[Timeframe, Reading]


def read_timeframe(bars: Bars, threshold: float) -> Reading:
    """Return the verdict on one timeframe; NEUTRAL, with the reason, when bars are too few or the
    price stands still.

    score = 0.5 trend + 0.35 momentum + 0.15 location; a direction from `threshold` on.
    """
    short = too_short(bars, MIN_BARS)
    if short is not None:
        return Reading(Direction.NEUTRAL, 0.0, None, short)
    if stands_still(bars):
        still = f"the price has not moved for {STILL_BARS} bars"
        return Reading(Direction.NEUTRAL, 0.0, None, still)
    seen = examine(bars)
    score = round(combined_score(seen), 2)
    return Reading(direction_of(score, threshold), score, seen, "")


def combined_score(seen: Examination) -> float:
    """Return the weighted score of an examination's evidence, -100 to 100."""
    return sum(EVIDENCE_WEIGHTS[item.name] * item.score for item in seen.evidence)


def direction_of(score: float, threshold: float) -> Direction:
    """Return the direction of a score, NEUTRAL below `threshold`."""
    if abs(score) < threshold:
        return Direction.NEUTRAL
    return Direction.BULLISH if score > 0 else Direction.BEARISH


def combine(
    readings: Mapping[Timeframe, Reading], threshold: float, equal_weights: bool
) -> CombinedBias:
    """Return the bias of all timeframes together.

    score is the weighted mean of the readings that have an opinion. With a direction,
    confidence = (60 x |score| / 100 + 40 x agreement) x calm x share of the weight that has an
    opinion; without one, 50 + 50 x (1 - |score| / threshold), times the same share.
    """
    weights = {
        timeframe: 1.0 if equal_weights else TIMEFRAME_WEIGHTS[timeframe] for timeframe in readings
    }
    usable = {t: r for t, r in readings.items() if r.examination is not None}
    weight = sum(weights[timeframe] for timeframe in usable)
    if weight == 0:
        return CombinedBias(Direction.NEUTRAL, 0.0, 0.0, 0.0, dict(readings))
    score = sum(weights[t] * reading.score for t, reading in usable.items()) / weight
    agreeing = sum(weights[t] for t, r in usable.items() if sign(r.score) == sign(score))
    agreement = agreeing / weight
    direction = direction_of(score, threshold)
    if direction is Direction.NEUTRAL:
        raw = 50.0 + 50.0 * (1.0 - abs(score) / threshold)
    else:
        calm = sum(weights[t] * _calm(r) for t, r in usable.items()) / weight
        raw = (0.6 * abs(score) + 40.0 * agreement) * calm
    known = weight / sum(weights.values())
    return CombinedBias(
        direction, round(score, 2), round(raw * known, 1), round(agreement, 4), dict(readings)
    )


def _calm(reading: Reading) -> float:
    assert reading.examination is not None, "only usable readings are weighed"
    calm = reading.examination.volatility.calm
    return 1.0 if calm is None else calm
