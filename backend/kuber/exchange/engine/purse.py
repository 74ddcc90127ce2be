"""How much of an order its reservation still pays, while a match is planned."""

from kuber.exchange.engine.working import Working
from kuber.exchange.reservations import needed
from kuber.exchange.units import floor_to


class Purse:
    """The money of one order, spent in thought: nothing of the order changes."""

    __slots__ = ("_fee", "_filled", "_order", "_value", "left")

    def __init__(self, order: Working) -> None:
        self._order = order
        self.left = None if order.closes else order.reserved
        self._filled, self._value, self._fee = order.filled, order.value, order.fee

    def affords(self, quantity: int, price: int) -> int:
        """Return the largest part of `quantity`, in lots, that the rest pays, fee included."""
        if self.left is None or self._cost(quantity, price) <= self.left:
            return quantity
        lot = self._order.order.spec.lot
        low, high = 0, floor_to(quantity, lot) // lot
        while low < high:  # the cost grows with the quantity
            middle = (low + high + 1) // 2
            if self._cost(middle * lot, price) <= self.left:
                low = middle
            else:
                high = middle - 1
        return low * lot

    def spend(self, quantity: int, price: int) -> None:
        """Take what a planned fill costs."""
        if self.left is None:
            return
        self.left -= self._cost(quantity, price)
        self._filled += quantity
        self._value += price * quantity
        self._fee = max(self._total(self._filled, self._value), self._fee)

    def _cost(self, quantity: int, price: int) -> int:
        total = self._total(self._filled + quantity, self._value + price * quantity)
        fee = max(total - self._fee, 0)
        return needed(price, quantity, fee, buys=self._order.buys)

    def _total(self, quantity: int, value: int) -> int:
        return self._order.order.behaviour.fees.total(quantity, value)
