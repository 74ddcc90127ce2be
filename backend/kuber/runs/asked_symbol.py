"""The symbol that a run is asked for."""

from datetime import datetime

from kuber.kernel.errors import Problem
from kuber.kernel.ids import UserId
from kuber.market.errors import UnknownSymbol
from kuber.market.service import MarketService
from kuber.market.types import Instrument
from kuber.runs.errors import RunError
from kuber.runs.schemas import RunBody


def asked_symbol(body: RunBody) -> str:
    """Return the one symbol that was asked for, as it was written; raises RunError."""
    named = [name.strip() for name in body.symbols or []]
    if body.symbol is not None:
        named.insert(0, body.symbol.strip())
    asked = list({name.lower(): name for name in reversed(named)}.values())[::-1]
    if not asked or not asked[0]:
        raise RunError(
            "A run needs a symbol.",
            [Problem("No symbol was given.", "Name one, for example AAPL.", field="symbol")],
        )
    if len(asked) > 1:
        raise RunError(
            "A run works on one symbol.",
            [
                Problem(
                    f"{len(asked)} symbols were given.",
                    "Start one run for each symbol.",
                    field="symbols",
                )
            ],
        )
    return asked[0]


async def asked_instrument(
    market: MarketService, user_id: UserId, body: RunBody, as_of: datetime
) -> Instrument:
    """Return the instrument that was asked for; raises RunError, UnknownSymbol."""
    symbol = asked_symbol(body)
    try:
        return await market.instrument(user_id, symbol, as_of)
    except UnknownSymbol as error:
        field = "symbols" if body.symbol is None else "symbol"
        problem = Problem(f"There are no prices for {symbol}.", error.remedy, field=field)
        raise UnknownSymbol(error.detail, [problem]) from error
