"""Runs the benchmarks one after another, so that they do not disturb each other."""

import subprocess
import sys
from collections.abc import Sequence

from devtools.steps import BACKEND, environment, say


def run(names: Sequence[str]) -> int:
    """Run the benchmarks called `names`, or all; return the exit code."""
    programs = {
        path.stem.removeprefix("bench_"): path.stem
        for path in sorted((BACKEND / "benchmarks").glob("bench_*.py"))
    }
    unknown = [name for name in names if name not in programs]
    if unknown or not programs:
        say(f"There is no benchmark {' '.join(unknown)}. There are: {' '.join(programs)}")
        return 2
    failed = []
    for name in names or programs:
        say(f"\n== {name}")
        command = (sys.executable, "-m", f"benchmarks.{programs[name]}")
        if subprocess.run(command, cwd=BACKEND, env=environment(), check=False).returncode:
            failed.append(name)
    if failed:
        say(f"\nFailed: {' '.join(failed)}")
    return 1 if failed else 0
