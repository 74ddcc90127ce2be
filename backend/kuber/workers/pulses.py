"""Lets Celery's programs give a sign of life.

From a thread: their main loops stand still for as long as Redis is away, and must not be ended for
that. So it is a frozen program that is noticed; a worker's processes are looked after by its main
one, and what their loops do is told by their heartbeats.
"""

import threading
import time
from contextlib import suppress
from pathlib import Path

from celery.signals import beat_init, worker_process_init, worker_ready

from kuber.infra.pulse import EVERY_S, beat
from kuber.workers.process_watch import ProcessWatch


def install(file: Path | None, watch: ProcessWatch) -> None:
    """Touch `file` again and again once a worker or the scheduler has started, and look after the
    worker's processes.

    Comes before whatever else a process does first: that may hang, too.
    """

    def keep_beating() -> None:
        before_s = time.monotonic()
        while True:
            now_s = time.monotonic()
            watch.look(min(now_s - before_s, 2 * EVERY_S))
            before_s = now_s
            if file is not None:
                with suppress(OSError):
                    beat(file, silent=watch.silent)
            time.sleep(EVERY_S)

    def begin(**_: object) -> None:
        threading.Thread(target=keep_beating, name="pulse", daemon=True).start()

    def begin_in_process(**_: object) -> None:
        watch.begin_to_beat()

    for started in (worker_ready, beat_init):
        started.connect(begin, weak=False)
    worker_process_init.connect(begin_in_process, weak=False)
