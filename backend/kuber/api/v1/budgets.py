"""`/api/v1/budgets`: what runs may cost."""

from fastapi import APIRouter

from kuber.api.deps import ContainerDep, CurrentUser, Db
from kuber.api.on_record import record
from kuber.audit.types import AuditEventType
from kuber.costs.schemas import BudgetBody, BudgetOut

router = APIRouter(prefix="/budgets", tags=["budgets"])


@router.get("", operation_id="get_budget")
async def get_budget(container: ContainerDep, session: Db, user: CurrentUser) -> BudgetOut:
    """Return the limits in force and what today's runs cost."""
    return await container.costs.budget(session, user.user_id)


@router.put("", operation_id="put_budget")
async def put_budget(
    body: BudgetBody, container: ContainerDep, session: Db, user: CurrentUser
) -> BudgetOut:
    """Replace the limits; null goes back to the platform's default."""
    budget = await container.costs.set_budget(session, user.user_id, body)
    said = {"per_run": body.per_run, "per_day": body.per_day}
    await record(container, session, AuditEventType.BUDGET_CHANGED, user.user_id, said)
    return budget
