"""What the owner of a pipeline is told of it."""

from sqlalchemy.ext.asyncio import AsyncSession

from kuber.kernel.ids import UserId
from kuber.notifications.outbox import tell
from kuber.notifications.types import Notice, NoticeKind
from kuber.pipelines.models import PipelineRow
from kuber.pipelines.on_record import Standing
from kuber.pipelines.types import PipelineStatus


async def tell_if_switched_off(session: AsyncSession, row: PipelineRow, before: Standing) -> None:
    """Tell the owner when a change of something else took an active pipeline out of use."""
    active = PipelineStatus.ACTIVE.value
    if before.status != active or row.status == active:
        return
    reason = "A change of its trigger leaves nothing that could start it."
    if row.problem_count:
        problems = "1 problem" if row.problem_count == 1 else f"{row.problem_count} problems"
        reason = f"A change left {problems} in its graph."
    said = {"pipeline_id": str(row.id), "pipeline_name": row.name, "reason": reason}
    kind = NoticeKind.PIPELINE_SWITCHED_OFF
    await tell(session, Notice(UserId(row.user_id), kind, row.updated_at, said))
