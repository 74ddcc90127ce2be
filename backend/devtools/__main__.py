"""Entry point: `python -m devtools frontend | test | check | bench`, as `./kuber` calls it."""

import sys

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
}


def main(arguments: list[str]) -> int:
    """Run one tool; return the exit code."""
    name, *rest = arguments or [""]
    if {"-h", "--help"}.intersection(rest) and name in USAGE:
        say(USAGE[name])
        return 0
    try:
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
    except StepFailed as error:
        say(f"Failed: {error}")
        return 1
    except KeyboardInterrupt:
        return 130
    say("Usage: python -m devtools frontend | test | check | bench")
    return 2


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
