"""Entries are sent once money is held for them."""

from collections.abc import Iterable
from datetime import datetime

from kuber.exchange.reservations import reservation
from kuber.exchange.units import from_amount_up
from kuber.infra.db import RawConnection
from kuber.ledger.store import Ledger
from kuber.trading.order_service.held import LiveOrder, Tracked
from kuber.trading.order_service.round import Round
from kuber.trading.order_service.writing import hold_of

_MOST_TURNS = 8


async def enter(
    connection: RawConnection, ledger: Ledger, rounds: Iterable[Round], now: datetime
) -> None:
    """Send entries for which money can be held; management hears of those that have none."""
    everywhere = list(rounds)
    for _ in range(_MOST_TURNS):
        entries = [
            (one, tracked, order) for one in everywhere for tracked, order in one.take_entries()
        ]
        if not entries:
            return
        units = [_reservation(*entry) for entry in entries]
        holds = [
            hold_of(order, tracked.holder.currency, from_amount_up(needed), now)
            for (_, tracked, order), needed in zip(entries, units, strict=True)
        ]
        settled = await ledger.settle(connection, holds)
        for (one, _, order), needed, done in zip(entries, units, settled, strict=True):
            if done.refusal is None:
                one.enter(order, from_amount_up(needed), needed)
            else:
                one.refuse(order, f"insufficient_buying_power: {done.refusal.detail}")
        for one in {id(entry[0]): entry[0] for entry in entries}.values():
            one.work()


def _reservation(one: Round, tracked: Tracked, order: LiveOrder) -> int:
    new, ask = one.valued(tracked, order)
    return reservation(new, ask)
