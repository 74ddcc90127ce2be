"""Which intents become positions: rules of the account, of the instrument and of the plan."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from decimal import Decimal
from uuid import UUID, uuid5

from kuber.brokers.port import OrderStatus
from kuber.exchange.checks import Draft, Situation, check
from kuber.exchange.lifetimes import expires_at
from kuber.exchange.types import AssetClass, Spec
from kuber.exchange.units import ceil_to, floor_to, from_price, to_instant, to_price, to_quantity
from kuber.kernel.errors import KuberError
from kuber.kernel.orders import Side, TimeInForce
from kuber.trading.accounts.behaviour import behaviour_of
from kuber.trading.bounds import out_of_bounds
from kuber.trading.errors import RefusedOrder
from kuber.trading.lifecycle import OrderLife
from kuber.trading.management.attribution import Action, CloseAll, NotAdmitted, Stake, admit
from kuber.trading.management.capability import protection_for
from kuber.trading.management.plan import ExitPlan
from kuber.trading.management.position import planned
from kuber.trading.order_service.held import Holder, LiveOrder, Terms, Tracked
from kuber.trading.order_service.reading import WantedEntry
from kuber.trading.order_service.traded import Traded
from kuber.trading.origins import OriginKind

BY_HAND = "by hand"
LATE_AFTER = timedelta(seconds=60)
"""An intent that was not looked at for so long is not sent any more: its price is old (M14)."""
ENTRY_LIVES = timedelta(days=1)
"""How long an entry of a market without sessions waits to be filled (M18)."""

_POSITIONS = UUID("0f4f6f0e-5d0c-5b6d-9c9a-3a4bb7a2b6a1")


@dataclass(frozen=True, slots=True)
class Admitted:
    """A position that may be entered, and its order."""

    tracked: Tracked
    order: LiveOrder


@dataclass(frozen=True, slots=True)
class NotTaken:
    """Why an intent was refused, in words that name a remedy."""

    reason: str


def position_id(order_id: UUID) -> UUID:
    """Return the id of the position that an order opens: always the same."""
    return uuid5(_POSITIONS, str(order_id))


def owner_of(wanted: WantedEntry) -> str:
    """Return whose position it is."""
    return BY_HAND if wanted.pipeline_id is None else str(wanted.pipeline_id)


def examine(
    wanted: WantedEntry, traded: Traded | None, stakes: Sequence[Stake], now: datetime
) -> Admitted | NotTaken:
    """Return the position of an intent, or why there is none."""
    reason = _barred(wanted, now) or _not_for(wanted, traded) or _out_of_bounds(wanted)
    if reason is not None or traded is None:
        return NotTaken(reason or "not_tradable")
    admission = _admission(wanted, traded, stakes)
    if isinstance(admission, NotAdmitted):
        return NotTaken(f"{admission.code}: {admission.text}")
    try:
        return _admitted(wanted, traded, now)
    except RefusedOrder as error:
        return NotTaken(f"bad_plan: {error.detail}")
    except KuberError as error:
        return NotTaken(f"{error.code}: {error.detail}")


def _barred(wanted: WantedEntry, now: datetime) -> str | None:
    """Return why nothing is sent from the account, or not any more."""
    if wanted.blocked is not None:
        return f"entries_blocked: {wanted.blocked}"
    if wanted.called_off:
        return "run_cancelled: its run was cancelled before the order was sent."
    if now - wanted.created_at > LATE_AFTER:
        return "too_late: the order service was away when it was decided; the price is old by now."
    return None


def _not_for(wanted: WantedEntry, traded: Traded | None) -> str | None:
    """Return why an instrument is not for the account."""
    if traded is None:
        return "not_tradable: an index cannot be traded; choose a fund that follows it."
    if traded.currency != wanted.currency:
        return (
            f"foreign_currency: {traded.symbol} is traded in {traded.currency}, the account is kept"
            f" in {wanted.currency}."
        )
    return None


def _out_of_bounds(wanted: WantedEntry) -> str | None:
    """Return why no record could hold an intent's numbers, whoever has written it."""
    levels, terms = wanted.levels, wanted.terms
    try:
        prices = {
            "price": wanted.reference_price,
            "limit_price": None if terms.limit_price is None else from_price(terms.limit_price),
            "stop_price": None if terms.stop_price is None else from_price(terms.stop_price),
            "stop_loss": Decimal(levels["stop_loss"]),
            **{f"targets.{number}": Decimal(one) for number, one in enumerate(levels["targets"])},
        }
    except (ArithmeticError, ValueError, TypeError, KeyError) as error:
        return f"bad_plan: its stop or its targets are no numbers ({type(error).__name__})."
    beyond = out_of_bounds(wanted.order.quantity, prices)
    return None if beyond is None else str(beyond)


