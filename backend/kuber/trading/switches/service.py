"""Setting and showing switches. Nothing here commits: latch, switch, record, notice and the close
of positions are one transaction of the caller's."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

from psycopg.types.json import Jsonb
from sqlalchemy.ext.asyncio import AsyncSession

from kuber.audit.entries import append
from kuber.audit.types import AuditEvent, AuditEventType, current_correlation_id
from kuber.infra.db import JsonObject, RawConnection, raw_connection
from kuber.kernel.clock import Clock
from kuber.kernel.errors import Problem
from kuber.kernel.ids import UserId
from kuber.notifications.outbox import tell
from kuber.notifications.types import Notice, NoticeKind
from kuber.trading.order_types import SwitchState
from kuber.trading.switch_table import CAN_FLATTEN, PERMITS, strictest
from kuber.trading.switches import statements
from kuber.trading.switches.errors import CannotFlatten, TradingStopped
from kuber.trading.switches.flattening import flatten_report, order_service_away, stored_report
from kuber.trading.switches.schemas import FlattenReport, SwitchBody, SwitchList, SwitchOut
from kuber.trading.switches.words import (
    COMMAND_LINE,
    PLATFORM,
    USER,
    Standing,
    file_standing,
    pipeline_scope,
    refusal,
    remedy,
    scopes_of,
    set_by_words,
    user_scope,
)


@dataclass(frozen=True, slots=True)
class Scope:
    """Whose trading a switch stops: everybody's without a user, else a user's or a pipeline's."""

    user_id: UserId | None = None
    pipeline_id: UUID | None = None

    @property
    def name(self) -> str:
        """How the switch is stored."""
        if self.pipeline_id is not None:
            return pipeline_scope(self.pipeline_id)
        return PLATFORM if self.user_id is None else user_scope(self.user_id)


class _Row(NamedTuple):
    scope: str
    state: str
    reason: str
    set_by: str
    set_at: datetime
    report: JsonObject | None

    @property
    def standing(self) -> Standing:
        return Standing(self.scope, SwitchState(self.state), self.reason, self.set_by, self.set_at)


