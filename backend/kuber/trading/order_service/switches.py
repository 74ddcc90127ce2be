"""Which switches are set, as the order service goes by them (rule M20)."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from uuid import UUID

from kuber.infra.db import RawConnection
from kuber.trading.order_service import statements
from kuber.trading.order_service.held import Tracked
from kuber.trading.order_types import SwitchState
from kuber.trading.switch_table import PERMITS, Switch, strictest
from kuber.trading.switches.words import (
    FILE,
    Standing,
    file_standing,
    refusal,
    scopes_of,
    was_refused,
)

LATE_WITHIN = timedelta(minutes=1)
"""For so long after a switch went off, what was decided before that is refused."""


@dataclass(frozen=True, slots=True)
class Switches:
    """Those that are not off, at one epoch of the latch, and those that went off just now. `file`
    is what `./kuber halt` wrote."""

    epoch: int = 0
    set: Mapping[str, Standing] = field(default_factory=dict)
    gone: Mapping[str, datetime] = field(default_factory=dict)
    """When entries were allowed again, by scope."""
    file: SwitchState = SwitchState.OFF

    def of(self, tracked: Tracked) -> Switch:
        """Return the strictest of platform, user and pipeline."""
        holder = tracked.holder
        return strictest(one.state for one in self._standing(holder.user_id, holder.pipeline_id))

    def why_not(self, user_id: UUID, pipeline_id: UUID | None, decided_at: datetime) -> str | None:
        """Return why an entry that was decided then is not sent, None where it may be."""
        for one in self._standing(user_id, pipeline_id):
            if not PERMITS[strictest([one.state])].sends_entries:
                return refusal(one, user_id)
        for scope in (FILE, *scopes_of(user_id, pipeline_id)):
            until = self.gone.get(scope)
            if until is not None and decided_at <= until:
                return was_refused(scope, until)
        return None

    def _standing(self, user_id: UUID, pipeline_id: UUID | None) -> Iterator[Standing]:
        if self.file is not SwitchState.OFF:
            yield file_standing(self.file)
        for scope in scopes_of(user_id, pipeline_id):
            if (found := self.set.get(scope)) is not None:
                yield found


async def read_switches(
    connection: RawConnection, before: Switches, file: SwitchState, now: datetime
) -> Switches:
    """Return the switches as they are set. A file that is gone since `before` is remembered."""
    latch = await connection.execute(statements.LATCH)
    values = {"since": now - LATE_WITHIN}
    cursor = await connection.execute(statements.SWITCHES, values)
    row = await latch.fetchone()
    assert row is not None, "the migration made the latch"
    found = [Standing(*each) for each in await cursor.fetchall()]
    gone = {
        one.scope: one.set_at
        for one in found
        if one.state is SwitchState.OFF and one.set_at is not None
    }
    if FILE in before.gone:
        gone[FILE] = before.gone[FILE]
    if file is SwitchState.OFF and before.file is not SwitchState.OFF:
        gone[FILE] = now
    on = {one.scope: one for one in found if one.state is not SwitchState.OFF}
    gone = {scope: at for scope, at in gone.items() if now - at <= LATE_WITHIN}
    return Switches(row[0], on, gone, file)
