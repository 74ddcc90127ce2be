"""How upper packages hand in what the record is compared with."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class RowComparison:
    """How the rows of one kind are compared with what the record says of them; SQL, each optional.

    differing: gives (place, what differs) for places in (%(after)s, %(until)s].
    standing: gives (place or null, what differs) of the whole record, asked once: for rows that
    change, of which only the last entry says how they stand.
    unrecorded: gives what rows there are of which no entry speaks, at most 20 texts.
    """

    differing: str | None = None
    standing: str | None = None
    unrecorded: str | None = None
