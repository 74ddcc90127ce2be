"""Filling one order: a plan is made first, without changing anything, then carried out.

Price comes first, then sequence; other users come before the market outside at an equal price.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

from kuber.exchange import draws
from kuber.exchange.engine.lifecycle import alive, closable, end, fill, would_flip
from kuber.exchange.engine.purse import purse_of
from kuber.exchange.engine.store import Store, pool_of
from kuber.exchange.engine.working import Place, Working
from kuber.exchange.events import MarketPhase, Quote, Reason
from kuber.exchange.units import MILLION, floor_to, half_up_to
from kuber.kernel.orders import TimeInForce

_AUCTION, _FOK = Place.AUCTION, TimeInForce.FOK
_WOULD_FLIP, _OPEN = Reason.WOULD_FLIP, MarketPhase.OPEN


@dataclass(slots=True)
class Offer:
    """What the market outside gives: `touch` before slippage, `price` after it; None of
    `available` is any quantity. `pool` is where it is used up."""

    touch: int
    price: int
    available: int | None
    pool: str


Part = tuple[int, int, Working | None]
"""One planned fill: quantity, price, and the other order, None for the market outside."""


@dataclass(slots=True)
class Plan:
    parts: list[Part]
    poor: bool
    """The reservation pays no more."""
    chance: bool
    """Chance gave less than the market offered."""


def quoted(store: Store, order: Working, quote: Quote, *, passive: bool) -> Offer:
    """Return what a quote offers an order: the other side, moved by slippage unless it rested."""
    behaviour = order.order.behaviour
    touch = quote.ask if order.buys else quote.bid
    size = quote.ask_size if order.buys else quote.bid_size
    if touch is None:
        spread = quote.last * behaviour.half_spread // MILLION
        touch = _on_tick(order, quote.last + (spread if order.buys else -spread))
        size = None
    if size is None:
        size = behaviour.depth
    elif not behaviour.sizes_count:
        size = None
    pool = pool_of(order) + ("\x1fb" if order.buys else "\x1fs")
    price = touch if passive or not behaviour.slippage else _slipped(order, touch)
    return Offer(touch, price, size, pool)


def barred(order: Working, price: int, volume: int, *, passive: bool) -> Offer:
    """Return what a bar offers an order at one of its prices: a share of its volume."""
    share = order.order.behaviour.volume_share
    available = volume * share // MILLION if volume > 0 and share is not None else None
    slipped = price if passive else _slipped(order, price)
    return Offer(price, slipped, available, pool_of(order))


def execute(store: Store, order: Working, offer: Offer | None) -> None:
    """Fill an order as far as users and the offer go, and end it where its terms say so."""
    if order.met == store.price_number:
        offer = None
    need, blocked = order.open, None
    if order.closes:
        need = min(need, closable(store, order))
        blocked = Reason.NOTHING_TO_CLOSE if need == 0 else None
    elif would_flip(store, order.order.account, buys=order.buys):
        blocked = _WOULD_FLIP
    if blocked is not None:
        if order.impatient or _plan(store, order, offer, order.open).parts:
            end(store, order, blocked)
        return
    plan = _plan(store, order, offer, need)
    if order.order.time_in_force is _FOK:
        whole = sum(quantity for quantity, _, _ in plan.parts) == order.quantity - order.filled
        if not whole:
            end(store, order, _why_unfilled(plan))
            return
    if plan.chance:
        order.met = store.price_number
    for part in plan.parts:
        carry_out(store, order, part, offer)
    _settle(store, order, plan)


def _plan(store: Store, order: Working, offer: Offer | None, need: int) -> Plan:
    """Return the fills of an order that wants `need`, best price first."""
    if offer is not None and order.limit is not None:
        offer = _within(order.limit, offer, buys=order.buys)
    sources = _sources(store, order, offer)
    if not sources:
        return Plan([], poor=False, chance=False)
    purse = purse_of(order)
    parts: list[Part] = []
    poor = chance = False
    for given, price, other in sources:
        want = need if given < 0 or given > need else given
        if other is None:
            wanted = _whole_lots(order, want, need)
            want = _by_chance(order, wanted, need)
            chance = want < wanted
        paid = want if purse is None else purse.take(want, price)
        if paid > 0:
            parts.append((paid, price, other))
            need -= paid
        if paid < want:
            poor = True
        if poor or chance or need == 0:
            break
    return Plan(parts, poor, chance)


def _within(limit: int, offer: Offer, *, buys: bool) -> Offer | None:
    """Return an offer as a limit lets it be taken, None when it is beyond the limit."""
    if (offer.touch > limit) if buys else (offer.touch < limit):
        return None
    beyond = (offer.price > limit) if buys else (offer.price < limit)
    return replace(offer, price=limit) if beyond else offer


def _sources(store: Store, order: Working, offer: Offer | None) -> Iterable[Part]:
    """Return what could fill an order, best first; a quantity of -1 is any."""
    outside: Part | None = None
    if offer is not None:
        used = store.consumed.get(offer.pool, 0)
        left = -1 if offer.available is None else max(offer.available - used, 0)
        outside = (left, offer.price, None)
    if order.order.crossing and order.place is not _AUCTION:
        # Without a limit an order goes no further than the market outside: a lone user's price
        # may be far off.
        bound = order.limit if order.limit is not None else (offer.price if offer else None)
        if bound is not None and store.opposite(order).reaches(bound):
            users = _users(store, order, bound)
            return users if outside is None else _merged(order, users, outside)
    return () if outside is None else (outside,)


def _merged(order: Working, users: Iterable[Part], outside: Part) -> Iterator[Part]:
    """Yield what users offer and what the market outside does, best first."""
    told = False
    for part in users:
        if not told and _better(order, outside[1], part[1]):
            yield outside
            told = True
        yield part
    if not told:
        yield outside


def _users(store: Store, order: Working, bound: int) -> Iterator[Part]:
    """Yield the orders of other users up to a price, each with what it may trade now."""
    claimed: dict[tuple[str, str], int] = {}
    owner = order.order.owner
    all_day = store.phase is _OPEN and not store.halted
    for other in store.opposite(order).until(bound):
        terms = other.order
        if terms.owner == owner or not (all_day or store.shut(other) is None):
            continue
        if order.limit is not None and other.sequence > order.sequence:
            continue  # whoever came later takes, at the price of whoever stood there
        assert other.limit is not None, "what rests has a limit"
        plain = not other.closes and other.group is None
        want = other.open if plain else _unclaimed(store, other, claimed)
        if not other.closes and would_flip(store, terms.account, buys=other.buys):
            continue
        if want > 0 and (purse := purse_of(other)) is not None:
            want = purse.affords(want, other.limit)
        if want > 0:
            if other.closes:
                _add(claimed, ("account", terms.account), want)
            if other.group is not None:
                _add(claimed, ("group", other.group), want)
            yield (want, other.limit, other)


def _unclaimed(store: Store, other: Working, claimed: dict[tuple[str, str], int]) -> int:
    """Return what an order may trade: two of one account do not count on the same shares."""
    want = other.open
    if other.closes:
        want = min(want, closable(store, other) - claimed.get(("account", other.order.account), 0))
    if other.group is not None:
        group = store.groups[other.group]
        taken = claimed.get(("group", other.group), 0)
        want = min(want, group.released - group.filled - taken)
    return want


def _add(claimed: dict[tuple[str, str], int], key: tuple[str, str], quantity: int) -> None:
    claimed[key] = claimed.get(key, 0) + quantity


def carry_out(store: Store, order: Working, part: Part, offer: Offer | None) -> None:
    """Do what was planned, and end the other order where it can give no more."""
    quantity, price, other = part
    if other is None:
        assert offer is not None, "only an offer fills from outside"
        store.consumed[offer.pool] = store.consumed.get(offer.pool, 0) + quantity
        fill(store, order, quantity, price, None)
        return
    if not alive(store, other):
        return  # it ended with another order of its group
    fill(store, other, quantity, price, order.id)
    fill(store, order, quantity, price, other.id)
    if other.open > 0 and alive(store, other):
        if other.closes:
            if closable(store, other) == 0:
                end(store, other, Reason.NOTHING_TO_CLOSE)
        elif (purse := purse_of(other)) and purse.affords(_step(other), price) == 0:
            end(store, other, Reason.INSUFFICIENT_BUYING_POWER)


def _settle(store: Store, order: Working, plan: Plan) -> None:
    """End what may not wait for more."""
    if order.open == 0 or not alive(store, order):
        return
    if plan.poor:
        end(store, order, Reason.INSUFFICIENT_BUYING_POWER)
    elif plan.parts and order.closes and closable(store, order) == 0:
        end(store, order, Reason.NOTHING_TO_CLOSE)
    elif order.impatient:
        end(store, order, Reason.UNFILLED)


def _why_unfilled(plan: Plan) -> Reason:
    return Reason.INSUFFICIENT_BUYING_POWER if plan.poor else Reason.UNFILLED


def _whole_lots(order: Working, quantity: int, need: int) -> int:
    """Return the lots in a quantity; an odd rest is filled whole or not at all."""
    return quantity if quantity == need else floor_to(quantity, order.order.spec.lot)


def _by_chance(order: Working, quantity: int, need: int) -> int:
    """Return what chance lets an order have of a quantity; never less for FOK and for groups."""
    terms, behaviour = order.order, order.order.behaviour
    if behaviour.partial_rate == 0 or order.group is not None or quantity <= 0:
        return quantity
    if terms.time_in_force is _FOK:
        return quantity
    seed, key, count = behaviour.seed, terms.draw_key, order.fills
    if not draws.happens(seed, key, draws.PARTIAL, count, behaviour.partial_rate):
        return quantity
    part = draws.part_of(seed, key, count, quantity, terms.spec.lot, 1)
    left_open = need - part
    return part if part < quantity and left_open >= terms.spec.minimum_quantity else quantity


def _slipped(order: Working, touch: int) -> int:
    slippage = order.order.behaviour.slippage
    if slippage == 0:
        return touch
    move = MILLION + (slippage if order.buys else -slippage)
    return _on_tick(order, touch * move // MILLION)


def _on_tick(order: Working, price: int) -> int:
    tick = order.order.spec.tick_at(price)
    return max(half_up_to(price, tick), tick)


def _better(order: Working, price: int, than: int) -> bool:
    return price < than if order.buys else price > than


def _step(order: Working) -> int:
    return min(order.order.spec.lot, order.open)
