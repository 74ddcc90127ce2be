"""Comparing accounts on a connection, and keeping what was found."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

import structlog
from prometheus_client import Counter
from psycopg import InterfaceError, OperationalError
from psycopg.types.json import Jsonb

from kuber.audit.entries import APPEND, audit_json
from kuber.audit.types import AuditEvent, AuditEventType, current_correlation_id
from kuber.infra.db import JsonObject, RawConnection
from kuber.infra.outbox import announce_events
from kuber.kernel.ids import UserId, new_id
from kuber.ledger.rebuild import differences_within
from kuber.ledger.report import executions_of
from kuber.ledger.store import Ledger
from kuber.ledger.types import Book
from kuber.notifications.outbox import NOTICE_INSERT, notice_json
from kuber.notifications.types import Notice, NoticeKind
from kuber.trading.events import AccountReconciled
from kuber.trading.reconciliation import statements
from kuber.trading.reconciliation.comparing import (
    MOST_TEXT,
    Difference,
    Execution,
    HeldRow,
    OrderSum,
    books_differ,
    executions_differ,
    not_compared,
    orders_differ,
    positions_differ,
)

log = structlog.get_logger(__name__)

RECONCILED = Counter("kuber_reconciliations", "Comparisons of accounts", ["status"])

_MOST_KEPT = 200
"""Differences of one comparison that are listed; the first is said with the block."""
_LEDGER = Ledger(Book.TRADING)


class _Changed(NamedTuple):
    account_id: UUID
    user_id: UUID
    name: str
    was: str | None
    blocked: str | None


async def differences_of(
    connection: RawConnection, account_id: UUID, *, whole: bool = True
) -> list[Difference]:
    """Return where an account's sources differ; not `whole`: positions against lots only.

    The connection is in no transaction.
    """
    values = {"account_id": account_id}

    async def rows(query: str) -> list[Any]:
        return await (await connection.execute(query.encode(), values)).fetchall()

    async with connection.transaction():
        await connection.execute(statements.READ_ONLY)
        held = [HeldRow(*row) for row in await rows(statements.HELD)]
        lots = await _LEDGER.positions(connection, account_id)
        found = list(positions_differ(held, lots))
        if whole:
            books = await differences_within(connection, Book.TRADING, account_id)
            settled = await executions_of(connection, Book.TRADING, account_id)
            fills = {row[0]: Execution(*row[1:]) for row in await rows(statements.FILLS)}
            there = {name: Execution(*one) for name, one in settled.items()}
            sums = [OrderSum(*row) for row in await rows(statements.ORDERS)]
            found += [
                *executions_differ(fills, there),
                *orders_differ(sums),
                *books_differ(books),
            ]
    return found


async def reconcile_at_start(
    connection: RawConnection, now: datetime
) -> dict[UUID, list[Difference]]:
    """Compare the accounts of all positions with their lots, those that are blocked with all that
    there is, and keep what was found (M15). One that cannot be compared is blocked alone."""
    rows = await (await connection.execute(statements.AT_START)).fetchall()
    found = {}
    for account_id, blocked in rows:
        try:
            found[account_id] = await differences_of(connection, account_id, whole=blocked)
        except (OperationalError, InterfaceError):
            raise
        except Exception as error:
            log.exception("account_not_compared", account_id=str(account_id))
            found[account_id] = [not_compared(error)]
    await keep(connection, found, now)
    return found


async def keep(
    connection: RawConnection, found: Mapping[UUID, Sequence[Difference]], at: datetime
) -> list[UUID]:
    """Write what was found of each account at `at`, in one transaction: block its entries or let
    them go, and where that changed put it on record and tell its owner. Return the ids."""
    if not found:
        return []
    rows = [_row(account_id, differences) for account_id, differences in found.items()]
    async with connection.transaction():
        values = {"rows": Jsonb(rows), "at": at}
        cursor = await connection.execute(statements.WRITE, values)
        changed = [_Changed(*row[:5]) for row in await cursor.fetchall()]
        await _record(connection, changed, found, at)
        events = [_event(id_, differences, at) for id_, differences in found.items() if differences]
        if events:
            await announce_events(connection, events)
    for differences in found.values():
        RECONCILED.labels("differs" if differences else "clean").inc()
    return [UUID(row["id"]) for row in rows]


def _event(account_id: UUID, differences: Sequence[Difference], at: datetime) -> AccountReconciled:
    return AccountReconciled(
        occurred_at=at,
        correlation_id=current_correlation_id(),
        account_id=account_id,
        pipeline_id=None,
        position_id=None,
        symbol=None,
        pnl=None,
        differences=tuple(one.text for one in differences[:_MOST_KEPT]),
        at=at,
    )


def _row(account_id: UUID, differences: Sequence[Difference]) -> JsonObject:
    return {
        "id": str(new_id()),
        "account_id": str(account_id),
        "status": "differs" if differences else "clean",
        "differences": {"items": [_json(one) for one in differences[:_MOST_KEPT]]},
        "blocked": differences[0].text[:MOST_TEXT] if differences else None,
    }


def _json(one: Difference) -> JsonObject:
    return {
        "kind": one.kind,
        "symbol": one.symbol,
        "ours": one.ours,
        "theirs": one.theirs,
        "text": one.text,
    }


async def _record(
    connection: RawConnection,
    changed: Iterable[_Changed],
    found: Mapping[UUID, Sequence[Difference]],
    at: datetime,
) -> None:
    events, notices = [], []
    for one in changed:
        differs = one.blocked is not None
        if differs:
            log.error("account_differs", account_id=str(one.account_id), first=one.blocked)
            said = {
                "account_id": str(one.account_id),
                "account_name": one.name,
                "text": one.blocked,
            }
            notices.append(Notice(UserId(one.user_id), NoticeKind.ACCOUNT_DIFFERS, at, said))
        elif one.was is None:
            continue
        kind = AuditEventType.ACCOUNT_DIFFERS if differs else AuditEventType.ACCOUNT_AGREES
        data = {
            "account_id": one.account_id,
            "differences": len(found[one.account_id]),
            "first": one.blocked,
        }
        events.append(AuditEvent(kind, at, current_correlation_id(), UserId(one.user_id), data))
    if events:
        await connection.execute(APPEND.encode(), {"audit": Jsonb(audit_json(events))})
    if notices:
        values = {"notices": Jsonb(notice_json(notices))}
        await connection.execute(NOTICE_INSERT.encode(), values)
