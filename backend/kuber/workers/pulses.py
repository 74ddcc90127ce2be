"""Lets a worker give a sign of life.

From a thread: Celery's main loop stands still for as long as Redis is away, and must not be ended
for that. So it is a frozen program that is noticed; a worker's processes are looked after by its
main one, and what their loops do is told by their heartbeats.
"""

import threading
import time
from contextlib import suppress
from pathlib import Path

from celery.signals import worker_process_init, worker_ready
from celery.worker import state

from kuber.infra.pulse import EVERY_S, beat
from kuber.workers.process_watch import ProcessWatch
from kuber.workers.queue_watch import Consumption, QueueWatch


def install(file: Path | None, watch: ProcessWatch, queue: QueueWatch) -> None:
    """Touch `file` again and again once the worker has started, and look after its processes and
    its queue.

    Comes before whatever else a process does first: that may hang, too.
    """

    def keep_beating() -> None:
        before_s = time.monotonic()
        while True:
            now_s = time.monotonic()
            passed_s = min(now_s - before_s, 2 * EVERY_S)
            before_s = now_s
            watch.look(passed_s)
            if file is not None:
                with suppress(OSError):
                    beat(file, silent=watch.silent)
            queue.look(passed_s)
            time.sleep(EVERY_S)

    def begin(**_: object) -> None:
        threading.Thread(target=keep_beating, name="pulse", daemon=True).start()

    def begin_in_process(**_: object) -> None:
        watch.begin_to_beat()

    worker_ready.connect(begin, weak=False)
    worker_process_init.connect(begin_in_process, weak=False)


def consumption() -> Consumption:
    """Return what this worker takes; asked in its main process."""
    return Consumption(sum(state.all_total_count), len(state.reserved_requests))
