"""`/api/v1/pipelines`: draw, save, version, share and start pipelines."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, BackgroundTasks, Depends, Path, Query, Response
from sqlalchemy.ext.asyncio import AsyncSession

from kuber.api.answers import json_answer
from kuber.api.container import Container
from kuber.api.deps import ContainerDep, CurrentUser, Db, Outcome
from kuber.api.graphs import GraphRoute
from kuber.api.idempotency import IDEMPOTENT
from kuber.api.preconditions import Expected, IfMatch
from kuber.api.v1.common import CorrelationId, Cursor, Limit
from kuber.kernel.ids import PipelineId, UserId
from kuber.pipelines.errors import StaleRevision
from kuber.pipelines.schemas import (
    GraphBody,
    GraphDiff,
    GraphVerdict,
    PipelineClone,
    PipelineCreate,
    PipelineExport,
    PipelineList,
    PipelineOut,
    PipelineText,
    PipelineUpdate,
    PublishBody,
    VersionDetail,
    VersionList,
)
from kuber.pipelines.types import Mode, PipelineQuery, PipelineStatus
from kuber.runs.deleting import history_of
from kuber.runs.schemas import PipelineHistory, RunAccepted, RunBody
from kuber.runs.service import RunStart

router = APIRouter(prefix="/pipelines", tags=["pipelines"], route_class=GraphRoute)

GRAPH_NAME = "^(published|draft|[1-9][0-9]{0,8})$"
VersionNumber = Annotated[int, Path(ge=1, le=2**31 - 1)]


async def _over(
    container: Container,
    session: AsyncSession,
    user_id: UserId,
    pipeline_id: PipelineId,
    expected: Expected,
) -> int:
    """Return the revision that a change is made over; raises StaleRevision, PipelineNotFound."""
    if expected.only is not None:
        return expected.only
    newest = await container.pipelines.revision(session, user_id, pipeline_id)
    if not expected.allows(newest):
        raise StaleRevision.saying(
            f"No revision in If-Match is the newest: the pipeline stands at {newest}."
        )
    return newest


def _tagged(pipeline: PipelineText, status: int = 200) -> Response:
    return json_answer(pipeline.json(), status, revision=pipeline.head.revision)


@router.get("", operation_id="list_pipelines")
async def list_pipelines(
    container: ContainerDep,
    session: Db,
    user: CurrentUser,
    search: Annotated[str | None, Query(max_length=120)] = None,
    status: PipelineStatus | None = None,
    mode: Mode | None = None,
    sort: Annotated[str, Query(max_length=30)] = "-updated_at",
    cursor: Cursor = None,
    limit: Limit = 50,
) -> PipelineList:
    """Return the caller's pipelines; archived ones only when asked for by status."""
    query = PipelineQuery(search, status, mode, sort, cursor, limit)
    page = await container.pipelines.page(session, user.user_id, query)
    last = await container.runs.last_runs(session, [item.id for item in page.items])
    for item in page.items:
        item.last_run = last.get(item.id)
    return page


@router.post(
    "",
    status_code=201,
    operation_id="create_pipeline",
    dependencies=[IDEMPOTENT],
    response_model=PipelineOut,
)
async def create_pipeline(
    body: PipelineCreate,
    container: ContainerDep,
    session: Db,
    user: CurrentUser,
) -> Response:
    """Create a pipeline from a graph, from a template, or empty; a graph that can run is
    published as version 1."""
    return _tagged(await container.pipelines.create(session, user.user_id, body), 201)


@router.post("/validate", operation_id="validate_graph", response_model=GraphVerdict)
async def validate_graph(body: GraphBody, container: ContainerDep, user: CurrentUser) -> Response:
    """Say whether a graph can run and, if not, why: node, field and remedy of up to 100 reasons."""
    return json_answer(container.pipelines.checks.verdict(body.graph))


@router.post(
    "/import",
    status_code=201,
    operation_id="import_pipeline",
    dependencies=[IDEMPOTENT],
    response_model=PipelineOut,
)
async def import_pipeline(
    body: PipelineExport,
    container: ContainerDep,
    session: Db,
    user: CurrentUser,
) -> Response:
    """Create a pipeline from an exported file."""
    return _tagged(await container.pipelines.import_(session, user.user_id, body), 201)


@router.get("/{pipeline_id}", operation_id="get_pipeline", response_model=PipelineOut)
async def get_pipeline(
    pipeline_id: UUID, container: ContainerDep, session: Db, user: CurrentUser
) -> Response:
    """Return one pipeline; its revision is also the ETag."""
    found = await container.pipelines.get(session, user.user_id, PipelineId(pipeline_id))
    return _tagged(found)


