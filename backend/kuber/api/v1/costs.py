"""`/api/v1/costs`: what runs have cost."""

from typing import Annotated

from fastapi import APIRouter, Query

from kuber.api.deps import CurrentUser, Db
from kuber.costs.schemas import CostList
from kuber.costs.spending import CostQuery, GroupBy, spending
from kuber.kernel.wire import Instant

router = APIRouter(prefix="/costs", tags=["costs"])


@router.get("", operation_id="list_costs")
async def list_costs(
    session: Db,
    user: CurrentUser,
    since: Annotated[
        Instant | None, Query(alias="from", description="Charges from this time on.")
    ] = None,
    until: Annotated[Instant | None, Query(alias="to", description="Charges before it.")] = None,
    group_by: GroupBy = GroupBy.DAY,
) -> CostList:
    """Return what the caller's runs cost, added up; pipelines that were deleted count, too."""
    return await spending(session, user.user_id, CostQuery(since, until, group_by))
