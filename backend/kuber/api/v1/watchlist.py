"""`/api/v1/market/watchlist`: the symbols that somebody keeps an eye on."""

from collections.abc import Sequence
from typing import Annotated

from fastapi import APIRouter, Path

from kuber.api.container import Container
from kuber.api.deps import ContainerDep, CurrentUser, Db
from kuber.infra.db import set_down
from kuber.market.errors import SymbolNotFound, UnknownSymbol
from kuber.market.feed.reading import SeenQuotes
from kuber.market.instruments import traits_of
from kuber.market.symbols import MAX_WRITTEN, BadSymbol, canonical_symbol
from kuber.market.watchlist.schemas import WatchBody, WatchedOut, WatchListOut
from kuber.market.watchlist.service import (
    MAX_WATCHED,
    Watched,
    read_watch_list,
    unwatch,
    watch,
)

router = APIRouter(prefix="/market/watchlist", tags=["market"])

WrittenSymbol = Annotated[str, Path(min_length=1, max_length=MAX_WRITTEN)]


@router.get("", operation_id="list_watched")
async def list_watched(container: ContainerDep, session: Db, user: CurrentUser) -> WatchListOut:
    """Return the caller's watch list with the newest quotes."""
    watched = await read_watch_list(session, user.user_id)
    await set_down(session)
    return WatchListOut(items=await _shown(container, watched), limit=MAX_WATCHED)


# A pair may be written with a slash: `BTC/USDT`.
@router.put("/{symbol:path}", operation_id="watch_symbol")
async def watch_symbol(
    symbol: WrittenSymbol,
    container: ContainerDep,
    session: Db,
    user: CurrentUser,
    body: WatchBody | None = None,
) -> WatchedOut:
    """Put a symbol that has prices on the watch list, or elsewhere on it."""
    if container.market.asks_others:
        await set_down(session)
    try:
        plain = (await container.market.instrument(user.user_id, symbol)).symbol
    except UnknownSymbol as error:
        raise SymbolNotFound(error.detail) from error
    position = body.position if body else None
    await watch(session, user.user_id, plain, position, container.clock.now())
    watched = await read_watch_list(session, user.user_id)
    found = await _shown(container, [one for one in watched if one.symbol == plain])
    return found[0]


@router.delete("/{symbol:path}", status_code=204, operation_id="unwatch_symbol")
async def unwatch_symbol(symbol: WrittenSymbol, session: Db, user: CurrentUser) -> None:
    """Take a symbol off the watch list."""
    try:
        plain = canonical_symbol(symbol)
    except BadSymbol as error:
        raise SymbolNotFound(f"{error}.") from error
    await unwatch(session, user.user_id, plain)


async def _shown(container: Container, watched: Sequence[Watched]) -> list[WatchedOut]:
    seen = SeenQuotes(tuple(one.quote for one in watched if one.quote is not None), {})
    previous = await container.market.previous_closes.of(seen.quotes)
    shown = {one.symbol: one for one in seen.shown(previous, container.clock.now())}
    return [
        WatchedOut(
            symbol=one.symbol,
            name=traits_of(one.symbol).name,
            position=one.position,
            created_at=one.created_at,
            quote=shown.get(one.symbol),
        )
        for one in watched
    ]
