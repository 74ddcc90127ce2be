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
        fee = self._fee_of(quantity, price) if self._schedule is not FREE else 0
        cost = needed(price, quantity, fee, buys=self._buys)
        if cost > self.left:
            quantity = self.affords(quantity, price)
            if quantity == 0:
                return 0
            fee = self._fee_of(quantity, price)
            cost = needed(price, quantity, fee, buys=self._buys)
        self.left -= cost
        self._filled += quantity
        self._value += price * quantity
        self._fee += fee
        return quantity

    def _cost(self, quantity: int, price: int) -> int:
        return needed(price, quantity, self._fee_of(quantity, price), buys=self._buys)

    def _fee_of(self, quantity: int, price: int) -> int:
        """Return what the fee grows by with one more fill."""
        if self._schedule is FREE:
            return 0
        total = self._schedule.total(self._filled + quantity, self._value + price * quantity)
        return total - self._fee if total > self._fee else 0
