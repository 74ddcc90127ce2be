"""Runs once more, alone, what failed in a pytest layer: to tell the unsteady from the wrong.

An unsteady test fails beside others and passes alone. It counts as passed, so that one test does
not refuse the work of a day, and is named, for it is a defect of its own.
"""

import time
from collections.abc import Callable, Sequence
from pathlib import Path

from devtools import junit
from devtools.steps import say

MOST = 10
"""When more tests than this failed, it is not for unsteadiness: none is run again."""
_TESTS_FAILED = 1
"""pytest's exit code when all tests ran and some failed."""


def report_of_repeat(report: Path) -> Path:
    """Return the path of the second report beside the first."""
    return report.with_name("repeat.xml")


def run(
    show: Callable[[Sequence[str]], int],
    command: Sequence[str],
    spread: Sequence[str],
    report: Path,
    within_s: float | None = None,
) -> int:
    """Run `command` with the options `spread`, then without them what failed; return the exit code.

    `show` runs a command. A run that took `within_s` was broken off: what it did not come to cannot
    be made good by what passes again, so nothing is repeated.
    """
    cache = ("-o", f"cache_dir={report.parent / 'cache'}")
    began = time.monotonic()
    code = show((*command, *spread, *cache, f"--junitxml={report}"))
    broken_off = within_s is not None and time.monotonic() - began >= within_s
    failed = junit.read(report).failed
    if code != _TESTS_FAILED or broken_off or not 0 < failed <= MOST:
        return code
    say(f"\nOnce more, alone: what failed ({failed}).")
    return show((*command, "-n0", "--lf", *cache, f"--junitxml={report_of_repeat(report)}"))
