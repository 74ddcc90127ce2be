"""What a switch allows (rule M20): one row for each state. Exits pass in every state."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum

from kuber.trading.order_types import SwitchState


class Switch(StrEnum):
    """What is allowed: the strictest of platform, user and pipeline."""

    RUNNING = "running"
    PAUSED = "paused"
    REDUCE_ONLY = "reduce_only"
    HALTED = "halted"


@dataclass(frozen=True, slots=True)
class Permits:
    """A row of the table. What is not named here, exits and the monitor, goes on in every state."""

    starts_runs: bool
    """Whether runs of the present start. Those of a chosen moment in the past trade in an account
    of their own, so no switch stops them."""
    sends_entries: bool
    """Whether entries are sent, those of runs and those by hand."""
    keeps_entries: bool
    """Whether an entry that works already goes on."""


PERMITS: Mapping[Switch, Permits] = {
    Switch.RUNNING: Permits(starts_runs=True, sends_entries=True, keeps_entries=True),
    Switch.PAUSED: Permits(starts_runs=False, sends_entries=False, keeps_entries=True),
    Switch.REDUCE_ONLY: Permits(starts_runs=True, sends_entries=False, keeps_entries=False),
    Switch.HALTED: Permits(starts_runs=False, sends_entries=False, keeps_entries=False),
}

STRICTER = tuple(Switch)
"""From what allows everything to what allows least."""

MEANS: Mapping[SwitchState, Switch] = {
    SwitchState.OFF: Switch.RUNNING,
    SwitchState.PAUSED: Switch.PAUSED,
    SwitchState.REDUCE_ONLY: Switch.REDUCE_ONLY,
    SwitchState.HALTED: Switch.HALTED,
}

CAN_FLATTEN = frozenset(
    state for state, switch in MEANS.items() if not PERMITS[switch].keeps_entries
)
"""States in which nothing is opened behind the back of a flattening."""

NO_NEW_RUNS = tuple(
    state.value for state, switch in MEANS.items() if not PERMITS[switch].starts_runs
)


def strictest(states: Iterable[SwitchState]) -> Switch:
    """Return what the strictest of some switches allows."""
    return max((MEANS[one] for one in states), key=STRICTER.index, default=Switch.RUNNING)
