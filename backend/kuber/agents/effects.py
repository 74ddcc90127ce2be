"""What an agent reads, and whether its work may be done again: how the engine keeps its results.

A worker can die at any line. What a node had done by then and not put on record is done again by
the next worker, and that is only right where doing it again is the same as doing it once. So each
agent says in its metadata what its work depends on; an agent that says nothing is taken for one
that must never be repeated.
"""

from dataclasses import dataclass
from enum import StrEnum


class Reads(StrEnum):
    """What an agent's result depends on, besides its state, its settings and its seed."""

    DATA = "data"
    """Bars of the versions that the run has pinned, up to its `as_of`."""
    ACCOUNT = "account"
    """Positions, equity or budget, which other runs change."""
    CLOCK = "clock"
    """The present moment."""
    OUTSIDE = "outside"
    """Anything else: a model, a web address, a file."""


class Repeat(StrEnum):
    """Whether a node whose result is not on record may be run again."""

    PURE = "pure"
    """It only computes: run again, it gives the same. Its result is recorded with later ones."""
    RECORDED = "recorded"
    """It may be run again, but with another result: recorded before anything is done with it
    outside, and at once when it asked somebody outside."""
    ORDER = "order"
    """All that it does outside is to order, through the trade desk. The order's intent is recorded
    together with everything before it."""
    KEYED = "keyed"
    """It acts on the outside under a key, so that a repetition acts once. Everything before it is
    recorded before it begins."""
    UNKEYED = "unkeyed"
    """It acts on the outside, and a repetition acts again. It is never repeated once begun: a run
    that was interrupted in it fails as `outcome_unknown`."""


@dataclass(frozen=True, slots=True)
class Effects:
    """What an agent's work depends on and does."""

    reads: frozenset[Reads]
    repeat: Repeat

    def __post_init__(self) -> None:
        if self.repeat is Repeat.PURE and not self.reads <= {Reads.DATA}:
            others = ", ".join(sorted(self.reads - {Reads.DATA}))
            raise ValueError(
                f"what only computes reads nothing but data, not {others}: say recorded"
            )

    @property
    def waits_for_the_record(self) -> bool:
        """Whether everything before must be durable before the node begins."""
        return self.repeat in (Repeat.KEYED, Repeat.UNKEYED) or Reads.OUTSIDE in self.reads

    @property
    def recorded_at_once(self) -> bool:
        """Whether the result must be durable before anything follows it."""
        asked = Reads.OUTSIDE in self.reads and self.repeat is not Repeat.PURE
        return asked or self.repeat is Repeat.UNKEYED


def pure(*reads: Reads) -> Effects:
    """Return the effects of an agent that only computes; Reads.DATA is all it may read."""
    return Effects(frozenset(reads), Repeat.PURE)


def recorded(*reads: Reads) -> Effects:
    """Return the effects of an agent that reads what changes, and touches nothing."""
    return Effects(frozenset(reads), Repeat.RECORDED)


def orders(*reads: Reads) -> Effects:
    """Return the effects of an agent that orders, and does nothing else outside."""
    return Effects(frozenset(reads), Repeat.ORDER)


def keyed(*reads: Reads) -> Effects:
    """Return the effects of an agent that acts under a key."""
    return Effects(frozenset(reads), Repeat.KEYED)


UNDECLARED = Effects(frozenset(Reads), Repeat.UNKEYED)
"""What is assumed of an agent that says nothing."""


def with_model(effects: Effects) -> Effects:
    """Return the effects of an agent that asks a language model: its answer is put on record.

    A model's answer, free or paid, differs from time to time.
    """
    if effects.repeat is not Repeat.PURE:
        return Effects(effects.reads | {Reads.OUTSIDE}, effects.repeat)
    return recorded(*effects.reads, Reads.OUTSIDE)


def with_unpinned_data(effects: Effects) -> Effects:
    """Return the effects of an agent whose bars come from a source without versions."""
    if effects.repeat is Repeat.PURE and Reads.DATA in effects.reads:
        return recorded(*effects.reads)
    return effects
