"""Confidence: a weighted mean of named factors, so that every figure can be explained."""

from collections.abc import Sequence

from kuber.agents.analysis.numbers import clip
from kuber.agents.analysis.types import Factor


def confidence(factors: Sequence[Factor]) -> float:
    """Return 100 x sum(weight x value) / sum(weight), to one decimal; 0 without factors."""
    weight = sum(factor.weight for factor in factors)
    if weight == 0:
        return 0.0
    total = sum(factor.weight * clip(factor.value, 0.0, 1.0) for factor in factors)
    return round(100.0 * total / weight, 1)


def factor_table(factors: Sequence[Factor]) -> str:
    """Return the factors as a Markdown table."""
    rows = [
        f"| {factor.name} | {clip(factor.value, 0.0, 1.0):.2f} | {factor.weight:g} |"
        for factor in factors
    ]
    return "\n".join(["| Confidence factor | Value (0 to 1) | Weight |", "|---|---|---|", *rows])
