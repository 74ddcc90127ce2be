"""How fast rows are stored, and who is slow when they take too long: who makes them, or who takes
them."""

import asyncio
from collections.abc import AsyncIterator
from time import monotonic

_REST = 1.0
"""How long the database is left alone after a part, in times of what it took..."""
_LONGEST_REST_S = 0.01
"""...and at most: where everybody waits, an import shall end some day too."""


class Pace:
    """Passes rows on and adds up who waited for whom, until the last or until somebody gives up.

    After each part there is a pause, so that runs find the database free; it counts for nobody.
    """

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
            taken_s = monotonic() - self._given_at_s
            self._taking_s += taken_s
            self._given_at_s = None
            await asyncio.sleep(min(_REST * taken_s, _LONGEST_REST_S))
