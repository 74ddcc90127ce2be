"""An expression as a list of steps, each computed once per bar, without recursion or eval."""

import math
import operator
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from kuber.signals.generators.base import Bar
from kuber.signals.generators.expressions.functions import STEP_COST, Kind, Update
from kuber.signals.generators.streaming import NAN

Make = Callable[[], Update]
"""Returns a fresh computation, so that two series do not share their past."""


@dataclass(frozen=True, slots=True)
class Step:
    """Computes one value from those of earlier steps; a condition is 1, 0, or NaN for unknown."""

    text: str
    """How it is written, where that is shown; else empty."""
    make: Make
    inputs: tuple[int, ...]
    kind: Kind
    settling: int
    """Bars after which the value no longer depends on where the series began."""
    shown: bool
    """Whether the value explains a signal: a field, or what a function gave."""
    reads: int
    """How many values it goes through on one bar, or keeps for later ones."""


@dataclass(frozen=True, slots=True)
class Program:
    """A checked expression. The last of its steps is the whole."""

    steps: tuple[Step, ...]

    @property
    def settling(self) -> int:
        return max(step.settling for step in self.steps)

    @property
    def reads(self) -> int:
        """Return how many values all steps go through on one bar, or keep for later ones."""
        return sum(step.reads for step in self.steps)

    @property
    def cost(self) -> int:
        """Return how many values are gone through up to the first bar that counts, at most."""
        return self.settling * (self.reads + STEP_COST * len(self.steps))

    def start(self) -> "Evaluation":
        """Return an evaluation that has seen no bar."""
        return Evaluation(self)


class Evaluation:
    """The state of a program on one series."""

    def __init__(self, program: Program) -> None:
        self._steps = program.steps
        self._updates = [step.make() for step in program.steps]
        self._values: list[float] = [NAN] * len(program.steps)

    def update(self, bar: Bar) -> bool | None:
        """Return whether the expression holds on the next bar; None while that is unknown."""
        values = self._values
        for at, (step, update) in enumerate(zip(self._steps, self._updates, strict=True)):
            value = update(*(values[one] for one in step.inputs)) if step.inputs else update(bar)
            values[at] = value if math.isfinite(value) else NAN
        result = values[-1]
        return None if math.isnan(result) else result != 0.0

    def shown(self) -> Mapping[str, float]:
        """Return the values that explain the last answer, by how they are written."""
        return {
            step.text: value
            for step, value in zip(self._steps, self._values, strict=True)
            if step.shown
        }


def field(name: str) -> Make:
    """Return what reads a field of the bar."""
    return lambda: operator.attrgetter(name)


def constant(value: float) -> Make:
    """Return what gives the same number on every bar."""
    return lambda: lambda _bar: value


def _divide(left: float, right: float) -> float:
    return left / right if right != 0 else NAN


ARITHMETIC: Mapping[str, Update] = {
    "+": operator.add,
    "-": operator.sub,
    "*": operator.mul,
    "/": _divide,
}


def _comparing(compare: Callable[[float, float], bool]) -> Update:
    def update(left: float, right: float) -> float:
        return NAN if math.isnan(left) or math.isnan(right) else float(compare(left, right))

    return update


COMPARISONS: Mapping[str, Update] = {
    "<": _comparing(operator.lt),
    "<=": _comparing(operator.le),
    ">": _comparing(operator.gt),
    ">=": _comparing(operator.ge),
    "==": _comparing(operator.eq),
    "!=": _comparing(operator.ne),
}


def negation(value: float) -> float:
    """Return `not value`; unknown stays unknown."""
    return NAN if math.isnan(value) else 1.0 - value


def conjunction(*values: float) -> float:
    """Return whether all hold; false decides, else unknown does (Kleene, 1938)."""
    return 0.0 if 0.0 in values else (NAN if any(map(math.isnan, values)) else 1.0)


def disjunction(*values: float) -> float:
    """Return whether any holds; true decides, else unknown does (Kleene, 1938)."""
    return 1.0 if 1.0 in values else (NAN if any(map(math.isnan, values)) else 0.0)
