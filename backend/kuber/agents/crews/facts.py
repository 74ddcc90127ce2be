"""What crews are told: the rule engine's figures as text, never raw bars."""

from kuber.agents.analysis.bias import CombinedBias
from kuber.agents.analysis.numbers import show, show_score
from kuber.agents.analysis.types import Evidence, Examination, Levels, Reading

JSON_ONLY = "One JSON object and nothing else, without a code fence."


def evidence_facts(combined: CombinedBias, name: str) -> str:
    """Return one kind of evidence on every timeframe."""
    lines = []
    for frame, reading in combined.readings.items():
        item = _evidence(reading, name)
        told = (
            f"{show_score(item.score)} of 100. {' '.join(item.sentences)}" if item else reading.note
        )
        lines.append(f"{frame.value}: {told}")
    return "\n".join(lines)


def examination_facts(seen: Examination) -> str:
    """Return all figures of one timeframe."""
    lines = [
        f"Timeframe {seen.bars.timeframe.value}, last close {show(seen.price)}",
        f"ATR 14: {show(seen.volatility.atr)}",
        *(
            f"{e.name} score {show_score(e.score)} of 100. {' '.join(e.sentences)}"
            for e in seen.evidence
        ),
        *seen.volatility.sentences,
        level_facts(seen.levels),
    ]
    return "\n".join(lines)


def level_facts(levels: Levels) -> str:
    """Return the nearest turning prices."""
    supports = ", ".join(show(price) for price in levels.supports[:3]) or "none"
    resistances = ", ".join(show(price) for price in levels.resistances[:3]) or "none"
    return f"Supports below: {supports}. Resistances above: {resistances}."


def _evidence(reading: Reading, name: str) -> Evidence | None:
    seen = reading.examination
    if seen is None:
        return None
    return next(item for item in seen.evidence if item.name == name)
