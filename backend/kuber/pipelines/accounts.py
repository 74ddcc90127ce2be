"""In which account a pipeline's runs of the present trade."""

from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from kuber.kernel.errors import Problem
from kuber.kernel.ids import UserId
from kuber.pipelines.errors import PipelineError
from kuber.trading.accounts.choosing import usable_account


async def require_own_account(
    session: AsyncSession, user_id: UserId, account_id: UUID | None, mode: str
) -> UUID | None:
    """Return the account, None for the user's first. It stays open until the commit.

    Raises PipelineError unless it is an open account of the user, of the pipeline's mode.
    """
    if account_id is None or await usable_account(session, user_id, account_id, mode):
        return account_id
    message = f"You have no open account of mode {mode} with this id."
    remedy = "Choose one of your open accounts of the pipeline's mode, or none for the first."
    raise PipelineError(message, [Problem(message, remedy, field="account_id")])


async def account_in(
    session: AsyncSession, user_id: UserId, account_id: UUID | None, mode: str
) -> UUID | None:
    """Return the account if a pipeline of `mode` may use it, else None: the first."""
    if account_id is None or not await usable_account(session, user_id, account_id, mode):
        return None
    return account_id
