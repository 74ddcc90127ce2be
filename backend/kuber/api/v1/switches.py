"""`/api/v1/kill-switches` and `/api/v1/fire-drill`: stopping everything, and trying it out."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Path

from kuber.api.deps import Caller, ContainerDep, CurrentUser, Db
from kuber.identity.errors import AdminOnly
from kuber.identity.types import Principal, Role
from kuber.kernel.ids import PipelineId
from kuber.trading.switches.errors import UnknownScope
from kuber.trading.switches.schemas import (
    DrillBody,
    DrillReport,
    SwitchBody,
    SwitchList,
    SwitchOut,
)
from kuber.trading.switches.service import Scope
from kuber.trading.switches.words import PLATFORM, USER, pipeline_of, pipeline_scope

router = APIRouter(tags=["switches"])

_ScopeName = Annotated[
    str, Path(max_length=80, description="`user`, `platform` or `pipeline:<id>`.")
]


@router.get("/kill-switches", operation_id="list_kill_switches")
async def list_kill_switches(container: ContainerDep, session: Db, user: CurrentUser) -> SwitchList:
    """Return the platform's switch, the caller's, and those of their pipelines that were ever set;
    first of all a halt that was set where Kuber runs, if there is one."""
    admin = user.role is Role.ADMIN
    found = await container.switches.shown(session, user.user_id, admin=admin)
    ids = {id_ for one in found.items if (id_ := pipeline_of(one.scope)) is not None}
    known = await container.pipelines.known(session, user.user_id, ids) if ids else {}
    for one in found.items:
        pipeline_id = pipeline_of(one.scope)
        if pipeline_id is not None and pipeline_id in known:
            one.name = known[pipeline_id].name
    return found


@router.put("/kill-switches/{scope}", operation_id="set_kill_switch")
async def set_kill_switch(
    scope: _ScopeName, body: SwitchBody, container: ContainerDep, session: Db, user: CurrentUser
) -> SwitchOut:
    """Stop trading, or let it go on. Once this is answered no entry leaves any more.

    With `flatten` positions are closed at the market by the order service; the report says of each
    what became of it, and is read anew by each GET. Codes: admin_only, cannot_flatten.
    """
    which, name = await _scope(scope, container, session, user)
    found = await container.switches.set(session, which, body, user.user_id)
    found.name = name
    return found


@router.post("/fire-drill", operation_id="fire_drill")
async def fire_drill(body: DrillBody, container: ContainerDep, user: Caller) -> DrillReport:
    """Try the red button out: do what it does on a copy of the caller's positions and orders, at
    the newest prices, and say what would have happened. Nothing is sent, nothing is written."""
    return await container.fire_drill.run(user.user_id, body.mode)


async def _scope(
    scope: str, container: ContainerDep, session: Db, user: Principal
) -> tuple[Scope, str | None]:
    if scope == USER:
        return Scope(user.user_id), None
    if scope == PLATFORM:
        if user.role is not Role.ADMIN:
            raise AdminOnly("Only an administrator may stop trading for everybody.")
        return Scope(), None
    try:
        pipeline_id = pipeline_of(scope)
    except ValueError:
        pipeline_id = None
    if pipeline_id is None or scope != pipeline_scope(pipeline_id):
        raise UnknownScope(f"There is no switch {scope}.")
    pipeline = await container.pipelines.head(session, user.user_id, PipelineId(pipeline_id))
    return Scope(user.user_id, UUID(str(pipeline.id))), pipeline.name
