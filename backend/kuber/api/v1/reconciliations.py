"""`/api/v1/reconciliations`: whether ledger, positions, orders and fills agree."""

from uuid import UUID

from fastapi import APIRouter

from kuber.api.deps import Caller, ContainerDep, CurrentUser, Db
from kuber.api.idempotency import IDEMPOTENT, IdempotentRoute
from kuber.api.v1.common import Cursor, Limit
from kuber.infra.db import raw_connection
from kuber.trading.reconciliation.schemas import (
    ReconciliationBody,
    ReconciliationPage,
    ReconciliationStatus,
)
from kuber.trading.reconciliation.service import reconciliation_page

router = APIRouter(prefix="/reconciliations", tags=["reconciliations"], route_class=IdempotentRoute)


@router.get("", operation_id="list_reconciliations")
async def list_reconciliations(
    session: Db,
    user: CurrentUser,
    account_id: UUID | None = None,
    status: ReconciliationStatus | None = None,
    cursor: Cursor = None,
    limit: Limit = 50,
) -> ReconciliationPage:
    """Return the comparisons of the caller's accounts, newest first."""
    connection = await raw_connection(session)
    return await reconciliation_page(connection, user.user_id, account_id, status, cursor, limit)


@router.post("", operation_id="reconcile", dependencies=[IDEMPOTENT])
async def reconcile(
    body: ReconciliationBody, container: ContainerDep, user: Caller
) -> ReconciliationPage:
    """Compare an account now, or all open ones, and return what was found. A difference blocks the
    account's entries until a comparison is clean; what is open stays protected."""
    return await container.reconciler.run_now(user.user_id, body.account_id)
