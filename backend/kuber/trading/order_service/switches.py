"""Which switches are set, as the order service goes by them (rule M20)."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from kuber.trading.management.facts import Switch
from kuber.trading.order_service.held import Tracked
from kuber.trading.order_types import SwitchState

PLATFORM = "platform"
_STRICTER = (Switch.RUNNING, Switch.PAUSED, Switch.REDUCE_ONLY, Switch.HALTED)
_MEANS = {
    SwitchState.OFF: Switch.RUNNING,
    SwitchState.PAUSED: Switch.PAUSED,
    SwitchState.REDUCE_ONLY: Switch.REDUCE_ONLY,
    SwitchState.HALTED: Switch.HALTED,
}


@dataclass(frozen=True, slots=True)
class Switches:
    """Those that are not off, at one epoch of the latch. `file` is what `./kuber halt` wrote."""

    epoch: int = 0
    set: Mapping[str, SwitchState] = field(default_factory=dict)
    file: SwitchState = SwitchState.OFF

    def of(self, tracked: Tracked) -> Switch:
        """Return the strictest of platform, user and pipeline."""
        holder = tracked.holder
        scopes = [PLATFORM, f"user:{holder.user_id}"]
        if holder.pipeline_id is not None:
            scopes.append(f"pipeline:{holder.pipeline_id}")
        return strictest([self.file, *(self.set.get(one, SwitchState.OFF) for one in scopes)])


def strictest(states: Iterable[SwitchState]) -> Switch:
    """Return what the strictest of some switches allows."""
    return max((_MEANS[one] for one in states), key=_STRICTER.index, default=Switch.RUNNING)
