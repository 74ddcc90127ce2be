"""Whether what a trigger names belongs to the pipeline's user."""

from sqlalchemy.ext.asyncio import AsyncSession

from kuber.kernel.errors import Problem
from kuber.kernel.ids import UserId
from kuber.market.scanners.service import owns_scanner
from kuber.pipelines.errors import PipelineError
from kuber.pipelines.types import SignalTrigger, Trigger


async def owns_scanner_of(session: AsyncSession, user_id: UserId, trigger: Trigger) -> bool:
    """Return whether the scanner that a trigger names is the user's; true when it names none."""
    if not isinstance(trigger, SignalTrigger) or trigger.scanner_id is None:
        return True
    return await owns_scanner(session, user_id, trigger.scanner_id)


async def without_gone_scanner(session: AsyncSession, user_id: UserId, trigger: Trigger) -> Trigger:
    """Return a trigger as it is, or without a scanner that the user does not have any more."""
    if isinstance(trigger, SignalTrigger) and not await owns_scanner_of(session, user_id, trigger):
        return trigger.model_copy(update={"scanner_id": None})
    return trigger


async def require_own_scanner(session: AsyncSession, user_id: UserId, trigger: Trigger) -> None:
    """Raise PipelineError when a trigger names a scanner that is not the user's."""
    if isinstance(trigger, SignalTrigger) and not await owns_scanner_of(session, user_id, trigger):
        problem = Problem(
            "Unknown scanner.", "Choose one of your scanners.", field="trigger.scanner_id"
        )
        raise PipelineError(f"There is no scanner {trigger.scanner_id}.", [problem])
