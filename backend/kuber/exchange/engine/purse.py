"""How much of an order its reservation still pays, while a match is planned."""

from kuber.exchange.engine.working import Working
from kuber.exchange.fees import FREE
from kuber.exchange.reservations import needed
from kuber.exchange.units import floor_to


def purse_of(order: Working) -> "Purse | None":
    """Return the money of an order, None when nothing limits it."""
    return None if order.reserved is None or order.closes else Purse(order, order.reserved)


class Purse:
    """The money of one order, spent in thought: nothing of the order changes."""

    __slots__ = ("_buys", "_fee", "_filled", "_lot", "_schedule", "_value", "left")

    def __init__(self, order: Working, left: int) -> None:
        self.left = left
        self._filled, self._value, self._fee = order.filled, order.value, order.fee
        self._buys = order.buys
        self._lot = order.order.spec.lot
        self._schedule = order.order.behaviour.fees

    def affords(self, quantity: int, price: int) -> int:
        """Return the largest part of `quantity`, in lots, that the rest pays, fee included."""
        if self._cost(quantity, price) <= self.left:
            return quantity
        lot = self._lot
        low, high = 0, floor_to(quantity, lot) // lot
        while low < high:  # the cost grows with the quantity
            middle = (low + high + 1) // 2
            if self._cost(middle * lot, price) <= self.left:
                low = middle
            else:
                high = middle - 1
        return low * lot

    def take(self, quantity: int, price: int) -> int:
        """Spend on as much of `quantity` as the rest pays, and return that part."""
        paid = self.affords(quantity, price)
        if paid > 0:
            self.left -= self._cost(paid, price)
            self._filled += paid
            self._value += price * paid
            if self._schedule is not FREE:
                self._fee = max(self._schedule.total(self._filled, self._value), self._fee)
        return paid

    def _cost(self, quantity: int, price: int) -> int:
        fee, schedule = 0, self._schedule
        if schedule is not FREE:
            total = schedule.total(self._filled + quantity, self._value + price * quantity)
            if total > self._fee:
                fee = total - self._fee
        return needed(price, quantity, fee, buys=self._buys)
