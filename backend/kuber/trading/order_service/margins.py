"""Money that shorts keep, and shorts that are not covered any more (rule M23)."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from uuid import UUID, uuid5

import structlog

from kuber.exchange.errors import BadNumber
from kuber.exchange.reservations import Held as Holding
from kuber.exchange.reservations import held_after_short, margin
from kuber.exchange.units import from_amount_up, to_amount
from kuber.infra.db import RawConnection
from kuber.ledger.facts import Fact, Held, Released
from kuber.ledger.report import balances_of, money_in
from kuber.ledger.types import Book, HoldPurpose
from kuber.trading.management.position import Position
from kuber.trading.order_service.held import Hosted

log = structlog.get_logger(__name__)

_IDS = UUID("0b8f6c2a-4c0d-5c64-9a55-5a3e2b1d7c02")


def margin_given_back(position: Position, execution_id: str) -> Iterator[tuple[UUID, Fact]]:
    """Yield the end of a short's margin, before an execution that buys some of it back."""
    if not position.plan.long:
        yield uuid5(_IDS, f"release/{execution_id}"), Released(UUID(position.id))


def margin_kept(position: Position, execution_id: str) -> Iterator[tuple[UUID, Fact]]:
    """Yield what a short keeps after an execution: 150 % of its value at the entry's price."""
    entry = position.entry
    if position.plan.long or position.held <= 0 or entry is None or not entry.filled:
        return
    kept = held_after_short(-(-entry.value // entry.filled), position.held)
    fact = Held(UUID(position.id), from_amount_up(kept), HoldPurpose.MARGIN)
    yield uuid5(_IDS, f"hold/{execution_id}"), fact


def accounts_with_shorts(hosted: Iterable[Hosted]) -> dict[UUID, str]:
    """Return the accounts that hold shorts, with their currencies."""
    return {
        one.holder.account_id: one.holder.currency
        for instrument in hosted
        for one in instrument.tracked.values()
        if not one.position.plan.long and one.position.held > 0
    }


async def called(
    connection: RawConnection, accounts: Mapping[UUID, str], hosted: Iterable[Hosted]
) -> list[str]:
    """Return the positions to close, one for each account whose cover is below 130 %."""
    if not accounts:
        return []
    balances = await balances_of(connection, Book.TRADING, list(accounts))
    held: defaultdict[UUID, list[Holding]] = defaultdict(list)
    for instrument in hosted:
        for one in instrument.tracked.values():
            position, account = one.position, one.holder.account_id
            if account in accounts and position.held > 0:
                price = position.plan.entry if instrument.seen is None else instrument.seen.last
                quantity = position.held if position.plan.long else -position.held
                held[account].append(Holding(position.id, quantity, price))
    found = []
    for account, holdings in held.items():
        try:
            money = to_amount(money_in(balances.get(account, {}), accounts[account]))
        except BadNumber:
            log.exception("margin_not_computed", account_id=str(account))
            continue
        call = margin(money, holdings).call
        if call is not None:
            found.append(call)
    return found
