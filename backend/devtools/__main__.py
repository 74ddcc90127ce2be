"""Entry point: `python -m devtools frontend | test | check | bench | advisories`, for `./kuber`."""

import sys
from datetime import UTC, datetime

from devtools.steps import StepFailed, say

USAGE = {
    "test": """Usage: ./kuber test [LAYER...] [-- PYTEST OPTIONS]

  Run the tests: all layers, or those named.
  Layers: unit contract integration scenario kafka frontend browser
  kafka is what talks to Kafka in integration, on Apache Kafka; it needs Java and Maven.

  Example: ./kuber test unit integration -- -k ledger""",
    "check": """Usage: ./kuber check [--update-contract]

  Run linters, type checkers, import rules, contracts and migrations.
  --update-contract accepts what was added to the HTTP contract and to the events.

  Example: ./kuber check""",
    "bench": """Usage: ./kuber bench [NAME...]

  Run the benchmarks: all, or those named.

  Example: ./kuber bench runs""",
    "advisories": """Usage: ./kuber advisories import FILE...

  Replace the security advisories that ./kuber check compares the lock files with, by those in
  exports of an OSV database (zip archives, or single JSON records) that name a locked package.

  Example: ./kuber advisories import pypi.zip npm.zip""",
}


def main(arguments: list[str]) -> int:
    """Run one tool; return the exit code."""
    name, *rest = arguments or [""]
    if {"-h", "--help"}.intersection(rest) and name in USAGE:
        say(USAGE[name])
        return 0
    try:
        return _run(name, rest)
    except StepFailed as error:
        say(f"Failed: {error}")
        return 1
    except KeyboardInterrupt:
        return 130


def _run(name: str, rest: list[str]) -> int:
    match name:
        case "frontend":
            from devtools import frontend

            frontend.build()
            return 0
        case "test":
            from devtools import test

            return test.run(rest)
        case "check":
            from devtools import check

            return check.run(rest)
        case "bench":
            from devtools import bench

            return bench.run(rest)
        case "advisories":
            from devtools import advisories

            return advisories.run(rest, datetime.now(UTC).date())
    say("Usage: python -m devtools frontend | test | check | bench | advisories")
    return 2


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
