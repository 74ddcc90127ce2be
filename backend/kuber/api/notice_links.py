"""Notices lead to what they speak of while it is there."""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from kuber.api.container import Container
from kuber.kernel.ids import UserId
from kuber.notifications.schemas import NoticeOut


async def drop_dead_links(
    container: Container, session: AsyncSession, user_id: UserId, notices: Sequence[NoticeOut]
) -> None:
    """Take the path off notices whose run or pipeline was deleted."""
    runs = _named(notices, "/runs/")
    pipelines = _named(notices, "/pipelines/")
    there = await container.runs.existing(session, user_id, set(runs.values()))
    known = await container.pipelines.known(session, user_id, set(pipelines.values()))
    standing = {found for found, pipeline in known.items() if not pipeline.deleted}
    gone = {path for path, run_id in runs.items() if run_id not in there}
    gone |= {path for path, pipeline_id in pipelines.items() if pipeline_id not in standing}
    for notice in notices:
        if notice.path in gone:
            notice.path = None


def _named(notices: Sequence[NoticeOut], prefix: str) -> dict[str, UUID]:
    """Return the ids that paths with this beginning name, by path."""
    paths = {notice.path for notice in notices if notice.path and notice.path.startswith(prefix)}
    return {path: UUID(path.removeprefix(prefix)) for path in paths}