@router.put("/{pipeline_id}", operation_id="update_pipeline", response_model=PipelineOut)
async def update_pipeline(
    pipeline_id: UUID,
    body: PipelineUpdate,
    container: ContainerDep,
    session: Db,
    user: CurrentUser,
    if_match: IfMatch,
) -> Response:
    """Save the draft over the revision named in If-Match; a stale one is refused with 412."""
    found = PipelineId(pipeline_id)
    revision = await _over(container, session, user.user_id, found, if_match)
    saved = await container.pipelines.save(session, user.user_id, found, revision, body)
    return _tagged(saved)


@router.post("/{pipeline_id}/publish", operation_id="publish_pipeline", response_model=PipelineOut)
async def publish_pipeline(
    pipeline_id: UUID,
    container: ContainerDep,
    session: Db,
    user: CurrentUser,
    if_match: IfMatch,
    body: PublishBody | None = None,
) -> Response:
    """Make the draft the version that runs. Where nothing differs no version is added."""
    found = PipelineId(pipeline_id)
    revision = await _over(container, session, user.user_id, found, if_match)
    published = await container.pipelines.publishing.publish(
        session, user.user_id, found, revision, body or PublishBody()
    )
    return _tagged(published)


@router.get("/{pipeline_id}/diff", operation_id="diff_pipeline", response_model=GraphDiff)
async def diff_pipeline(
    pipeline_id: UUID,
    container: ContainerDep,
    session: Db,
    user: CurrentUser,
    from_: Annotated[str, Query(alias="from", pattern=GRAPH_NAME)] = "published",
    to: Annotated[str, Query(pattern=GRAPH_NAME)] = "draft",
) -> Response:
    """Compare two graphs of a pipeline: numbers of versions, `published` or `draft`."""
    found = await container.pipelines.versions.diff(
        session, user.user_id, PipelineId(pipeline_id), from_, to
    )
    return json_answer(found)


@router.delete("/{pipeline_id}", status_code=204, operation_id="delete_pipeline")
async def delete_pipeline(
    pipeline_id: UUID, container: ContainerDep, session: Db, user: CurrentUser
) -> None:
    """Delete a pipeline for good. If it traded or cost money, its runs, orders, fills and costs can
    still be read, under its name; if not, its runs go with it. Signals keep what they matched."""
    await container.runs.delete_pipeline(
        session, user.user_id, PipelineId(pipeline_id), container.signals.has_matched
    )


@router.get("/{pipeline_id}/history", operation_id="get_pipeline_history")
async def get_pipeline_history(
    pipeline_id: UUID, container: ContainerDep, session: Db, user: CurrentUser
) -> PipelineHistory:
    """Return what hangs on the runs of a pipeline, and whether deleting it would keep that."""
    return await history_of(session, container.pipelines, user.user_id, PipelineId(pipeline_id))


@router.get("/{pipeline_id}/versions", operation_id="list_versions")
async def list_versions(
    pipeline_id: UUID,
    container: ContainerDep,
    session: Db,
    user: CurrentUser,
    cursor: Cursor = None,
    limit: Limit = 50,
) -> VersionList:
    """Return the versions that were published, newest first, without their graphs."""
    return await container.pipelines.versions.page(
        session, user.user_id, PipelineId(pipeline_id), cursor, limit
    )


@router.get(
    "/{pipeline_id}/versions/{version}", operation_id="get_version", response_model=VersionDetail
)
async def get_version(
    pipeline_id: UUID,
    version: VersionNumber,
    container: ContainerDep,
    session: Db,
    user: CurrentUser,
) -> Response:
    """Return one version with its graph."""
    found = await container.pipelines.versions.one(
        session, user.user_id, PipelineId(pipeline_id), version
    )
    return json_answer(found.json())


@router.post(
    "/{pipeline_id}/versions/{version}/restore",
    operation_id="restore_version",
    response_model=PipelineOut,
)
async def restore_version(
    pipeline_id: UUID,
    version: VersionNumber,
    container: ContainerDep,
    session: Db,
    user: CurrentUser,
    if_match: IfMatch,
) -> Response:
    """Put the graph and the trigger of an earlier version into the draft; publishes nothing."""
    found = PipelineId(pipeline_id)
    revision = await _over(container, session, user.user_id, found, if_match)
    restored = await container.pipelines.restore(session, user.user_id, found, version, revision)
    return _tagged(restored)