class SwitchService:
    """Everybody's switches. `halt_file` tells the state that `./kuber halt` wrote."""

    def __init__(self, clock: Clock, halt_file: Callable[[], SwitchState]) -> None:
        self._clock = clock
        self._halt_file = halt_file

    async def shown(
        self, session: AsyncSession, user_id: UserId, *, admin: bool = False
    ) -> SwitchList:
        """Return the switches that count for a user, those of pipelines as far as ever set.

        Of what the platform's switch closed an administrator sees all, others what is theirs.
        """
        connection, now = await raw_connection(session), self._clock.now()
        rows = await _rows(connection, statements.SHOWN, {"user_id": user_id})
        found = {row.scope: row for row in rows}
        scopes = dict.fromkeys([PLATFORM, user_scope(user_id), *found])
        items = [
            await self._out(connection, one, found.get(one), user_id, whole=admin) for one in scopes
        ]
        file = self._halt_file()
        if file is not SwitchState.OFF:
            items.insert(0, _of_file(file, user_id))
        everywhere = [one.state for one in items if not one.scope.startswith("pipeline:")]
        away = await order_service_away(connection, now)
        return SwitchList(
            items=items,
            effective=_state_of(everywhere),
            order_service="active" if away is None else "away",
        )

    async def set(
        self, session: AsyncSession, scope: Scope, body: SwitchBody, by: UserId | None
    ) -> SwitchOut:
        """Set a switch; `by` is None at the command line. What is set already changes nothing.

        Raises CannotFlatten.
        """
        if body.flatten and body.state not in CAN_FLATTEN:
            message = f"In the state {body.state.value} something may be opened meanwhile."
            fix = "Use reduce_only or halted together with flatten."
            raise CannotFlatten(message, [Problem(message, fix, field="flatten")])
        connection, now = await raw_connection(session), self._clock.now()
        await connection.execute(statements.LATCH)
        rows = await _rows(connection, statements.ONE, {"scope": scope.name})
        before = rows[0] if rows else None
        was = SwitchState.OFF if before is None else SwitchState(before.state)
        if (was, body.flatten) == (body.state, False):
            return await self._out(connection, scope.name, before, scope.user_id)
        if not PERMITS[strictest([body.state])].keeps_entries:
            await connection.execute(statements.TAKE_BACK, _asking(scope, now))
        report = await self._close_all(connection, scope, now) if body.flatten else None
        values = {
            "scope": scope.name,
            "user_id": scope.user_id,
            "state": body.state.value,
            "reason": body.reason,
            "set_by": COMMAND_LINE if by is None else str(by),
            "now": now,
            "report": None if report is None else Jsonb(report),
        }
        (row,) = await _rows(connection, statements.SET, values)
        await self._record(session, scope, row, was, by)
        await self._tell(session, connection, scope, row)
        await connection.execute(statements.WAKE)
        return await self._out(connection, scope.name, row, scope.user_id or by)

    async def require_entries(
        self, session: AsyncSession, user_id: UserId, pipeline_id: UUID | None = None
    ) -> None:
        """Return when entries may be sent, by hand without a pipeline. Raises TradingStopped."""
        for one in await self._standing(session, user_id, pipeline_id):
            if not PERMITS[strictest([one.state])].sends_entries:
                raise _stopped(one, user_id)

    async def require_runs(self, session: AsyncSession, user_id: UserId, pipeline_id: UUID) -> None:
        """Return when runs of the present may start. Raises TradingStopped."""
        for one in await self._standing(session, user_id, pipeline_id):
            if not PERMITS[strictest([one.state])].starts_runs:
                raise _stopped(one, user_id)

    async def _standing(
        self, session: AsyncSession, user_id: UserId, pipeline_id: UUID | None
    ) -> list[Standing]:
        connection = await raw_connection(session)
        values = {"scopes": list(scopes_of(user_id, pipeline_id))}
        cursor = await connection.execute(statements.STANDING, values)
        found = [Standing(*row) for row in await cursor.fetchall()]
        file = self._halt_file()
        return found if file is SwitchState.OFF else [file_standing(file), *found]

    async def _close_all(
        self, connection: RawConnection, scope: Scope, now: datetime
    ) -> JsonObject:
        values = _asking(scope, now)
        row = await (await connection.execute(statements.CLOSE_ALL, values)).fetchone()
        assert row is not None, "an aggregate has a row"
        return stored_report(now, row[0])

    async def _record(
        self, session: AsyncSession, scope: Scope, row: _Row, was: SwitchState, by: UserId | None
    ) -> None:
        said: dict[str, object] = {
            "scope": row.scope,
            "state": row.state,
            "before": was.value,
            "actor_id": by if by is not None else COMMAND_LINE,
            "closing": _positions(row.report) if row.report and _just_now(row) else 0,
        }
        event = AuditEvent(
            AuditEventType.SWITCH_SET,
            row.set_at,
            current_correlation_id(),
            scope.user_id,
            said,
            {"reason": row.reason},
        )
        await append(session, event)

    async def _tell(
        self, session: AsyncSession, connection: RawConnection, scope: Scope, row: _Row
    ) -> None:
        cursor = await connection.execute(statements.CONCERNED, _under(scope))
        kind = "platform" if scope.user_id is None else USER
        said = {
            "scope": "pipeline" if scope.pipeline_id is not None else kind,
            "pipeline_id": None if scope.pipeline_id is None else str(scope.pipeline_id),
            "state": row.state,
            "reason": row.reason,
            "closing": _positions(row.report) if row.report and _just_now(row) else 0,
        }
        notices = [
            Notice(UserId(user_id), NoticeKind.TRADING_SWITCH, row.set_at, said)
            for (user_id,) in await cursor.fetchall()
        ]
        if notices:
            await tell(session, *notices)

    async def _out(
        self,
        connection: RawConnection,
        scope: str,
        row: _Row | None,
        user_id: UserId | None,
        *,
        whole: bool = True,
    ) -> SwitchOut:
        report: FlattenReport | None = None
        if row is not None and row.report is not None:
            only = user_id if scope == PLATFORM and not whole else None
            report = await flatten_report(connection, row.report, self._clock.now(), only)
        return SwitchOut(
            scope=USER if scope == user_scope(user_id or UUID(int=0)) else scope,
            name=None,
            state=SwitchState.OFF if row is None else SwitchState(row.state),
            reason="" if row is None else row.reason,
            set_by=None if row is None else set_by_words(row.standing, user_id or UUID(int=0)),
            set_at=None if row is None else row.set_at,
            report=report,
        )


def _stopped(one: Standing, user_id: UserId) -> TradingStopped:
    said = refusal(one, user_id)
    code, _, text = said.partition(": ")
    problem = Problem(text, remedy(one, user_id), code=code)
    return TradingStopped(text, [problem])


def _of_file(file: SwitchState, user_id: UserId) -> SwitchOut:
    one = file_standing(file)
    return SwitchOut(
        scope=one.scope,
        name=None,
        state=one.state,
        reason=f"Set with ./kuber halt. {remedy(one, user_id)}",
        set_by=set_by_words(one, user_id),
        set_at=None,
        report=None,
    )


def _state_of(states: list[SwitchState]) -> SwitchState:
    strict = strictest(states)
    return next((one for one in states if strictest([one]) is strict), SwitchState.OFF)


def _under(scope: Scope) -> dict[str, Any]:
    return {"user_id": scope.user_id, "pipeline_id": scope.pipeline_id}


def _asking(scope: Scope, now: datetime) -> dict[str, Any]:
    return {
        **_under(scope),
        "args": Jsonb({"switch": scope.name}),
        "correlation_id": current_correlation_id(),
        "now": now,
    }


def _positions(report: JsonObject) -> int:
    return len(report["items"])


def _just_now(row: _Row) -> bool:
    return row.report is not None and row.report["asked_at"] == row.set_at.isoformat()


async def _rows(connection: RawConnection, statement: str, values: dict[str, Any]) -> list[_Row]:
    cursor = await connection.execute(statement.encode(), values)
    return [_Row(*row) for row in await cursor.fetchall()]
