"""What the API and the services share of trading."""

from collections.abc import Callable, Collection, Sequence
from functools import partial

from kuber.config import Settings
from kuber.infra.db import Database, RawPool
from kuber.kernel.clock import Clock
from kuber.market.feed.store import newest_quotes
from kuber.market.feed.types import Quote
from kuber.trading.order_service.drill import FireDrill
from kuber.trading.order_service.halting import halted_by
from kuber.trading.order_service.prices import NewestQuotes
from kuber.trading.order_service.terms_of import TermsOfSymbols
from kuber.trading.order_types import SwitchState
from kuber.trading.switches.service import SwitchService


def halt_file_of(settings: Settings) -> Callable[[], SwitchState]:
    """Return what tells the state that `./kuber halt` wrote."""
    return partial(halted_by, settings.halt_file)


def switch_service(settings: Settings, clock: Clock) -> SwitchService:
    """Return the switches of an installation."""
    return SwitchService(clock, halt_file_of(settings))


def quotes_on(database: Database) -> NewestQuotes:
    """Return what reads the newest stored quotes of symbols."""

    async def quotes(symbols: Collection[str]) -> Sequence[Quote]:
        async with database.transaction() as session:
            return await newest_quotes(session, symbols)

    return quotes


def fire_drill(pool: RawPool, database: Database, clock: Clock) -> FireDrill:
    """Return the drill of the red button, which reads on `pool`."""
    return FireDrill(pool, clock, TermsOfSymbols(pool), quotes_on(database))
