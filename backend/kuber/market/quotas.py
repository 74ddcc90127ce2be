"""Of how many symbols one user may have imported bars."""

from sqlalchemy.ext.asyncio import AsyncSession

from kuber.identity.limit_kinds import LimitName
from kuber.identity.limits import limit_of, quota_reached
from kuber.kernel.ids import UserId
from kuber.market.repository import count_symbols


async def imported_symbols(session: AsyncSession, user_id: UserId) -> int:
    """Return of how many symbols the user has imported bars, those of this transaction included."""
    return await count_symbols(session, user_id)


async def require_symbol_room(session: AsyncSession, user_id: UserId, before: int) -> None:
    """Raise QuotaReached when there are too many, and more than `before`; asked after writing,
    before the commit.

    What others write at the same moment is not seen: a user may go over by what is under way.
    """
    most = await limit_of(session, user_id, LimitName.IMPORTED_SYMBOLS)
    count = await imported_symbols(session, user_id)
    if count > max(most, before):
        raise quota_reached(
            LimitName.IMPORTED_SYMBOLS,
            most,
            f"With this file you would have bars of {count:,} symbols of your own; {most:,} may be."
            " Nothing was imported.",
            "Delete the imports of symbols that you do not need, or import fewer symbols.",
        )
