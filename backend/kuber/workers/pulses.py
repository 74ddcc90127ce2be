"""Lets Celery's programs give a sign of life.

From a thread: their main loops stand still for as long as Redis is away, and must not be ended for
that. So it is a frozen program that is noticed; what a worker's processes do is told by their
heartbeats.
"""

import threading
import time
from contextlib import suppress
from pathlib import Path

from celery.signals import beat_init, worker_ready

from kuber.infra.pulse import EVERY_S


def install(file: Path | None) -> None:
    """Touch `file` again and again once a worker or the scheduler has started."""
    if file is None:
        return

    def keep_beating() -> None:
        while True:
            with suppress(OSError):
                file.touch()
            time.sleep(EVERY_S)

    def begin(**_: object) -> None:
        threading.Thread(target=keep_beating, name="pulse", daemon=True).start()

    for started in (worker_ready, beat_init):
        started.connect(begin, weak=False)
