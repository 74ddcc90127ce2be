"""What the owner of a pipeline is told of it."""

from sqlalchemy.ext.asyncio import AsyncSession

from kuber.kernel.ids import UserId
from kuber.notifications.outbox import tell
from kuber.notifications.types import Notice, NoticeKind
from kuber.pipelines.models import PipelineRow


async def tell_switched_off(session: AsyncSession, row: PipelineRow, problem_count: int) -> None:
    """Tell the owner that the published graph no longer fits the installed agents."""
    problems = "1 problem" if problem_count == 1 else f"{problem_count} problems"
    reason = f"Version {row.version} has {problems} with the agents that are installed now."
    said = {"pipeline_id": str(row.id), "pipeline_name": row.name, "reason": reason}
    kind = NoticeKind.PIPELINE_SWITCHED_OFF
    await tell(session, Notice(UserId(row.user_id), kind, row.updated_at, said))
