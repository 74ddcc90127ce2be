"""How long to wait between attempts."""

import random
from dataclasses import dataclass

from tenacity import RetryCallState, Retrying, wait_exponential

_NO_CALL = Retrying()
"""A wait asks only for the number of the attempt."""


@dataclass(frozen=True, slots=True)
class Backoff:
    """Pauses that grow by `factor` from `first_s` up to `longest_s`, in seconds.

    Up to the fraction `jitter` (0 to 1) is taken off at random, so that many who failed together
    do not come back together.
    """

    first_s: float
    longest_s: float
    jitter: float = 0.1
    factor: float = 2

    def pause_s(self, failures: int) -> float:
        """Return the pause after so many failures in a row, which are at least one."""
        state = RetryCallState(_NO_CALL, None, (), {})
        state.attempt_number = failures
        full_s = wait_exponential(self.first_s, self.longest_s, self.factor)(state)
        return full_s * random.uniform(1 - self.jitter, 1)  # noqa: S311  spreads load, hides nothing
