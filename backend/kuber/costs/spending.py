"""What was spent, added up: the bill by agent, symbol, mode, pipeline or day."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import ColumnElement, String, and_, cast, func, literal, select
from sqlalchemy.dialects.postgresql import ARRAY, aggregate_order_by
from sqlalchemy.ext.asyncio import AsyncSession

from kuber.costs.models import CostEntry
from kuber.costs.schemas import CostGroup, CostList
from kuber.kernel.ids import UserId

MOST_GROUPS = 1_000
"""Groups of one answer: the newest days, or what cost most."""


class GroupBy(StrEnum):
    AGENT = "agent"
    SYMBOL = "symbol"
    MODE = "mode"
    PIPELINE = "pipeline"
    DAY = "day"


_DAY = func.to_char(func.timezone("UTC", CostEntry.charged_at), "YYYY-MM-DD")
_KEYS: dict[GroupBy, ColumnElement[Any]] = {
    GroupBy.AGENT: CostEntry.agent_type.expression,
    GroupBy.SYMBOL: CostEntry.symbol.expression,
    GroupBy.MODE: CostEntry.mode.expression,
    GroupBy.PIPELINE: cast(CostEntry.pipeline_id, String),
    GroupBy.DAY: _DAY,
}


@dataclass(frozen=True, slots=True)
class CostQuery:
    """Which charges to add up: from `since` on and before `until`; None leaves that end open."""

    since: datetime | None = None
    until: datetime | None = None
    group_by: GroupBy = GroupBy.DAY


async def spending(session: AsyncSession, user_id: UserId, query: CostQuery) -> CostList:
    """Return what a user's runs cost, also those that were deleted since, in USD."""
    chosen = [CostEntry.user_id == user_id]
    if query.since is not None:
        chosen.append(CostEntry.charged_at >= query.since)
    if query.until is not None:
        chosen.append(CostEntry.charged_at < query.until)
    key = _KEYS[query.group_by].label("key")
    amount = func.sum(CostEntry.amount).label("amount")
    newest_first = aggregate_order_by(CostEntry.pipeline_name, CostEntry.charged_at.desc())
    name: ColumnElement[Any] = literal(None, String())
    if query.group_by is GroupBy.PIPELINE:
        name = func.array_agg(newest_first, type_=ARRAY(String))[1]
    order = key.desc() if query.group_by is GroupBy.DAY else amount.desc()
    groups = await session.execute(
        select(
            key,
            name.label("name"),
            amount,
            func.count(CostEntry.run_id.distinct()).label("runs"),
            func.sum(CostEntry.input_tokens).label("input_tokens"),
            func.sum(CostEntry.output_tokens).label("output_tokens"),
        )
        .where(and_(*chosen))
        .group_by(key)
        .order_by(order, key)
        .limit(MOST_GROUPS)
    )
    everything = select(func.coalesce(func.sum(CostEntry.amount), 0)).where(*chosen)
    total = (await session.execute(everything)).scalar_one()
    items = [CostGroup.model_validate(row, from_attributes=True) for row in groups]
    return CostList(items=items, total=total, next_cursor=None)
