"""Who is slow when rows take too long: who makes them, or who takes them."""

from collections.abc import AsyncIterator
from time import monotonic


class Pace:
    """Passes rows on and adds up who waited for whom, until the last or until somebody gives up."""

    def __init__(self) -> None:
        self._making_s = 0.0
        self._taking_s = 0.0
        self._given_at_s: float | None = None

    @property
    def taker_was_slower(self) -> bool:
        """Whether more of the time went into taking the rows than into making them."""
        taking_s = self._taking_s
        if self._given_at_s is not None:  # it gave up over this one
            taking_s += monotonic() - self._given_at_s
        return taking_s > self._making_s

    async def of(self, rows: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
        """Yield `rows`."""
        while True:
            begun_s = monotonic()
            try:
                part = await anext(rows, None)
            finally:
                self._making_s += monotonic() - begun_s
            if part is None:
                return
            self._given_at_s = monotonic()
            yield part
            self._taking_s += monotonic() - self._given_at_s
            self._given_at_s = None
