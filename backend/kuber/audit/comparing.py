"""How the rows of upper packages are compared with what the record says of them."""

from bisect import bisect_right
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, cast

import psycopg

from kuber.audit.chain import Damage, Finding, StoredLink

MOST_FINDINGS = 100
INCOMPARABLE = "Rows and record cannot be compared"
_MOST_UNREADABLE = 20
"""Entries of a slice that are looked for one by one, of those that cannot be read."""
_UNREADABLE = (
    psycopg.DataError,
    psycopg.errors.StatementTooComplex,
    psycopg.errors.ProgramLimitExceeded,
)


@dataclass(frozen=True, slots=True)
class RowComparison:
    """How the rows of one kind are compared with what the record says of them; SQL, each optional.

    speaks: whether an entry `e` speaks of such rows.
    differing: gives (place, what differs) for places in (%(after)s, %(until)s]; %(places)s are
    those of them, an array, at which `speaks` holds.
    standing: gives (place or null, what differs) of the whole record, asked once: for rows that
    change, of which only the last entry says how they stand.
    unrecorded: gives what rows there are of which no entry speaks, at most 20 texts.
    """

    speaks: str = "false"
    differing: str | None = None
    standing: str | None = None
    unrecorded: str | None = None


@dataclass(frozen=True, slots=True)
class Slice:
    """Places in (after, until], and those of them whose entries speak of rows, by `speaks`."""

    after: int
    until: int
    places: dict[str, list[int]] = field(default_factory=dict)

    def part(self, after: int, until: int, speaks: str) -> dict[str, object]:
        """Return what a comparison is asked with of the places in (after, until]."""
        known = self.places.get(speaks, [])
        places = known[bisect_right(known, after) : bisect_right(known, until)]
        return {"after": after, "until": until, "places": places}


class Speaking:
    """Notes, while the links of a slice are read, whose entries speak of rows."""

    def __init__(self, comparisons: Iterable[RowComparison]) -> None:
        self._conditions = list(dict.fromkeys(one.speaks for one in comparisons))

    @property
    def column(self) -> str:
        """SQL for the bits of the conditions that hold for an entry `e`, an int4."""
        bits = (
            f"case when {condition} then {1 << at} else 0 end"
            for at, condition in enumerate(self._conditions)
        )
        return " + ".join(bits)

    def note(self, rows: Iterable[tuple[Any, ...]], slice_: Slice) -> Iterator[StoredLink]:
        """Give the links of rows that end in the column; what it says is noted in `slice_`."""
        lists = [slice_.places.setdefault(condition, []) for condition in self._conditions]
        for place, stored, previous, middle, end, bits in rows:
            if bits:
                for at, places in enumerate(lists):
                    if bits >> at & 1:
                        places.append(place)
            # A plain tuple is taken apart as fast as a StoredLink, and made in less time.
            yield cast("StoredLink", (place, stored, previous, middle, end))


def differing(
    connection: psycopg.Connection, comparisons: Sequence[RowComparison], slice_: Slice
) -> list[list[Finding]]:
    """Compare the places of a slice with the rows that their entries speak of, a list for each
    comparison."""
    return [
        list(_compared(connection, one.differing, one.speaks, slice_)) if one.differing else []
        for one in comparisons
    ]


def _compared(
    connection: psycopg.Connection, query: str, speaks: str, slice_: Slice
) -> Iterator[Finding]:
    """Compare the places of a slice; what cannot be read is named, and hides no other."""
    spans, unreadable = [(slice_.after, slice_.until)], 0
    while spans:
        start, end = spans.pop()
        try:
            rows = _rows(connection, query, slice_.part(start, end, speaks))
        except _UNREADABLE as error:
            if end - start > 1 and unreadable < _MOST_UNREADABLE:
                middle = (start + end) // 2
                spans += [(middle, end), (start, middle)]
                continue
            unreadable += 1
            there = f"place {end}" if end - start == 1 else f"places {start + 1} to {end}"
            detail = f"{INCOMPARABLE} at {there}: {error.diag.message_primary}."
            yield Finding(start + 1, Damage.ROW_DIFFERS, detail)
        else:
            for place, detail in rows:
                yield Finding(place, Damage.ROW_DIFFERS, detail)


def _rows(
    connection: psycopg.Connection, query: str, values: Mapping[str, object] | None = None
) -> list[tuple[Any, ...]]:
    with connection.transaction():
        return connection.execute(query.encode(), values).fetchmany(MOST_FINDINGS)


def asked(connection: psycopg.Connection, query: str) -> list[tuple[Any, ...]]:
    """Return the first rows of a query; what it could not read instead, if there is such a thing.

    The walk names that entry.
    """
    try:
        return _rows(connection, query)
    except _UNREADABLE as error:
        return [(None, f"{INCOMPARABLE}: {error.diag.message_primary}.")]
