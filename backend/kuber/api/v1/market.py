"""`/api/v1/market`: instruments, bars, imports, quotes and the state of markets."""

from typing import Annotated

from fastapi import APIRouter, Form, Path, Query, Response, UploadFile
from pydantic import BaseModel

from kuber.api.deps import ContainerDep, CurrentUser, Db, MarketReader, Outcome, QuoteSender
from kuber.api.idempotency import IDEMPOTENT, IdempotentRoute
from kuber.api.v1.common import Cursor
from kuber.identity.storage import require_storage
from kuber.kernel.wire import Instant
from kuber.market.feed.pushed.schemas import PushedOut, QuotePush
from kuber.market.feed.reading import parse_symbols, read_markets, read_quotes
from kuber.market.feed.schemas import MarketList, MarketOut, QuoteList
from kuber.market.schemas import BarsOut, ImportNote, ImportOut, SymbolOut, encode_bars
from kuber.market.symbols import MAX_WRITTEN
from kuber.market.types import Timeframe

router = APIRouter(prefix="/market", tags=["market"], route_class=IdempotentRoute)

_BARS_AT_ONCE = 1000
"""More bars are written as JSON by a child process."""


class SymbolList(BaseModel):
    items: list[SymbolOut]
    next_cursor: str | None


@router.get("/symbols", operation_id="list_symbols")
async def list_symbols(
    container: ContainerDep,
    user: MarketReader,
    query: Annotated[str, Query(max_length=60)] = "",
    cursor: Cursor = None,
    limit: Annotated[int, Query(ge=1, le=200)] = 50,
) -> SymbolList:
    """Return the instruments whose symbol or name contains `query`, stored ones first."""
    found = await container.market.symbols(user.user_id, query, limit=limit, cursor=cursor)
    return SymbolList(
        items=[SymbolOut.of(one) for one in found.items], next_cursor=found.next_cursor
    )


@router.get("/bars", operation_id="get_bars", response_model=BarsOut)
async def get_bars(
    container: ContainerDep,
    user: MarketReader,
    symbol: Annotated[str, Query(min_length=1, max_length=32)],
    timeframe: Timeframe,
    start: Annotated[Instant | None, Query(description="Bars opened from here on.")] = None,
    end: Annotated[Instant | None, Query(description="Bars closed by then.")] = None,
    limit: Annotated[int, Query(ge=1, le=10_000)] = 500,
) -> Response:
    """Return the newest closed bars of a symbol within the given times, oldest first."""
    bars = await container.market.get_bars(
        user.user_id, symbol, timeframe, start=start, end=end, limit=limit
    )
    if len(bars) <= _BARS_AT_ONCE:
        content = encode_bars(bars)
    else:
        content = await container.short_pool.run(encode_bars, bars, owner=str(user.user_id))
    return Response(content, media_type="application/json")


@router.get("/quotes", operation_id="list_quotes")
async def list_quotes(
    container: ContainerDep,
    session: Db,
    user: MarketReader,
    symbols: Annotated[str, Query(max_length=5000, description="Symbols, commas between.")],
) -> QuoteList:
    """Return the newest quotes of the symbols; one that nobody quotes is left out.

    What the caller has sent stands in place of an older quote of the feed.
    """
    return await read_quotes(session, user.user_id, parse_symbols(symbols), container.clock.now())


@router.post("/quotes", status_code=202, operation_id="push_quote")
async def push_quote(body: QuotePush, container: ContainerDep, user: QuoteSender) -> PushedOut:
    """Take a quote for the caller alone, by the rules of the feed. Sent twice, it counts once."""
    async with container.database.transaction() as session:
        taking = container.pushed_quotes.take(session, user.user_id, body)
        outcome = await Outcome.of(taking)  # what was doubted is remembered: it is committed too
    quote = outcome.get()
    return PushedOut(
        symbol=quote.symbol, price=quote.price, sender=body.source, quoted_at=quote.quoted_at
    )


@router.get("/status", operation_id="list_markets")
async def list_markets(container: ContainerDep, session: Db, user: MarketReader) -> MarketList:
    """Return for each market whether it is open, and which of its symbols are stale."""
    markets = await read_markets(session, container.clock.now())
    stale = [symbol for market in markets for symbol in market.stale]
    visible = await container.market.visible(user.user_id, stale)
    return MarketList(items=[MarketOut.of(market, visible) for market in markets])


@router.post("/imports", status_code=201, operation_id="import_bars", dependencies=[IDEMPOTENT])
async def import_bars(
    container: ContainerDep,
    session: Db,
    user: CurrentUser,
    file: UploadFile,
    timeframe: Annotated[Timeframe, Form()],
    timezone: Annotated[str | None, Form(max_length=60)] = None,
    symbol: Annotated[str | None, Form(max_length=MAX_WRITTEN)] = None,
) -> ImportOut:
    """Import bars from a CSV or Parquet file; a file with one bad line imports nothing.

    `symbol` is that of a file without a column for it.
    """
    result = await container.market.import_file(
        session,
        user.user_id,
        file.filename or "upload",
        await file.read(),
        timeframe=timeframe,
        timezone=timezone or None,
        symbol=symbol or None,
    )
    await require_storage(session, user.user_id)
    return ImportOut(
        symbols=list(result.symbols),
        bars=result.bars,
        from_=result.first_at,
        to=result.last_at,
        notes=[ImportNote(code=one.code, message=one.message) for one in result.notes],
    )


@router.delete("/imports/{symbol}", status_code=204, operation_id="delete_imported_bars")
async def delete_imported_bars(
    symbol: Annotated[str, Path(min_length=1, max_length=32)],
    container: ContainerDep,
    session: Db,
    user: CurrentUser,
) -> None:
    """Delete the bars that the caller imported for a symbol, in every timeframe."""
    await container.market.delete_import(session, user.user_id, symbol)
