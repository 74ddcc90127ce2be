"""`/api/v1/costs`: what runs have cost."""

from typing import Annotated

from fastapi import APIRouter, Query
from pydantic import BeforeValidator

from kuber.api.deps import CurrentUser, Db
from kuber.costs.schemas import CostList
from kuber.costs.spending import CostQuery, GroupBy, spending
from kuber.kernel.wire import Instant

router = APIRouter(prefix="/costs", tags=["costs"])


def _kept(value: object) -> object:
    """Refuse the grouping for which charges hold nothing: which model a node asked."""
    if value == "model":
        kept = ", ".join(GroupBy)
        raise ValueError(f"Charges do not say which model was asked. Group them by one of: {kept}.")
    return value


@router.get("", operation_id="list_costs")
async def list_costs(
    session: Db,
    user: CurrentUser,
    since: Annotated[
        Instant | None, Query(alias="from", description="Charges from this time on.")
    ] = None,
    until: Annotated[Instant | None, Query(alias="to", description="Charges before it.")] = None,
    group_by: Annotated[GroupBy, BeforeValidator(_kept)] = GroupBy.DAY,
) -> CostList:
    """Return what the caller's runs cost, added up; pipelines that were deleted count, too."""
    return await spending(session, user.user_id, CostQuery(since, until, group_by))
