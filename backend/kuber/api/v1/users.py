"""The person who is signed in."""

from collections.abc import Mapping
from typing import Annotated, cast

from fastapi import APIRouter, Depends, Request

from kuber.api.admission import AdmissionControl
from kuber.api.deps import Caller, ContainerDep, CurrentUser, Db
from kuber.api.refusals import slots_asked
from kuber.identity.limit_kinds import LIMITS, LimitName
from kuber.identity.schemas import LimitList, LimitOut, UserOut
from kuber.identity.storage import storage_of
from kuber.market.feed.pushed.store import pushed_symbols
from kuber.market.quotas import imported_symbols
from kuber.pipelines.quotas import most_versions, pipeline_count
from kuber.runs.queueing import queued_runs, running_runs

router = APIRouter(prefix="/users", tags=["users"])


async def _admission(request: Request) -> AdmissionControl:
    return cast(AdmissionControl, request.app.state.admission)


AdmissionDep = Annotated[AdmissionControl, Depends(_admission)]


@router.get("/me")
async def get_me(user: CurrentUser) -> UserOut:
    """Return the account that is signed in."""
    return UserOut(id=user.user_id, email=user.email, role=user.role, tier=user.tier)


@router.get("/me/limits", operation_id="list_my_limits")
async def list_my_limits(
    container: ContainerDep, admission: AdmissionDep, session: Db, user: Caller
) -> LimitList:
    """Return what the account may have and do at most, and how much of that is used now."""
    limits = await container.limits.of(user.user_id)
    with slots_asked():
        imports = await container.import_slots.taken()
    sockets = await container.socket_leases.used(user.user_id)
    requests = await admission.rate.used(user.user_id)
    used: Mapping[LimitName, int] = {
        LimitName.PIPELINES: await pipeline_count(session, user.user_id),
        LimitName.VERSIONS_PER_PIPELINE: await most_versions(session, user.user_id),
        LimitName.STORED_BYTES: (await storage_of(session, user.user_id)).stored,
        LimitName.QUEUED_RUNS: await queued_runs(session, user.user_id),
        LimitName.RUNNING_RUNS: await running_runs(session, user.user_id),
        LimitName.SOCKETS: sockets,
        LimitName.REQUESTS_PER_MINUTE: requests,
        LimitName.REQUESTS_AT_ONCE: admission.at_once.held(str(user.user_id)),
        LimitName.IMPORTS_AT_WORK: imports,
        LimitName.API_KEYS: await container.api_keys.working(session, user.user_id),
        LimitName.QUOTED_SYMBOLS: await pushed_symbols(session, user.user_id),
        LimitName.IMPORTED_SYMBOLS: await imported_symbols(session, user.user_id),
        LimitName.ACCOUNTS: await container.accounts.open_count(session, user.user_id),
    }
    items = [
        LimitOut(
            name=name,
            limit=limits[name],
            used=used[name],
            unit=kind.unit,
            sentence=kind.sentence,
        )
        for name, kind in LIMITS.items()
    ]
    return LimitList(items=items)
