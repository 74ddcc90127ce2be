"""Results that other agents found, made anew in the background when the API starts.

What is published is looked at where it starts by itself: an active pipeline whose published graph
no longer fits the installed agents is switched off, and its owner told.
"""

import asyncio
from uuid import UUID

import structlog
from sqlalchemy import and_, or_, select
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import undefer

from kuber.infra.children import PoolBusy
from kuber.infra.db import Database, set_down
from kuber.kernel.ids import PipelineId, UserId
from kuber.pipelines.checks import UNCHECKABLE, GraphChecks
from kuber.pipelines.models import PipelineRow
from kuber.pipelines.publishing import Publishing
from kuber.pipelines.repository import PipelineRepository
from kuber.pipelines.types import PipelineStatus
from kuber.pipelines.work import is_large

_log = structlog.get_logger(__name__)

_BUSY_S = 1.0
_AWAY_S = 5.0


async def recheck_all(database: Database, checks: GraphChecks, publishing: Publishing) -> int:
    """Check every pipeline whose result others found, one by one; return how many it were.

    Several processes share the work: each passes over what another one has in hand. A large graph
    is checked without a lock, perhaps by more than one: its owner's saves do not wait for that. A
    graph that cannot be checked is logged and left to whoever opens it.
    """
    done, last = 0, UUID(int=0)
    while True:
        try:
            following = await _recheck_next(database, checks, publishing, last)
        except PoolBusy:  # people come first
            await asyncio.sleep(_BUSY_S)
            continue
        except SQLAlchemyError as error:
            _log.warning("graphs_not_rechecked_yet", error=type(error).__name__)
            await asyncio.sleep(_AWAY_S)
            continue
        if following is None:
            break
        done, last = done + 1, following
        await asyncio.sleep(0)
    if done:
        _log.info("graphs_rechecked", pipelines=done)
    return done


async def _recheck_next(
    database: Database, checks: GraphChecks, publishing: Publishing, after: UUID
) -> UUID | None:
    """Check the first pipeline behind `after` that needs it; return its id, None without one."""
    outdated = or_(
        PipelineRow.checked_with != checks.checker,
        and_(
            PipelineRow.status == PipelineStatus.ACTIVE.value,
            PipelineRow.published_checked_with != checks.checker,
        ),
    )
    query = (
        select(PipelineRow)
        .where(PipelineRow.id > after, outdated)
        .order_by(PipelineRow.id)
        .limit(1)
        .options(undefer(PipelineRow.graph))
        .with_for_update(skip_locked=True)
    )
    async with database.transaction() as session:
        row = (await session.scalars(query)).one_or_none()
        if row is None:
            return None
        try:
            if row.checked_with != checks.checker:
                await _recheck_draft(session, checks, row)
            if row.status == PipelineStatus.ACTIVE.value:
                await _recheck_published(session, checks, publishing, row)
        except PoolBusy:
            raise
        except UNCHECKABLE as error:
            _log.warning("graph_not_rechecked", pipeline_id=str(row.id), error=str(error))
        return row.id


async def _recheck_draft(session: AsyncSession, checks: GraphChecks, row: PipelineRow) -> None:
    if is_large(row.graph):
        await set_down(session)
    await checks.keep(session, row, await checks.text(row.graph, owner=""))


async def _recheck_published(
    session: AsyncSession, checks: GraphChecks, publishing: Publishing, row: PipelineRow
) -> None:
    checked = await checks.published(session, row, owner="")
    if checked is None or not checked.problem_count:
        return
    repository = PipelineRepository(session)
    now = await repository.find(UserId(row.user_id), PipelineId(row.id), lock=True)
    if now is None or now.status != PipelineStatus.ACTIVE.value:
        return
    if now.published_graph_id == row.published_graph_id:
        await publishing.switch_off(session, now, checked.problem_count)
