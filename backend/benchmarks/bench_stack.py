"""How soon a set-up stack is ready and what it needs while nothing runs.

Floor in the same run: one Python process that imports nothing.
"""

import subprocess
import sys
import time

import psutil

from benchmarks.stack import running_stack

TARGET_READY_S = 12
TARGET_MEMORY_MB = 1200
SETTLE_S = 5


def main() -> None:
    """Measure and print."""
    floor_s, floor_mb = bare_python()
    with running_stack() as first:
        cold_s = first.ready_s
    with running_stack() as stack:
        time.sleep(SETTLE_S)
        memory = stack.memory_mb()
        ready_s = stack.ready_s
    total = sum(memory.values())
    print(f"ready, first start of this benchmark  {cold_s:8.1f} s")
    print(
        f"ready, warm                           {ready_s:8.1f} s    target {TARGET_READY_S},"
        f" {ready_s / floor_s:.0f} times a bare Python process ({floor_s:.2f} s)"
    )
    for name, megabytes in memory.items():
        print(f"memory idle, {name:<24} {megabytes:8.0f} MB")
    print(
        f"memory idle, all                      {total:8.0f} MB   target {TARGET_MEMORY_MB},"
        f" {total / floor_mb:.0f} times a bare Python process ({floor_mb:.0f} MB)"
    )


def bare_python() -> tuple[float, float]:
    """Return seconds to start and megabytes of a Python process that does nothing."""
    began = time.perf_counter()
    process = subprocess.Popen(
        [sys.executable, "-c", "print('up', flush=True); input()"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    process.stdout.readline()
    seconds = time.perf_counter() - began
    megabytes = psutil.Process(process.pid).memory_full_info().pss / 1e6
    process.communicate("\n", timeout=10)
    return seconds, megabytes


if __name__ == "__main__":
    main()
