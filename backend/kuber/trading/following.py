"""Whose prices have to be followed before all others: where money hangs (rule M9)."""

from sqlalchemy import BindParameter, bindparam, select, union
from sqlalchemy.ext.asyncio import AsyncSession

from kuber.trading.account_types import AccountKind
from kuber.trading.lifecycle import OPEN
from kuber.trading.models import AccountRow, OrderRow, PositionRow

# As literals, so that the planner sees that the index of open orders covers them.
_OPEN: BindParameter[list[str]] = bindparam(
    "open", sorted(OPEN), expanding=True, literal_execute=True
)


async def held_symbols(session: AsyncSession) -> frozenset[str]:
    """Return the symbols of all positions that are not closed, and of all open orders of lasting
    accounts, intents included."""
    positions = select(PositionRow.symbol).where(PositionRow.status != "closed")
    orders = (
        select(OrderRow.symbol)
        .join(AccountRow, AccountRow.id == OrderRow.account_id)
        .where(OrderRow.status.in_(_OPEN), AccountRow.kind == AccountKind.LASTING.value)
    )
    return frozenset(await session.scalars(union(positions, orders)))