def _admission(wanted: WantedEntry, traded: Traded, stakes: Sequence[Stake]) -> NotAdmitted | None:
    action = Action.BUY if wanted.order.side is Side.BUY else Action.SELL
    found = admit(action, owner_of(wanted), stakes, may_short=traded.spec.shortable)
    if isinstance(found, NotAdmitted):
        return found
    if isinstance(found, CloseAll):
        text = "A position the other way is open, and no order turns it round; close it first."
        return NotAdmitted("opposite_position", text, owner_of(wanted))
    return None


def _admitted(wanted: WantedEntry, traded: Traded, now: datetime) -> Admitted | NotTaken:
    order, spec = wanted.order, traded.spec
    terms = _lasting(wanted.terms, spec, order.origin.kind)
    quantity = floor_to(to_quantity(order.quantity), spec.lot)
    if quantity <= 0 or quantity != to_quantity(order.quantity):
        return NotTaken("bad_quantity: it is not on the instrument's quantity step.")
    long = order.side is Side.BUY
    stop = on_tick(spec, Decimal(wanted.levels["stop_loss"]), up=long)
    targets = tuple(on_tick(spec, Decimal(one), up=not long) for one in wanted.levels["targets"])
    entry = terms.limit_price or terms.stop_price or to_price(wanted.reference_price)
    refusal = check(_draft(wanted, terms, spec, quantity), Situation())
    if refusal is not None:
        return NotTaken(f"{refusal.code}: {refusal.text}")
    first = targets[0] if targets else None
    protection, life = protection_for(spec.asset_class, quantity, stop, first, long=long)
    ends = terms.expires_at or _entry_ends(terms, traded, now)
    plan = ExitPlan(
        side=order.side,
        spec=spec,
        quantity=quantity,
        entry=entry,
        stop=stop,
        targets=targets,
        protection=protection,
        entry_type=terms.type,
        entry_ends_at=ends,
        exits_in_force=life,
    )
    name = str(position_id(order.id))
    position = planned(name, owner_of(wanted), plan, to_instant(now), str(order.id))
    holder = Holder(
        order.account.user_id,
        order.account.id,
        wanted.currency,
        order.mode,
        behaviour_of(wanted.options, order.account.id, spec.asset_class),
        wanted.pipeline_id,
        order.origin.run_id,
        order.correlation_id,
    )
    tracked = Tracked(position, holder, now)
    tracked.keep(position)
    life_so_far = OrderLife(OrderStatus.INTENDED, order.quantity)
    return Admitted(tracked, LiveOrder(order, terms, name, life_so_far))


def on_tick(spec: Spec, price: Decimal, *, up: bool) -> int:
    """Return a price on the tick: stops and targets are rounded to come earlier."""
    value = to_price(price)
    tick = spec.tick_at(value)
    return ceil_to(value, tick) if up else max(floor_to(value, tick), tick)


def _lasting(terms: Terms, spec: Spec, origin: OriginKind) -> Terms:
    """Return the terms of a run's order as the market takes them: coins know no day orders."""
    if origin is OriginKind.RUN and spec.asset_class is AssetClass.CRYPTO:
        return replace(terms, time_in_force=TimeInForce.GTC)
    return terms


def _draft(wanted: WantedEntry, terms: Terms, spec: Spec, quantity: int) -> Draft:
    return Draft(
        side=wanted.order.side,
        type=terms.type,
        time_in_force=terms.time_in_force,
        quantity=quantity,
        asset_class=spec.asset_class,
        limit_price=terms.limit_price,
        stop_price=terms.stop_price,
        extended_hours=terms.extended_hours,
    )


def _entry_ends(terms: Terms, traded: Traded, now: datetime) -> int | None:
    """Return when no more of an entry is wanted: with the session, at the latest with the order."""
    if terms.time_in_force in (TimeInForce.IOC, TimeInForce.FOK):
        return None
    if traded.calendar.clock_aligned:
        return to_instant(now + ENTRY_LIVES)
    ends = expires_at(
        terms.time_in_force, now, traded.calendar, extended_hours=terms.extended_hours
    )
    return None if ends is None else to_instant(ends)
