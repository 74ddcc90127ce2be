"""`/api/v1/market/instruments`: the terms of instruments, and where their prices come from."""

from typing import Annotated

from fastapi import APIRouter, Path, Query
from sqlalchemy.ext.asyncio import AsyncSession

from kuber.api.container import Container
from kuber.api.deps import Caller, ContainerDep
from kuber.api.on_record import record
from kuber.api.v1.common import Cursor, Limit
from kuber.audit.types import AuditEventType
from kuber.kernel.ids import UserId
from kuber.market.symbols import MAX_WRITTEN
from kuber.market.terms.schemas import (
    CalendarList,
    InstrumentBody,
    InstrumentDetail,
    InstrumentList,
)
from kuber.market.terms.service import Changed, notes_of
from kuber.market.terms.types import TermsField

router = APIRouter(prefix="/market", tags=["market"])

Symbol = Annotated[str, Path(min_length=1, max_length=MAX_WRITTEN)]


@router.get("/calendars", operation_id="list_calendars")
async def list_calendars(_user: Caller) -> CalendarList:
    """Return the markets that an instrument may be of."""
    return CalendarList.everything()


@router.get("/instruments", operation_id="list_instruments")
async def list_instruments(
    container: ContainerDep,
    user: Caller,
    query: Annotated[str, Query(max_length=60)] = "",
    cursor: Cursor = None,
    limit: Limit = 50,
) -> InstrumentList:
    """Return the instruments whose symbol or name contains `query`, by symbol, with their terms
    and where their prices come from."""
    return await container.instruments.page(user.user_id, query, limit=limit, cursor=cursor)


@router.get("/instruments/{symbol}", operation_id="get_instrument")
async def get_instrument(symbol: Symbol, container: ContainerDep, user: Caller) -> InstrumentDetail:
    """Return one instrument, also one that has no prices yet."""
    return await container.instruments.get(user.user_id, symbol)


@router.put("/instruments/{symbol}", operation_id="put_instrument")
async def put_instrument(
    symbol: Symbol, body: InstrumentBody, container: ContainerDep, user: Caller
) -> InstrumentDetail:
    """Change an instrument for the caller; null goes back to what the symbol tells.

    Runs and schedules go by it within a second. A new market is that of later imports; stored bars
    keep their closes, which `notes` tells.
    """
    async with container.database.transaction() as session:
        changed = await container.instruments.change(session, user.user_id, symbol, body)
        await _on_record(
            container, session, user.user_id, AuditEventType.INSTRUMENT_CHANGED, changed
        )
    return await _told(container, user.user_id, changed)


@router.delete("/instruments/{symbol}", operation_id="reset_instrument")
async def reset_instrument(
    symbol: Symbol, container: ContainerDep, user: Caller
) -> InstrumentDetail:
    """Make an instrument what its symbol tells; answers with it."""
    async with container.database.transaction() as session:
        changed = await container.instruments.reset(session, user.user_id, symbol)
        await _on_record(container, session, user.user_id, AuditEventType.INSTRUMENT_RESET, changed)
    return await _told(container, user.user_id, changed)


async def _on_record(
    container: Container,
    session: AsyncSession,
    user_id: UserId,
    kind: AuditEventType,
    changed: Changed,
) -> None:
    """Record what an instrument is from now on; a name decides nothing."""
    fields = [one for one in changed.fields if one is not TermsField.NAME]
    if fields:
        said = {one.value: getattr(changed.terms, one) for one in fields}
        said = {"symbol": changed.terms.symbol, **said}
        await record(container, session, kind, user_id, said)


async def _told(container: Container, user_id: UserId, changed: Changed) -> InstrumentDetail:
    shown = await container.instruments.get(user_id, changed.terms.symbol)
    notes = [*notes_of(changed, shown.datasets), *shown.notes]
    return shown.model_copy(update={"notes": notes})
