"""How much of the database one user takes up, added up over all packages.

Each package keeps the size of what it stores beside it; this is the one place that knows where.
The tables are named as foreign keys name them: nothing is imported from above.
"""

from dataclasses import dataclass

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from kuber.identity.limit_kinds import LimitName
from kuber.identity.limits import limit_sql, quota_reached
from kuber.kernel.ids import UserId

BAR_BYTES = 160
"""What one stored bar takes up with its entry in the index, about."""

_LIMIT = limit_sql(LimitName.STORED_BYTES, "cast(:user_id as uuid)")
_ROOM = f"""
    select
    cast(coalesce((select sum(stored_bytes) from pipelines where user_id = :user_id), 0)
        as bigint) as pipelines,
    cast(coalesce((select sum(bar_count) from bar_series
                   where user_id = :user_id and state <> 'dropped'), 0)
        * {BAR_BYTES} as bigint) as bars,
    cast(coalesce((select sum(bytes) from answer_bytes
                   where user_id = :user_id and hour > now() - interval '25 hours'), 0)
        as bigint) as answers,
    {_LIMIT} as most
"""  # noqa: S608  put together from constants


@dataclass(frozen=True, slots=True)
class Storage:
    """What a user stores, and may store at most, in bytes."""

    pipelines: int
    bars: int
    answers: int
    """Answers that are kept a day for repeated requests."""
    most: int

    @property
    def stored(self) -> int:
        return self.pipelines + self.bars + self.answers

    @property
    def remedy(self) -> str:
        """What to delete, by what takes the most room."""
        takes_most = max(self.pipelines, self.bars, self.answers)
        if takes_most == self.bars:
            what = "Most of it are bars that you imported: delete those of symbols that"
        elif takes_most == self.pipelines:
            what = "Most of it are pipelines with their versions: delete those that"
        else:
            return (
                "Most of it are answers kept for repeated requests: they go within a day. Send less"
                " with an Idempotency-Key, or ask an administrator for more."
            )
        return f"{what} you do not need, or ask an administrator for more."


async def storage_of(session: AsyncSession, user_id: UserId) -> Storage:
    """Return what the user stores, changes of this transaction included."""
    row = (await session.execute(text(_ROOM), {"user_id": user_id})).one()
    return Storage(row.pipelines, row.bars, row.answers, row.most)


async def require_storage(session: AsyncSession, user_id: UserId) -> None:
    """Raise QuotaReached when the user stores too much; asked after writing, before the commit.

    What others write at the same moment is not seen: a user may go over by what is under way.
    """
    found = await storage_of(session, user_id)
    if found.stored > found.most:
        raise quota_reached(
            LimitName.STORED_BYTES,
            found.most,
            f"This would take your account to {found.stored / 1e6:,.0f} of"
            f" {found.most / 1e6:,.0f} MB. Nothing was stored.",
            found.remedy,
        )
