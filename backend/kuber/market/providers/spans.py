"""Sets of moments: spans of time apart from each other."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

import numpy as np
from numpy.typing import NDArray

from kuber.market.types import TimeArray, to_datetime64

Span = tuple[datetime, datetime]
"""From the first moment up to but without the second."""


@dataclass(frozen=True, slots=True)
class Spans:
    """Spans of time, oldest first; none touches another and none is empty."""

    parts: tuple[Span, ...] = ()

    @classmethod
    def of(cls, spans: Iterable[Span]) -> "Spans":
        """Return the moments that lie in any of `spans`."""
        parts: list[Span] = []
        for start, end in sorted(spans):
            if start >= end:
                continue
            if parts and start <= parts[-1][1]:
                parts[-1] = parts[-1][0], max(parts[-1][1], end)
            else:
                parts.append((start, end))
        return cls(tuple(parts))

    def __bool__(self) -> bool:
        return bool(self.parts)

    def __or__(self, other: "Spans") -> "Spans":
        return Spans.of((*self.parts, *other.parts))

    def __sub__(self, other: "Spans") -> "Spans":
        left = list(self.parts)
        for start, end in other.parts:
            left = [
                piece
                for low, high in left
                for piece in ((low, min(high, start)), (max(low, end), high))
                if piece[0] < piece[1]
            ]
        return Spans(tuple(left))

    def covers(self, other: "Spans") -> bool:
        """Return whether every moment of `other` is one of these."""
        return not other - self

    def within(self, span: Span) -> "Spans":
        """Return the moments that lie in `span` too."""
        start, end = span
        return Spans.of((max(low, start), min(high, end)) for low, high in self.parts)

    def hold(self, instants: TimeArray) -> NDArray[np.bool_]:
        """Return for each instant whether it is one of these moments, shape (n,)."""
        held = np.zeros(len(instants), dtype=np.bool_)
        for start, end in self.parts:
            held |= (instants >= to_datetime64(start)) & (instants < to_datetime64(end))
        return held
