"""Past events of several tables as one list: newest first, page by page, at a bounded cost."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import NamedTuple
from uuid import UUID

from pydantic import BaseModel, JsonValue
from sqlalchemy import ColumnElement, Text, Tuple, cast, func, literal, select, tuple_
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import InstrumentedAttribute

from kuber.kernel.clock import as_utc
from kuber.kernel.cursors import bad_cursor, decode_cursor, encode_cursor, rows_that_fit

MOST_PASSED = 20_000
"""Rows that one page passes in search of those that were asked for; the next page goes on."""
MOST_CHARACTERS = 500_000
"""A page ends early when its data has more: writing it down would hold up others."""


_NO_END = datetime(9999, 12, 30, tzinfo=UTC)


class PastEvent(BaseModel):
    """One thing that happened; `user_id` is null for what is nobody's own."""

    id: UUID
    at: datetime
    type: str
    service: str
    correlation_id: str
    user_id: UUID | None
    data: dict[str, JsonValue]


class Place(NamedTuple):
    """Where an event stands in the list, which goes from the greatest place to the least."""

    at: datetime
    id: UUID

    def cursor(self) -> str:
        return encode_cursor(self.at.isoformat(), str(self.id))

    @classmethod
    def of(cls, cursor: str) -> "Place":
        """Return the place behind which a page begins; raises BadCursor."""
        at, event_id = decode_cursor(cursor, 2)
        try:
            return cls(as_utc(datetime.fromisoformat(at)), UUID(event_id))
        except (ValueError, OverflowError) as error:
            raise bad_cursor() from error


@dataclass(frozen=True, slots=True)
class PastEventQuery:
    """What is asked for. `user_id` is None for everybody's and nobody's; `until` is exclusive."""

    user_id: UUID | None
    since: datetime
    until: datetime | None = None
    type: str | None = None
    service: str | None = None
    correlation_id: str | None = None
    before: Place | None = None
    limit: int = 50


@dataclass(frozen=True, slots=True)
class Source:
    """The columns of a table of events. It has an index for each of `at`, `(user_id, at)` and
    `(correlation_id, at)`; `key` is unique and finds a row quickly."""

    key: InstrumentedAttribute[int] | InstrumentedAttribute[UUID]
    id: InstrumentedAttribute[UUID]
    at: InstrumentedAttribute[datetime]
    type: InstrumentedAttribute[str]
    correlation_id: InstrumentedAttribute[str]
    user_id: InstrumentedAttribute[UUID | None]
    data: InstrumentedAttribute[str] | InstrumentedAttribute[dict[str, object]]


class Candidate(NamedTuple):
    """An event that a page may show: `size` is that of its data in characters."""

    place: Place
    size: int
    key: int | UUID


@dataclass(frozen=True, slots=True)
class Stretch:
    """All that a source has down to the place `reached`; down to its end when that is None."""

    candidates: Sequence[Candidate]
    reached: Place | None


NOTHING = Stretch((), None)


async def newest(
    session: AsyncSession,
    source: Source,
    query: PastEventQuery,
    filters: Sequence[ColumnElement[bool]] = (),
) -> Stretch:
    """Return the newest events of `source` that meet `query` and `filters`.

    It passes at most `MOST_PASSED` rows of one index; `query.service` is the caller's to filter by.
    """
    along, beside = _conditions(source, query)
    beside = [*beside, *filters]
    order = (source.at.desc(), source.id.desc())
    floor = None
    if beside:
        last = select(source.at, source.id).where(*along).order_by(*order)
        row = (await session.execute(last.offset(MOST_PASSED - 1).limit(1))).one_or_none()
        if row is not None:
            floor = Place(as_utc(row[0]), row[1])
            along += [source.at >= floor.at, _key(source) >= _values(source, floor)]
    size = func.length(cast(source.data, Text))
    found = (
        await session.execute(
            select(source.at, source.id, size, source.key)
            .where(*along, *beside)
            .order_by(*order)
            .limit(query.limit + 1)
        )
    ).all()
    candidates = [Candidate(Place(as_utc(at), id_), size, key) for at, id_, size, key in found]
    more = len(candidates) > query.limit
    return Stretch(candidates, candidates[-1].place if more else floor)


def _conditions(
    source: Source, query: PastEventQuery
) -> tuple[list[ColumnElement[bool]], list[ColumnElement[bool]]]:
    """Return what one index finds, and what has to be looked at row by row."""
    # Damaged rows may be of a time that Python does not have.
    along = [source.at >= query.since, source.at < (query.until or _NO_END)]
    if query.before is not None:
        # The first of the two says again what the second does, for an index without ids.
        along += [source.at <= query.before.at, _key(source) < _values(source, query.before)]
    beside: list[ColumnElement[bool]] = []
    if query.correlation_id is not None:
        along.append(source.correlation_id == query.correlation_id)
    if query.user_id is not None:
        whose = source.user_id == query.user_id
        (along if query.correlation_id is None else beside).append(whose)
    if query.type is not None:
        beside.append(source.type == query.type)
    return along, beside


def _key(source: Source) -> Tuple:
    return tuple_(source.at, source.id)


def _values(source: Source, place: Place) -> Tuple:
    return tuple_(literal(place.at, source.at.type), literal(place.id, source.id.type))


def merged(
    stretches: Iterable[Stretch], limit: int
) -> tuple[list[tuple[int, Candidate]], str | None]:
    """Return one page, each candidate with the number of its stretch, and the next one's cursor.

    Below the place that a stretch has reached its events are not known yet, so the page ends there.
    """
    given = list(stretches)
    floor = max((one.reached for one in given if one.reached is not None), default=None)
    known = [
        (number, candidate)
        for number, one in enumerate(given)
        for candidate in one.candidates
        if floor is None or candidate.place >= floor
    ]
    known.sort(key=lambda one: one[1].place, reverse=True)
    page = known[: rows_that_fit([one.size for _, one in known[:limit]], MOST_CHARACTERS)]
    if len(page) < len(known):
        return page, page[-1][1].place.cursor()
    return page, None if floor is None else floor.cursor()


def keys_of(page: Collection[tuple[int, Candidate]], number: int) -> list[int | UUID]:
    """Return the keys of the candidates that came from one stretch."""
    return [candidate.key for origin, candidate in page if origin == number]
