"""Orders by price, then by sequence."""

from bisect import bisect_left
from collections.abc import Iterator

from kuber.exchange.engine.working import Working

Level = dict[int, Working]


class Levels:
    """One side of a book, or one set of triggers: the best price in O(1).

    `best_is_high` tells which end is met first: True for bids, False for asks. A level has its
    orders by sequence, lowest first.
    """

    __slots__ = ("_keys", "_levels", "_sign")

    def __init__(self, *, best_is_high: bool) -> None:
        self._sign = 1 if best_is_high else -1
        self._keys: list[int] = []
        """Price times sign, ascending: the best stands last, where taking it away is cheap."""
        self._levels: dict[int, Level] = {}

    def __bool__(self) -> bool:
        return bool(self._keys)

    def best(self) -> int | None:
        """Return the price that is met first, None when there is no order."""
        return self._sign * self._keys[-1] if self._keys else None

    def put(self, price: int, order: Working) -> None:
        key = self._sign * price
        level = self._levels.get(key)
        if level is None:
            self._levels[key] = {order.sequence: order}
            self._keys.insert(bisect_left(self._keys, key), key)
        else:
            late = next(reversed(level)) > order.sequence
            level[order.sequence] = order
            if late:  # it has waited elsewhere and keeps its turn
                self._levels[key] = dict(sorted(level.items()))

    def take(self, price: int, order: Working) -> None:
        key = self._sign * price
        level = self._levels[key]
        del level[order.sequence]
        if not level:
            del self._levels[key]
            if self._keys[-1] == key:
                self._keys.pop()
            else:
                del self._keys[bisect_left(self._keys, key)]

    def until(self, price: int) -> Iterator[Working]:
        """Yield the orders from the best to those at `price`, which is included.

        The levels must not change meanwhile.
        """
        last = self._sign * price
        for key in reversed(self._keys):
            if key < last:
                return
            yield from self._levels[key].values()

    def reaches(self, price: int) -> bool:
        """Return whether the best price is at `price` or better."""
        return bool(self._keys) and self._keys[-1] >= self._sign * price
