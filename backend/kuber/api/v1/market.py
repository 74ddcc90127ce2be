"""`/api/v1/market`: instruments, bars, imports, quotes and the state of markets."""

from typing import Annotated

from fastapi import APIRouter, Form, Query, UploadFile
from pydantic import AwareDatetime, BaseModel

from kuber.api.deps import Caller, ContainerDep, CurrentUser, Db
from kuber.api.idempotency import IDEMPOTENT, IdempotentRoute
from kuber.market.feed.reading import parse_symbols, read_markets, read_quotes
from kuber.market.feed.schemas import MarketList, QuoteList
from kuber.market.schemas import BarsOut, ImportOut, SymbolOut
from kuber.market.types import Timeframe

router = APIRouter(prefix="/market", tags=["market"], route_class=IdempotentRoute)


class SymbolList(BaseModel):
    items: list[SymbolOut]
    next_cursor: str | None


@router.get("/symbols", operation_id="list_symbols")
async def list_symbols(
    container: ContainerDep,
    user: Caller,
    query: Annotated[str, Query(max_length=60)] = "",
    limit: Annotated[int, Query(ge=1, le=200)] = 50,
) -> SymbolList:
    """Return the instruments whose symbol or name contains `query`, stored ones first."""
    found = (await container.market.symbols(user.user_id, query))[:limit]
    return SymbolList(items=[SymbolOut.of(one) for one in found], next_cursor=None)


@router.get("/bars", operation_id="get_bars")
async def get_bars(
    container: ContainerDep,
    user: Caller,
    symbol: Annotated[str, Query(min_length=1, max_length=32)],
    timeframe: Timeframe,
    start: Annotated[AwareDatetime | None, Query(description="Bars opened from here on.")] = None,
    end: Annotated[AwareDatetime | None, Query(description="Bars closed by then.")] = None,
    limit: Annotated[int, Query(ge=1, le=10_000)] = 500,
) -> BarsOut:
    """Return the newest closed bars of a symbol within the given times, oldest first."""
    bars = await container.market.get_bars(
        user.user_id, symbol, timeframe, start=start, end=end, limit=limit
    )
    return BarsOut.of(bars)


@router.get("/quotes", operation_id="list_quotes")
async def list_quotes(
    container: ContainerDep,
    session: Db,
    user: CurrentUser,
    symbols: Annotated[str, Query(max_length=5000, description="Symbols, commas between.")],
) -> QuoteList:
    """Return the newest quotes of the symbols; one that the feed does not quote is left out."""
    return await read_quotes(session, parse_symbols(symbols), container.clock.now())


@router.get("/status", operation_id="list_markets")
async def list_markets(container: ContainerDep, session: Db, user: CurrentUser) -> MarketList:
    """Return for each market whether it is open, and which of its symbols are stale."""
    visible = {one.symbol for one in await container.market.symbols(user.user_id)}
    return await read_markets(session, frozenset(visible), container.clock.now())


@router.post("/imports", status_code=201, operation_id="import_bars", dependencies=[IDEMPOTENT])
async def import_bars(
    container: ContainerDep,
    session: Db,
    user: CurrentUser,
    file: UploadFile,
    timeframe: Annotated[Timeframe, Form()],
    timezone: Annotated[str | None, Form(max_length=60)] = None,
) -> ImportOut:
    """Import bars from a CSV or Parquet file; a file with one bad line imports nothing."""
    result = await container.market.import_file(
        session,
        user.user_id,
        file.filename or "upload",
        await file.read(),
        timeframe=timeframe,
        timezone=timezone or None,
    )
    return ImportOut(
        symbols=list(result.symbols), bars=result.bars, from_=result.first_at, to=result.last_at
    )
