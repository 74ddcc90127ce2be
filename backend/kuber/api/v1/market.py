"""`/api/v1/market`: instruments, bars, quotes and the state of markets."""

from typing import Annotated

from fastapi import APIRouter, Path, Query, Response
from pydantic import BaseModel

from kuber.api.deps import ContainerDep, Db, MarketReader, Outcome, QuoteSender
from kuber.api.idempotency import IdempotentRoute
from kuber.api.v1.common import Cursor
from kuber.infra.db import set_down
from kuber.kernel.wire import Instant
from kuber.market.actions.schemas import ActionList
from kuber.market.actions.service import actions_of
from kuber.market.chart_indicators.catalog import MAX_PERIOD, MIN_PERIOD
from kuber.market.chart_indicators.schemas import (
    IndicatorKindList,
    IndicatorName,
    IndicatorOut,
    IndicatorSeries,
)
from kuber.market.chart_indicators.service import BarsAsked, given_settings
from kuber.market.errors import SymbolNotFound, UnknownSymbol
from kuber.market.feed.pushed.schemas import PushedOut, QuotePush
from kuber.market.feed.reading import parse_symbols, read_markets, seen_quotes
from kuber.market.feed.schemas import MarketList, MarketOut, QuoteList
from kuber.market.schemas import BarsOut, SymbolOut, encode_bars
from kuber.market.symbols import MAX_WRITTEN
from kuber.market.types import DatasetKind, Timeframe

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
        items=[SymbolOut.of(one, container.clock.now()) for one in found.items],
        next_cursor=found.next_cursor,
    )


# A pair may be written with a slash: `BTC/USDT`.
@router.get("/symbols/{symbol:path}/actions", operation_id="list_corporate_actions")
async def list_corporate_actions(
    symbol: Annotated[str, Path(min_length=1, max_length=MAX_WRITTEN)],
    session: Db,
    user: MarketReader,
    cursor: Cursor = None,
    limit: Annotated[int, Query(ge=1, le=200)] = 50,
) -> ActionList:
    """Return the splits and dividends that files told of a symbol, newest first."""
    return await actions_of(session, user.user_id, symbol, limit=limit, cursor=cursor)


@router.get("/symbols/{symbol:path}", operation_id="get_symbol")
async def get_symbol(
    symbol: Annotated[str, Path(min_length=1, max_length=MAX_WRITTEN)],
    container: ContainerDep,
    user: MarketReader,
    as_of: Annotated[
        Instant | None, Query(description="Whose prices answer then: now when left out.")
    ] = None,
) -> SymbolOut:
    """Return one instrument, however its symbol is written."""
    try:
        found = await container.market.instrument(user.user_id, symbol, as_of)
    except UnknownSymbol as error:
        raise SymbolNotFound(error.detail) from error
    now = container.clock.now()
    return SymbolOut.of(found, now if as_of is None else min(as_of, now))


@router.get("/bars", operation_id="get_bars", response_model=BarsOut)
async def get_bars(
    container: ContainerDep,
    user: MarketReader,
    symbol: Annotated[str, Query(min_length=1, max_length=32)],
    timeframe: Timeframe,
    start: Annotated[Instant | None, Query(description="Bars opened from here on.")] = None,
    dataset: Annotated[
        DatasetKind | None, Query(description="Without it the one that answers for `end`.")
    ] = None,
    end: Annotated[Instant | None, Query(description="Bars closed by then.")] = None,
    limit: Annotated[int, Query(ge=1, le=10_000)] = 500,
) -> Response:
    """Return the newest closed bars of a symbol within the given times, oldest first."""
    bars = await container.market.get_bars(
        user.user_id, symbol, timeframe, dataset=dataset, start=start, end=end, limit=limit
    )
    if len(bars) <= _BARS_AT_ONCE:
        content = encode_bars(bars)
    else:
        content = await container.short_pool.run(encode_bars, bars, owner=str(user.user_id))
    return Response(content, media_type="application/json")


@router.get("/indicators", operation_id="get_indicator", response_model=IndicatorOut)
async def get_indicator(
    container: ContainerDep,
    user: MarketReader,
    symbol: Annotated[str, Query(min_length=1, max_length=MAX_WRITTEN)],
    timeframe: Timeframe,
    name: IndicatorName,
    period: Annotated[
        int | None,
        Query(
            ge=MIN_PERIOD,
            le=MAX_PERIOD,
            description="In bars: sma 50, ema 20, bollinger 20, rsi 14 unless said otherwise.",
        ),
    ] = None,
    width: Annotated[
        float | None,
        Query(description="Of Bollinger bands, in standard deviations: 2 unless said otherwise."),
    ] = None,
    dataset: Annotated[
        DatasetKind | None, Query(description="Without it the one that answers for `end`.")
    ] = None,
    end: Annotated[Instant | None, Query(description="Bars closed by then.")] = None,
    limit: Annotated[int, Query(ge=1, le=10_000)] = 500,
) -> Response:
    """Return an indicator at the bars that `GET /market/bars` gives for the same `end` and `limit`.

    A value is null where the formula has no answer. It is computed from earlier bars too, as far
    as 10,000 bars go.
    """
    asked = BarsAsked(symbol, timeframe, dataset, end, limit)
    content = await container.indicators.named(user.user_id, name, period, width, asked)
    return Response(content, media_type="application/json")


@router.get("/indicator-kinds", operation_id="list_indicator_kinds")
async def list_indicator_kinds(container: ContainerDep, _: MarketReader) -> IndicatorKindList:
    """Return every installed indicator with the JSON Schema of its settings."""
    return container.indicators.kinds()


@router.get(
    "/indicator-series", operation_id="get_indicator_series", response_model=IndicatorSeries
)
async def get_indicator_series(
    container: ContainerDep,
    user: MarketReader,
    symbol: Annotated[str, Query(min_length=1, max_length=MAX_WRITTEN)],
    timeframe: Timeframe,
    name: Annotated[str, Query(min_length=1, max_length=40)],
    settings: Annotated[
        str,
        Query(
            max_length=2000,
            description='A JSON object, such as {"period": 20}; what is left out has its default.',
        ),
    ] = "{}",
    dataset: Annotated[
        DatasetKind | None, Query(description="Without it the one that answers for `end`.")
    ] = None,
    end: Annotated[Instant | None, Query(description="Bars closed by then.")] = None,
    limit: Annotated[int, Query(ge=1, le=10_000)] = 500,
) -> Response:
    """Return any installed indicator at the bars that `GET /market/bars` gives.

    A value is null where there is no answer. Which there are, and their settings:
    `GET /market/indicator-kinds`.
    """
    asked = BarsAsked(symbol, timeframe, dataset, end, limit)
    given = given_settings(settings)
    content = await container.indicators.values(user.user_id, name, given, asked)
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
    seen = await seen_quotes(session, user.user_id, parse_symbols(symbols))
    await set_down(session)
    previous = await container.market.previous_closes.of(seen.quotes)
    return QuoteList(items=seen.shown(previous, container.clock.now()))


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
