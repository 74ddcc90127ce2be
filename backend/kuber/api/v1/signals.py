"""`/api/v1/signals`: what came, what it started and what not, and why."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query

from kuber.api.deps import ContainerDep, CurrentUser, Db
from kuber.api.v1.common import Cursor, Limit
from kuber.market.scanners.types import ScannerId
from kuber.signals.schemas import PreviewBody, PreviewOut, SignalList, SignalOut
from kuber.signals.types import Outcome, SignalQuery

router = APIRouter(prefix="/signals", tags=["signals"])


@router.get("", operation_id="list_signals")
async def list_signals(
    container: ContainerDep,
    session: Db,
    user: CurrentUser,
    signal_type: Annotated[str | None, Query(max_length=60)] = None,
    ticker: Annotated[str | None, Query(max_length=32)] = None,
    source: Annotated[str | None, Query(max_length=120)] = None,
    outcome: Outcome | None = None,
    cursor: Cursor = None,
    limit: Limit = 50,
) -> SignalList:
    """Return signals, newest first, with what each meant for the caller's pipelines."""
    query = SignalQuery(signal_type, ticker, source, outcome, cursor, limit)
    return await container.signals.page(session, user.user_id, query)


@router.post("/preview", operation_id="preview_subscriptions")
async def preview_subscriptions(
    body: PreviewBody, container: ContainerDep, session: Db, user: CurrentUser
) -> PreviewOut:
    """Say how many runs a trigger on signals would have started in the past days."""
    scanner = await container.scanners.get(session, user.user_id, ScannerId(body.scanner_id))
    return await container.signals.preview(
        session, user.user_id, user.tier, tuple(scanner.tickers), body
    )


@router.get("/{signal_id}", operation_id="get_signal")
async def get_signal(
    signal_id: UUID, container: ContainerDep, session: Db, user: CurrentUser
) -> SignalOut:
    """Return one signal with everything that came of it for the caller's pipelines."""
    return await container.signals.get(session, user.user_id, signal_id)
