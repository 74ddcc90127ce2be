"""A position while one decision is made about it, and the commands that come of it."""

from dataclasses import replace
from typing import Any

from kuber.exchange.units import SECOND
from kuber.kernel.orders import OrderType, Side
from kuber.trading.management.commands import (
    Cancel,
    CloseAtMarket,
    Command,
    Exit,
    MoveStop,
    Notice,
    PlaceEntry,
    PlaceGroup,
    PlaceStop,
    Tell,
)
from kuber.trading.management.facts import Seen, Situation
from kuber.trading.management.plan import Protection
from kuber.trading.management.position import Leg, Part, Position, Reason, Role, Status

FRESH_FOR = 60 * SECOND
"""An older price decides nothing."""
ANSWER_DUE = 10 * SECOND
"""After that a cancel is asked for again."""
SIBLING_DUE = 2 * SECOND
"""How long the other order of a part may take to end by itself."""


class Desk:
    """Changes a position and notes commands. Lives for one decision."""

    __slots__ = ("commands", "now", "position", "situation")

    def __init__(self, position: Position, situation: Situation) -> None:
        self.position = position
        self.situation = situation
        self.now = situation.now
        self.commands: list[Command] = []

    @property
    def seen(self) -> Seen | None:
        """The price, if it is new enough to decide on."""
        seen = self.situation.seen
        if seen is None or seen.at < self.now - FRESH_FOR:
            return None
        return seen

    def change(self, **fields: Any) -> None:
        self.position = replace(self.position, **fields)

    def change_leg(self, leg: Leg, **fields: Any) -> None:
        self.position = self.position.with_leg(replace(leg, **fields))

    def close(self, reason: Reason) -> None:
        """Begin to close the position."""
        if self.position.status is not Status.CLOSING:
            self.change(status=Status.CLOSING, reason=reason)

    def place_entry(self) -> None:
        position, plan = self.position, self.position.plan
        limit = plan.entry if plan.entry_type is OrderType.LIMIT else None
        self._add(Role.ENTRY, plan.quantity, order_id=position.entry_id, price=limit)
        self.commands.append(entry_order(self.position))

    def place_part(self, target: int, quantity: int) -> None:
        """Protect a quantity: a stop, and the target with it where the venue holds both."""
        position = self.position
        number = 1 + max((leg.part for leg in position.legs), default=0)
        stop = self._add(Role.STOP, quantity, part=number, target=target, price=position.stop)
        price = position.plan.target(target)
        if position.plan.protection is not Protection.OCO or price is None:
            self.commands.append(PlaceStop(exit_order(position, stop)))
            return
        aim = self._add(Role.TARGET, quantity, part=number, target=target, price=price)
        self.commands.append(group_of(position, stop, aim))

    def at_market(self, role: Role, quantity: int) -> None:
        """Sell (or buy back) a quantity at the market."""
        leg = self._add(role, quantity)
        self.commands.append(CloseAtMarket(exit_order(self.position, leg)))

    def move_stop(self, stop: Leg, price: int, *, urgent: bool = False) -> None:
        """Ask for another price of a working stop; it stands until the venue says it moved."""
        new = self._add(
            Role.STOP,
            stop.quantity - stop.filled,
            part=stop.part,
            target=stop.target,
            price=price,
            replaces=stop.order_id,
            urgent=urgent,
        )
        self.commands.append(move_of(new, stop))

    def cancel(self, leg: Leg) -> None:
        """Ask for the end of an order."""
        self.change_leg(leg, asked_at=self.now)
        self.commands.append(Cancel(leg.order_id))

    def cancel_part(self, part: Part) -> None:
        """Ask for the end of a part: one order takes the others with it."""
        live = part.live
        self.commands.append(Cancel(live[-1].order_id))
        for leg in live:
            self.change_leg(leg, asked_at=self.now)

    def cancel_again(self, part: Part) -> None:
        """Ask for the end of each of a part's orders, one by one."""
        for leg in part.live:
            self.cancel(leg)

    def tell(self, notice: Notice, *, since: int | None = None, reason: str | None = None) -> None:
        """Tell the person once; what has a beginning is told for each of them."""
        key = str(notice) if since is None else f"{notice}:{since}"
        if key in self.position.told:
            return
        self.change(told=(*self.position.told, key))
        held = self.position.held
        self.commands.append(
            Tell(
                key=f"{self.position.id}:{key}",
                notice=notice,
                at=self.now,
                quantity=held,
                since=since,
                reason=reason,
            )
        )

    def _add(self, role: Role, quantity: int, *, order_id: str | None = None, **fields: Any) -> Leg:
        leg = Leg(
            order_id="",
            role=role,
            attempt=1,
            quantity=quantity,
            sent_at=self.now,
            changed_at=self.now,
            **fields,
        )
        attempt = self.position.next_attempt(leg.name)
        named = order_id or self.position.order_id(leg.name, attempt)
        leg = replace(leg, order_id=named, attempt=attempt)
        self.change(legs=(*self.position.legs, leg))
        return leg


def entry_order(position: Position) -> PlaceEntry:
    """Return the order of a position's entry."""
    plan = position.plan
    return PlaceEntry(
        order_id=position.entry_id,
        side=plan.side,
        type=plan.entry_type,
        quantity=plan.quantity,
        limit_price=plan.entry if plan.entry_type is OrderType.LIMIT else None,
        ends_at=plan.entry_ends_at,
    )


def exit_order(position: Position, leg: Leg) -> Exit:
    """Return the order of an exit leg."""
    plan = position.plan
    return Exit(
        order_id=leg.order_id,
        leg=leg.name,
        attempt=leg.attempt,
        side=Side.SELL if plan.long else Side.BUY,
        quantity=leg.quantity,
        time_in_force=plan.exits_in_force,
        stop_price=leg.price if leg.role is Role.STOP else None,
        limit_price=leg.price if leg.role is Role.TARGET else None,
    )


def group_of(position: Position, stop: Leg, target: Leg) -> PlaceGroup:
    """Return a part's two orders together."""
    name = f"{position.id}/{stop.part}"
    return PlaceGroup(name, exit_order(position, stop), exit_order(position, target))


def move_of(new: Leg, old: Leg) -> MoveStop:
    """Return the change of a stop's price."""
    assert new.price is not None, "a stop has its price"
    return MoveStop(
        order_id=old.order_id,
        new_id=new.order_id,
        stop_price=new.price,
        expected_filled=old.filled,
    )
