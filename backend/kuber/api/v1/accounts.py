"""`/api/v1/accounts`: where pipelines trade, and what is on the books."""

import re
from collections.abc import AsyncIterator
from datetime import UTC, date, datetime, timedelta
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query
from fastapi.responses import StreamingResponse
from pydantic import BeforeValidator

from kuber.api.deps import AccountReader, ContainerDep, CurrentUser, Db
from kuber.api.idempotency import IDEMPOTENT, IdempotentRoute
from kuber.api.v1.common import Cursor, Limit
from kuber.kernel.wire import Instant
from kuber.trading.account_types import AccountStatus
from kuber.trading.accounts.reading import equity_series, ledger_page
from kuber.trading.accounts.schemas import (
    AccountChange,
    AccountCreate,
    AccountList,
    AccountOut,
    DepositBody,
    EquitySeries,
    LedgerPage,
)
from kuber.trading.accounts.statement import statement

router = APIRouter(prefix="/accounts", tags=["accounts"], route_class=IdempotentRoute)

_DAY = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)
_BEGINNING = datetime(1970, 1, 1, tzinfo=UTC)


def _begins(value: object) -> object:
    return f"{value}T00:00:00Z" if isinstance(value, str) and _DAY.fullmatch(value) else value


def _ends(value: object) -> object:
    if not (isinstance(value, str) and _DAY.fullmatch(value)):
        return value
    try:
        return f"{date.fromisoformat(value) + timedelta(days=1)}T00:00:00Z"
    except (ValueError, OverflowError):
        return value


_Since = Annotated[Instant, BeforeValidator(_begins)]
_Until = Annotated[Instant, BeforeValidator(_ends)]


@router.get("", operation_id="list_accounts")
async def list_accounts(
    container: ContainerDep,
    session: Db,
    user: AccountReader,
    status: AccountStatus | None = None,
    cursor: Cursor = None,
    limit: Limit = 50,
) -> AccountList:
    """Return the caller's accounts, newest first, those that were reset among them."""
    return await container.accounts.page(session, user.user_id, status, cursor, limit)


@router.post("", status_code=201, operation_id="open_account", dependencies=[IDEMPOTENT])
async def open_account(
    body: AccountCreate, container: ContainerDep, session: Db, user: CurrentUser
) -> AccountOut:
    """Open a further simulation account with its starting balance. Codes: quota_reached."""
    return await container.accounts.open(session, user.user_id, body)


@router.put("/{account_id}", operation_id="change_account")
async def change_account(
    account_id: UUID, body: AccountChange, container: ContainerDep, session: Db, user: CurrentUser
) -> AccountOut:
    """Change name and options; what is left out stays. `starting_balance` counts at a reset."""
    return await container.accounts.change(session, user.user_id, account_id, body)


@router.post("/{account_id}/reset", operation_id="reset_account", dependencies=[IDEMPOTENT])
async def reset_account(
    account_id: UUID, container: ContainerDep, session: Db, user: CurrentUser
) -> AccountOut:
    """Close what is open in a simulation account and open another in its place, which is returned.

    Orders are cancelled, positions closed as `reset` without profit or loss, debt is forgiven;
    pipelines follow and the history stays. Codes: account_was_reset.
    """
    return await container.resets.reset(session, user.user_id, account_id)


@router.post(
    "/{account_id}/deposits",
    status_code=201,
    operation_id="deposit",
    dependencies=[IDEMPOTENT],
)
async def deposit(
    account_id: UUID, body: DepositBody, container: ContainerDep, session: Db, user: CurrentUser
) -> AccountOut:
    """Pay into a simulation account; returns it. Codes: bad_deposit, account_was_reset."""
    return await container.accounts.deposit(session, user.user_id, account_id, body)


@router.get("/{account_id}/equity", operation_id="get_equity")
async def get_equity(
    account_id: UUID,
    container: ContainerDep,
    session: Db,
    user: AccountReader,
    since: Annotated[
        _Since | None, Query(alias="from", description="A day in UTC, or a time; the opening.")
    ] = None,
    until: Annotated[
        _Until | None, Query(alias="to", description="A day in UTC, which is included, or a time.")
    ] = None,
) -> EquitySeries:
    """Return what an account was worth over time, oldest first; 1,500 points at most."""
    until = until or container.clock.now()
    return await equity_series(session, user.user_id, account_id, since or _BEGINNING, until)


@router.get("/{account_id}/ledger", operation_id="list_ledger_entries")
async def list_ledger_entries(
    account_id: UUID,
    session: Db,
    user: AccountReader,
    cursor: Cursor = None,
    limit: Limit = 50,
) -> LedgerPage:
    """Return what was posted in the account, newest first; nothing changes or deletes it."""
    return await ledger_page(session, user.user_id, account_id, cursor, limit)


@router.get(
    "/{account_id}/statement.csv",
    operation_id="get_statement",
    response_class=StreamingResponse,
    responses={200: {"content": {"text/csv": {"schema": {"type": "string"}}}}},
)
async def get_statement(
    account_id: UUID,
    container: ContainerDep,
    user: AccountReader,
    since: Annotated[
        _Since | None, Query(alias="from", description="A day in UTC, or a time; the opening.")
    ] = None,
    until: Annotated[
        _Until | None,
        Query(alias="to", description="A day in UTC, which is included, or the time it ends at."),
    ] = None,
) -> StreamingResponse:
    """Return everything that was posted from a balance to a balance, a row each."""
    parts = statement(
        container.database,
        user.user_id,
        account_id,
        since or _BEGINNING,
        until or container.clock.now(),
    )
    first = await anext(parts)  # what fails at once is a problem, not half a file
    headers = {"Content-Disposition": f'attachment; filename="kuber-statement-{account_id}.csv"'}
    return StreamingResponse(_behind(first, parts), media_type="text/csv", headers=headers)


async def _behind(first: bytes, others: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    yield first
    async for part in others:
        yield part
