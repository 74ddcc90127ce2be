"""Which account orders of a pipeline go to."""

from uuid import UUID

from sqlalchemy import ColumnElement, select
from sqlalchemy.ext.asyncio import AsyncSession

from kuber.kernel.ids import UserId
from kuber.trading.account_types import AccountKind, AccountStatus
from kuber.trading.models import AccountRow


async def usable_account(
    session: AsyncSession, user_id: UserId, account_id: UUID, mode: str
) -> bool:
    """Return whether an account is the user's, open and of a mode; it stays so until the commit."""
    query = select(AccountRow.id).where(AccountRow.id == account_id, *_open(user_id, mode))
    return await session.scalar(query.with_for_update(read=True)) is not None


async def first_open_account(session: AsyncSession, user_id: UserId, mode: str) -> UUID | None:
    """Return the oldest open account of a mode: that of pipelines which name none."""
    query = select(AccountRow.id).where(*_open(user_id, mode))
    return await session.scalar(query.order_by(AccountRow.created_at, AccountRow.id).limit(1))


def _open(user_id: UserId, mode: str) -> tuple[ColumnElement[bool], ...]:
    return (
        AccountRow.user_id == user_id,
        AccountRow.mode == mode,
        AccountRow.kind == AccountKind.LASTING.value,
        AccountRow.status == AccountStatus.OPEN.value,
    )
