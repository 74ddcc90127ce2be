"""When an instrument is worked although nothing is heard of it."""

from datetime import timedelta
from decimal import Decimal
from uuid import UUID

from kuber.brokers.port import Account, OrderStatus, Side
from kuber.exchange.units import to_instant
from kuber.kernel.ids import OrderId, UserId
from kuber.market.terms.defaults import effective_terms
from kuber.trading.lifecycle import OrderLife
from kuber.trading.order_service.held import VENUE, Hosted, LiveOrder, Terms
from kuber.trading.order_service.traded import traded_as
from kuber.trading.origins import Origin, OriginKind
from kuber.trading.types import Intent
from tests.fixtures.trading_floor import MONDAY

NOW = to_instant(MONDAY)
SOON = NOW + 5_000_000


def hosted_with(terms: Terms) -> Hosted:
    traded = traded_as(effective_terms("BTCUSD", None))
    assert traded is not None
    intent = Intent(
        id=OrderId(UUID(int=1)),
        account=Account(UserId(UUID(int=2)), UUID(int=3)),
        origin=Origin(OriginKind.PERSON, ("one",)),
        mode="simulation",
        symbol="BTCUSD",
        side=Side.BUY,
        quantity=Decimal(1),
        correlation_id="c",
        venue=VENUE,
    )
    life = OrderLife(OrderStatus.WORKING, intent.quantity)
    return Hosted(traded, orders={str(intent.id): LiveOrder(intent, terms, "p", life)})


def test_an_order_that_expires_is_worked_at_its_time_without_any_price() -> None:
    hosted = hosted_with(Terms(expires_at=SOON))
    hosted.phase_until = MONDAY + timedelta(minutes=1)
    hosted.rest()
    assert hosted.due_at == SOON
    assert not hosted.wants_work(SOON - 1)
    assert hosted.wants_work(SOON)


def test_an_order_without_an_end_falls_due_with_the_markets_hours_only() -> None:
    hosted = hosted_with(Terms())
    hosted.rest()
    assert hosted.due_at is None
    assert not hosted.wants_work(SOON)
