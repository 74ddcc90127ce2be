"""Reconciliations: daily, when somebody asks, and of blocked accounts until they agree again."""

from collections.abc import Collection
from datetime import UTC, datetime, timedelta
from uuid import UUID

from prometheus_client import Gauge

from kuber.infra.db import RawConnection, RawPool
from kuber.kernel.clock import Clock, as_utc
from kuber.kernel.cursors import bad_cursor, decode_cursor, encode_cursor
from kuber.kernel.ids import UserId
from kuber.trading.accounts.errors import AccountNotFound
from kuber.trading.reconciliation import statements
from kuber.trading.reconciliation.accounts import differences_of, keep
from kuber.trading.reconciliation.schemas import (
    DifferenceOut,
    ReconciliationOut,
    ReconciliationPage,
    ReconciliationStatus,
)

DUE_AT = timedelta(hours=3, minutes=30)
"""After midnight UTC. Who was not there at the time does it as soon as they are."""
_MOST = 100

BLOCKED = Gauge("kuber_accounts_blocked", "Accounts that open nothing since they do not agree")


class Reconciler:
    """Compares accounts on connections of `pool`."""

    def __init__(self, pool: RawPool, clock: Clock) -> None:
        self._pool = pool
        self._clock = clock

    async def run_once(self) -> int:
        """Compare what is due, and what is blocked; return how many accounts that were."""
        now = self._clock.now()
        since = _day_of(now) + DUE_AT
        done = 0
        async with self._pool.connection() as connection:
            while due := await _ids(connection, statements.DUE, since=since, most=_MOST):
                for account_id in due:
                    await self._compare(connection, account_id)
                done += len(due)
            for account_id in await _ids(connection, statements.BLOCKED):
                await self._compare_again(connection, account_id)
            BLOCKED.set(len(await _ids(connection, statements.BLOCKED)))
        return done

    async def run_now(self, user_id: UserId, account_id: UUID | None) -> ReconciliationPage:
        """Compare one account of a user, or all open ones. Raises AccountNotFound."""
        async with self._pool.connection() as connection:
            wanted = {"user_id": user_id, "account_id": account_id}
            accounts = await _ids(connection, statements.OWNED, **wanted)
            if account_id is not None and not accounts:
                raise AccountNotFound("There is no account with this id.")
            made = [await self._compare(connection, one) for one in accounts]
            cursor = await connection.execute(statements.SOME, {"ids": made})
            items = [_out(row) for row in await cursor.fetchall()]
        return ReconciliationPage(items=items, next_cursor=None)

    async def _compare(self, connection: RawConnection, account_id: UUID) -> UUID:
        at = self._clock.now()
        found = await differences_of(connection, account_id)
        (made,) = await keep(connection, {account_id: found}, at)
        return made

    async def _compare_again(self, connection: RawConnection, account_id: UUID) -> None:
        """Let a blocked account go once it agrees; while it does not, nothing new is said."""
        at = self._clock.now()
        if not await differences_of(connection, account_id):
            await keep(connection, {account_id: []}, at)


async def reconciliation_page(
    connection: RawConnection,
    user_id: UserId,
    account_id: UUID | None,
    status: ReconciliationStatus | None,
    cursor: str | None,
    limit: int,
) -> ReconciliationPage:
    """Return comparisons of a user's accounts, the newest first. Raises BadCursor."""
    before_at, before_id = (None, None) if cursor is None else _bound(cursor)
    values = {
        "user_id": user_id,
        "account_id": account_id,
        "status": None if status is None else status.value,
        "before_at": before_at,
        "before_id": before_id,
        "most": limit + 1,
    }
    found = await (await connection.execute(statements.PAGE, values)).fetchall()
    items = [_out(row) for row in found[:limit]]
    more = len(found) > limit
    return ReconciliationPage(
        items=items,
        next_cursor=encode_cursor(items[-1].at.isoformat(), str(items[-1].id)) if more else None,
    )


def _out(row: tuple[object, ...]) -> ReconciliationOut:
    id_, account_id, name, at, status, differences = row
    assert isinstance(differences, dict), "it is an object"
    return ReconciliationOut(
        id=id_,
        account_id=account_id,
        account_name=name,
        at=at,
        status=status,
        differences=[DifferenceOut(**one) for one in differences["items"]],
    )


def _day_of(now: datetime) -> datetime:
    """Return the midnight whose reconciliation is the newest that is due."""
    day = (now - DUE_AT).date()
    return datetime(day.year, day.month, day.day, tzinfo=UTC)


def _bound(cursor: str) -> tuple[datetime, UUID]:
    at, id_ = decode_cursor(cursor, 2)
    try:
        return as_utc(datetime.fromisoformat(at)), UUID(id_)
    except ValueError as error:
        raise bad_cursor() from error


async def _ids(connection: RawConnection, statement: str, **values: object) -> Collection[UUID]:
    return [
        row[0] for row in await (await connection.execute(statement.encode(), values)).fetchall()
    ]
