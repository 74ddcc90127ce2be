"""Floor: tasks per second through Celery prefork on Redis that do nothing. Prints the rate."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

from celery import Celery
from redis import Redis

ARGUMENT = json.loads(os.environ.get("BENCH", "") or sys.argv[1])
DONE = "bench:done"
app = Celery("floor", broker=ARGUMENT["redis_url"].rsplit("/", 1)[0] + "/5")
app.conf.update(task_ignore_result=True, worker_prefetch_multiplier=4, task_default_queue="floor")
counter = Redis.from_url(app.conf.broker_url or ARGUMENT["redis_url"])


@app.task(name="floor.noop")  # type: ignore[untyped-decorator] # Celery has no types
def noop() -> None:
    """Do nothing but be counted."""
    counter.incr(DONE)


def main() -> None:
    count = ARGUMENT["count"]
    counter.delete(DONE)
    for _ in range(count):
        noop.delay()
    worker = subprocess.Popen(
        [sys.executable, "-m", "celery", "-A", "noop_tasks", "worker", "-c", "2", "-l", "ERROR"],
        cwd=Path(__file__).parent,
        env={**os.environ, "BENCH": json.dumps(ARGUMENT)},
        stdout=subprocess.DEVNULL,
    )
    try:
        while _done() == 0:
            time.sleep(0.005)
        first, began = _done(), time.perf_counter()
        while _done() < count:
            time.sleep(0.005)
        print((count - first) / (time.perf_counter() - began))
    finally:
        worker.send_signal(signal.SIGTERM)
        worker.wait(timeout=30)


def _done() -> int:
    value = counter.get(DONE)
    return int(value) if isinstance(value, bytes) else 0


if __name__ == "__main__":
    main()
