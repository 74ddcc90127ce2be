"""Auctions: orders for the open or the close of a session."""

from kuber.exchange.engine.lifecycle import alive, end
from kuber.exchange.engine.matching import Offer, barred, execute
from kuber.exchange.engine.store import Store
from kuber.exchange.engine.working import Place, Working
from kuber.exchange.events import Auction, AuctionKind, Reason
from kuber.kernel.orders import TimeInForce

_TIME_IN_FORCE = {AuctionKind.OPEN: TimeInForce.OPG, AuctionKind.CLOSE: TimeInForce.CLS}


def fault_of(store: Store, auction: Auction) -> str | None:
    """Return why an auction is not held, None when it is."""
    if auction.price <= 0:
        return "not_positive"
    if store.price_at is not None and auction.at < store.price_at:
        return "older_than_the_last_price"
    return "halted" if store.halted else None


def hold_auction(store: Store, auction: Auction) -> None:
    """Fill the auction's orders at its one price: markets first, then the better limits, in turn.

    What is not filled is cancelled. Orders that come too late wait for the next auction.
    """
    store.last, store.price_at = auction.price, auction.at
    store.price_number += 1
    store.consumed.clear()
    wanted = _TIME_IN_FORCE[auction.kind]
    orders = [
        order
        for order in store.orders.values()
        if order.place is Place.AUCTION
        and order.order.time_in_force is wanted
        and order.effective_at <= auction.at
    ]
    for order in sorted(orders, key=_priority):
        if not alive(store, order):
            continue
        execute(store, order, _offer(order, auction))
        if alive(store, order) and order.place is Place.AUCTION:
            end(store, order, Reason.AUCTION_OVER)


def _offer(order: Working, auction: Auction) -> Offer:
    return barred(order, auction.price, auction.volume or 0, passive=True)


def _priority(order: Working) -> tuple[int, int, int]:
    if order.limit is None:
        return (0, 0, order.sequence)
    return (1, -order.limit if order.buys else order.limit, order.sequence)
