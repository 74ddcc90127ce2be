"""What a crew is asked to do, as data."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Generic, TypeVar

from kuber.agents.crews.answers import Answer

A = TypeVar("A", bound=Answer)


@dataclass(frozen=True, slots=True)
class Role:
    """A member of a crew."""

    name: str
    goal: str
    backstory: str


@dataclass(frozen=True, slots=True)
class Step:
    """One task of one role; its answer is shown to all later steps."""

    role: Role
    task: str
    expects: str


@dataclass(frozen=True, slots=True)
class CrewBrief(Generic[A]):
    """A crew's work. `check` returns what is wrong with an answer of the right shape, if any."""

    name: str
    steps: tuple[Step, ...]
    answer: type[A]
    check: Callable[[A], str | None]