@router.post(
    "/{pipeline_id}/clone",
    status_code=201,
    operation_id="clone_pipeline",
    dependencies=[IDEMPOTENT],
    response_model=PipelineOut,
)
async def clone_pipeline(
    pipeline_id: UUID,
    container: ContainerDep,
    session: Db,
    user: CurrentUser,
    body: PipelineClone | None = None,
) -> Response:
    """Copy a pipeline, by default under its name with "(copy)" behind it."""
    copy = await container.pipelines.clone(
        session, user.user_id, PipelineId(pipeline_id), body or PipelineClone()
    )
    return _tagged(copy, 201)


@router.get("/{pipeline_id}/export", operation_id="export_pipeline", response_model=PipelineExport)
async def export_pipeline(
    pipeline_id: UUID, container: ContainerDep, session: Db, user: CurrentUser
) -> Response:
    """Return the pipeline as a file that anybody can import."""
    return json_answer(
        await container.pipelines.export(session, user.user_id, PipelineId(pipeline_id))
    )


@router.post("/{pipeline_id}/archive", operation_id="archive_pipeline", response_model=PipelineOut)
async def archive_pipeline(
    pipeline_id: UUID, container: ContainerDep, session: Db, user: CurrentUser
) -> Response:
    """Put a pipeline away; it keeps its history and does not run."""
    await container.runs.hold_idle(session, user.user_id, PipelineId(pipeline_id))
    return await _with_status(container, session, user, pipeline_id, PipelineStatus.ARCHIVED)


@router.post(
    "/{pipeline_id}/unarchive", operation_id="unarchive_pipeline", response_model=PipelineOut
)
async def unarchive_pipeline(
    pipeline_id: UUID, container: ContainerDep, session: Db, user: CurrentUser
) -> Response:
    """Take a pipeline out of the archive, as a draft; one that is in use stays as it is."""
    return await _with_status(
        container, session, user, pipeline_id, PipelineStatus.DRAFT, PipelineStatus.ARCHIVED
    )


@router.post(
    "/{pipeline_id}/activate", operation_id="activate_pipeline", response_model=PipelineOut
)
async def activate_pipeline(
    pipeline_id: UUID, container: ContainerDep, session: Db, user: CurrentUser
) -> Response:
    """Let the published version start by itself: it has a schedule or signals to start it."""
    return await _with_status(container, session, user, pipeline_id, PipelineStatus.ACTIVE)


@router.post(
    "/{pipeline_id}/deactivate", operation_id="deactivate_pipeline", response_model=PipelineOut
)
async def deactivate_pipeline(
    pipeline_id: UUID, container: ContainerDep, session: Db, user: CurrentUser
) -> Response:
    """Let a pipeline start by itself no more; its runs that did are called off."""
    answer = await _with_status(
        container, session, user, pipeline_id, PipelineStatus.DRAFT, PipelineStatus.ACTIVE
    )
    await container.runs.switched_off(session, user.user_id, PipelineId(pipeline_id))
    return answer


async def _with_status(
    container: ContainerDep,
    session: Db,
    user: CurrentUser,
    pipeline_id: UUID,
    status: PipelineStatus,
    only_from: PipelineStatus | None = None,
) -> Response:
    changed = await container.pipelines.publishing.set_status(
        session, user.user_id, PipelineId(pipeline_id), status, only_from
    )
    return _tagged(changed)


async def _prepared_run(
    pipeline_id: UUID, body: RunBody, container: ContainerDep, session: Db, user: CurrentUser
) -> Outcome[RunStart]:
    return await Outcome.of(
        container.runs.prepare(session, user.user_id, PipelineId(pipeline_id), body)
    )


PREPARED_RUN = Depends(_prepared_run)


@router.post(
    "/{pipeline_id}/run",
    status_code=202,
    operation_id="run_pipeline",
    dependencies=[PREPARED_RUN, IDEMPOTENT],
)
async def run_pipeline(
    pipeline_id: UUID,
    start: Annotated[Outcome[RunStart], PREPARED_RUN],
    container: ContainerDep,
    session: Db,
    user: CurrentUser,
    correlation_id: CorrelationId,
    background: BackgroundTasks,
) -> RunAccepted:
    """Queue a run of the published version, or of the draft, on one symbol.

    409 while one is active on that symbol, and when no version was published; 412 when `revision`
    is not the draft's newest. Codes: trading_stopped, of runs of the present.
    """
    wanted = start.get()
    if wanted.real_time:
        await container.switches.require_runs(session, user.user_id, pipeline_id)
    accepted = await container.runs.accept(session, user.user_id, wanted, correlation_id)
    background.add_task(container.wake_workers)
    return accepted
