"""The clock of a replay."""

from datetime import datetime

from kuber.kernel.clock import Clock


class ReplayClock:
    """Begins at `start` and moves `speed` times as fast as `base`."""

    def __init__(self, base: Clock, start: datetime, speed: float) -> None:
        assert speed > 0, "a clock never stands still or runs backwards"
        self._base = base
        self._began_at = base.now()
        self._start = start
        self._speed = speed

    def now(self) -> datetime:
        return self._start + (self._base.now() - self._began_at) * self._speed
