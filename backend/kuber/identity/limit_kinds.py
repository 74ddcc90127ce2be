"""What is limited, and the value of each limit when no row says otherwise."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum


class LimitName(StrEnum):
    """What is limited."""

    PIPELINES = "pipelines"
    VERSIONS_PER_PIPELINE = "versions_per_pipeline"
    STORED_BYTES = "stored_bytes"
    SOCKETS = "sockets"
    QUEUED_RUNS = "queued_runs"
    RUNNING_RUNS = "running_runs"
    REQUESTS_PER_MINUTE = "requests_per_minute"
    REQUESTS_AT_ONCE = "requests_at_once"
    IMPORTS_AT_WORK = "imports_at_work"
    IMPORTED_SYMBOLS = "imported_symbols"
    API_KEYS = "api_keys"
    QUOTED_SYMBOLS = "quoted_symbols"
    ACCOUNTS = "accounts"


@dataclass(frozen=True, slots=True)
class LimitKind:
    """One limit: its value when no row says otherwise, what it counts, and what that means."""

    default: int
    unit: str
    sentence: str


LIMITS: Mapping[LimitName, LimitKind] = {
    LimitName.PIPELINES: LimitKind(
        500, "pipelines", "Pipelines that you may have, archived ones included."
    ),
    LimitName.VERSIONS_PER_PIPELINE: LimitKind(
        200,
        "versions",
        "Versions that are kept of each pipeline; the oldest that no run used is dropped first."
        " Used counts your pipeline with the most.",
    ),
    LimitName.STORED_BYTES: LimitKind(
        3_000_000_000,
        "bytes",
        "What your pipelines, imported prices and kept answers take up together.",
    ),
    LimitName.SOCKETS: LimitKind(20, "connections", "Live connections open at the same time."),
    LimitName.QUEUED_RUNS: LimitKind(
        1000, "runs", "Runs that wait for a worker or for a time to go on."
    ),
    LimitName.RUNNING_RUNS: LimitKind(
        12, "runs", "Runs that workers carry out at the same time; more of them wait."
    ),
    LimitName.REQUESTS_PER_MINUTE: LimitKind(
        1200, "requests", "Requests in one minute, from all your programs and pages together."
    ),
    LimitName.REQUESTS_AT_ONCE: LimitKind(
        32, "requests", "Requests that may be under way at the same time."
    ),
    LimitName.IMPORTS_AT_WORK: LimitKind(
        3, "imports", "Price files that this installation reads at the same time, for everybody."
    ),
    LimitName.IMPORTED_SYMBOLS: LimitKind(
        5000, "symbols", "Symbols that you may have imported prices of, in whatever timeframe."
    ),
    LimitName.API_KEYS: LimitKind(
        25, "keys", "API keys that work; revoked and expired ones do not count."
    ),
    LimitName.QUOTED_SYMBOLS: LimitKind(
        1000, "symbols", "Symbols that you may send quotes of your own of."
    ),
    LimitName.ACCOUNTS: LimitKind(
        10, "accounts", "Open simulation accounts; those that were reset do not count."
    ),
}

MOST = 2**53
"""The highest value: all programs, JavaScript among them, count so far."""

Limits = Mapping[LimitName, int]
"""The value of every limit, for one user."""

DEFAULTS: Limits = {name: kind.default for name, kind in LIMITS.items()}
