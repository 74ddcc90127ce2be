"""Verification: walks the chain in the database, its checkpoints, and the rows it speaks of.

Blocking, and made for a process of its own: it keeps a processor busy for a second per 100,000
entries or so.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, cast

import psycopg

from kuber.audit import statements
from kuber.audit.chain import MOST_SUSPECTS, Damage, Finding, StoredLink, Tip, Walk
from kuber.audit.comparing import (
    INCOMPARABLE,
    MOST_FINDINGS,
    RowComparison,
    Slice,
    Speaking,
    asked,
    differing,
)
from kuber.audit.custody import Custody
from kuber.audit.outside import OutsideRecord
from kuber.audit.outside_findings import cut, damaged, replaced
from kuber.audit.personal import PERSONAL
from kuber.audit.reordering import with_reordering
from kuber.audit.types import KEY_EVENTS, AuditEventType, Checkpoint

SLICE = 50_000
"""Entries that are looked at in one transaction: a long one would hold up clean-up elsewhere."""
_MOST_TAKEN = MOST_FINDINGS + 3 * MOST_SUSPECTS
"""Of the walk: where things changed places, several findings become one."""

OUTSIDE_BEHIND = timedelta(minutes=1)
"""When the newest file speaks of a time so long before the newest entry, the end is unchecked."""

_KEYS = """
    select l.chain_position, e.event_type, e.data from audit_entries e
    join audit_links l on l.entry_id = e.id
    where e.event_type = any(%s) and l.chain_position >= 1 order by 1
"""
_LAST = f"""
    select l.chain_position, {statements.readable("e.at")}
    from audit_links l left join audit_entries e on e.id = l.entry_id
    where l.chain_position >= 1 order by l.chain_position desc limit 1
"""  # noqa: S608
_BEFORE_THE_FIRST = """
    select chain_position, entry_id from audit_links where chain_position < 1 order by 1 limit %s
"""


@dataclass(frozen=True, slots=True)
class Part:
    """The places behind `after`, at most `limit` of them."""

    after: int
    limit: int


@dataclass(slots=True)
class Verification:
    """What was found, the first damage first; `end_unchecked` says why a cut would not show."""

    checked: int = 0
    findings: list[Finding] = field(default_factory=list)
    end_unchecked: str | None = None
    authorship: str = ""
    total: int = 0
    """The last place of the chain."""
    next: int | None = None
    """The last place of this part; None when it was the last part."""
    checkpoints: int | None = None
    """How many checkpoints were seen, in the database and outside; None until the last part."""
    key_id: str | None = None
    """The key that signs at the end of the chain; None until the last part."""

    def doubt(self, reason: str) -> None:
        """Take up one more reason why a cut at the end would not show."""
        self.end_unchecked = f"{self.end_unchecked} {reason}" if self.end_unchecked else reason

    @property
    def intact(self) -> bool:
        """Whether nothing was found."""
        return not self.findings

    @property
    def first_bad(self) -> Finding | None:
        """The damage that stands first in the chain."""
        return self.findings[0] if self.findings else None

    complete: bool = True
    """Whether all that was found is told: of each kind it is at most `MOST_FINDINGS`."""
    _told: Counter[str] = field(default_factory=Counter, init=False, repr=False)

    def add(self, found: Iterable[Finding], kind: str | None = None) -> None:
        """Take up findings, as many of a kind as are told, so that many of one hide no other.

        Their kind is their damage, unless it is said. Reads all, since they come from open queries.
        """
        for one in found:
            name = kind or one.damage
            if self._told[name] < MOST_FINDINGS:
                self._told[name] += 1
                self.findings.append(one)
            if self._told[name] >= MOST_FINDINGS:
                self.complete = False

    def sort(self) -> None:
        """Put the findings in the order of their places, those without one last."""
        self.findings.sort(key=lambda one: (one.chain_position is None, one.chain_position or 0))


def verify(
    database_url: str,
    comparisons: Sequence[RowComparison],
    read_outside: Callable[[], OutsideRecord],
    *,
    trusted_key: str | None = None,
    part: Part | None = None,
    progress: Callable[[int, int], None] = lambda done, of: None,
) -> Verification:
    """Verify the whole chain, or one part of it.

    All parts together find what the whole finds: the last one also looks at checkpoints, signatures
    and the end, and for what has no place. trusted_key: id of the key that signs now, as somebody
    noted it elsewhere; without it nobody can say who signed. progress: is told up to which place
    was checked, and of how many. Raises psycopg.Error.
    """
    outside = read_outside()  # first: what is written meanwhile is in the database by then
    compared = (PERSONAL, *comparisons)
    with _connected(database_url) as connection, _connected(database_url) as beside:
        row = connection.execute(_LAST).fetchone()
        last, last_at = row or (0, None)
        result = Verification(total=last)
        after, until = 0, last
        if part is not None:
            after, until = min(part.after, last), min(part.after + part.limit, last)
        _check_places(connection, beside, result, compared, after, until, progress)
        if until < last:
            # A stretch without any place is not asked for part by part.
            result.next = (_following(connection, until) or until + 1) - 1
        else:
            _check_the_rest(connection, result, compared)
            _check_signatures(connection, result, outside, trusted_key)
            _check_freshness(result, outside.highest, last_at)
    result.sort()
    return result


def _connected(database_url: str) -> psycopg.Connection:
    connection = psycopg.connect(
        database_url, autocommit=True, application_name="kuber-audit-verify"
    )
    connection.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
    connection.read_only = True
    return connection


def _check_places(
    connection: psycopg.Connection,
    beside: psycopg.Connection,
    result: Verification,
    comparisons: Sequence[RowComparison],
    after: int,
    until: int,
    progress: Callable[[int, int], None],
) -> None:
    """Check the places in (after, until]: the chain, and the rows that its entries speak of.

    The rows of a slice are compared over `beside` while the chain of the next one is walked.
    """
    walk, speaking = Walk(_tip(connection, after)), Speaking(comparisons)
    found: list[Finding] = []
    differ: list[list[Finding]] = [[] for _ in comparisons]
    compared: Future[list[list[Finding]]] | None = None
    with ThreadPoolExecutor(1, "comparison") as side:
        for start, end in _slices(connection, after, until):
            slice_ = Slice(start, end)
            with connection.transaction():
                rows = _links(connection, start, end, speaking.column)
                _take(found, walk.follow(speaking.note(rows, slice_)), _MOST_TAKEN)
            if compared is not None:
                _take_each(differ, compared.result())
            compared = side.submit(differing, beside, comparisons, slice_)
            progress(end, result.total)
        if compared is not None:
            _take_each(differ, compared.result())
    result.checked = walk.checked
    if (walk.suspects or walk.seams) and until - after < result.total:
        walk = _walk_whole(connection, result.total)  # what changed places may stand elsewhere
    result.add(with_reordering(found, walk))
    named = {one.chain_position for one in found}
    for number, several in enumerate(differ):
        unnamed = (
            one
            for one in several
            if not (one.detail.startswith(INCOMPARABLE) and one.chain_position in named)
        )
        result.add(unnamed, f"rows {number}")


def _take(findings: list[Finding], found: Iterable[Finding], most: int) -> None:
    for one in found:
        if len(findings) < most:
            findings.append(one)


def _take_each(findings: list[list[Finding]], found: list[list[Finding]]) -> None:
    for before, more in zip(findings, found, strict=True):
        _take(before, more, MOST_FINDINGS)


def _slices(connection: psycopg.Connection, after: int, until: int) -> Iterator[tuple[int, int]]:
    """Give the places in (after, until] by slices; stretches without any are passed at once."""
    while after < until:
        following = _following(connection, after)
        if following is None or following > until:
            return
        start, after = following - 1, min(following - 1 + SLICE, until)
        yield start, after


def _following(connection: psycopg.Connection, after: int) -> int | None:
    """Return the first place behind `after` that there is."""
    query = "select min(chain_position) from audit_links where chain_position > %s"
    row = connection.execute(query, (after,)).fetchone()
    return row[0] if row else None


def _tip(connection: psycopg.Connection, after: int) -> Tip:
    """Return the last place up to `after` that there is."""
    query = """
        select chain_position, hash from audit_links where chain_position between 1 and %s
        order by chain_position desc limit 1
    """
    row = connection.execute(query, (after,)).fetchone()
    return Tip(*row) if row else Tip()


def _walk_whole(connection: psycopg.Connection, last: int) -> Walk:
    walk = Walk()
    for start, end in _slices(connection, 0, last):
        with connection.transaction():
            links = cast("Iterator[StoredLink]", _links(connection, start, end))
            for _ in walk.follow(links):
                pass
    return walk


def _links(
    connection: psycopg.Connection, after: int, until: int, *more: str
) -> Iterator[tuple[Any, ...]]:
    """Copy the links at places in (after, until]; `more`: SQL of int4 columns behind theirs."""
    query = statements.links(*more)
    with connection.cursor() as cursor, cursor.copy(query.encode(), (after, until)) as copy:
        copy.set_types(["int8", "bytea", "bytea", "bytea", "bytea", *("int4" for _ in more)])
        yield from copy.rows()


def _check_the_rest(
    connection: psycopg.Connection,
    result: Verification,
    comparisons: Sequence[RowComparison],
) -> None:
    for place, entry_id in connection.execute(_BEFORE_THE_FIRST, (MOST_FINDINGS,)):
        detail = f"The first place is 1; this one was put there by hand, with entry {entry_id}."
        result.add([Finding(place, Damage.LINK_CHANGED, detail)])
    for entry_id, kind, event_id in connection.execute(statements.NEVER_LINKED):
        detail = f"Entry {entry_id} ({kind}, {event_id}) has no place and is not waiting for one."
        result.add([Finding(None, Damage.NEVER_LINKED, detail)])
    for number, comparison in enumerate(comparisons):
        if comparison.standing is not None:
            for place, detail in asked(connection, comparison.standing):
                found = [Finding(place, Damage.ROW_DIFFERS, detail)]
                result.add(found, f"standing {number}")
        if comparison.unrecorded is not None:
            for row in asked(connection, comparison.unrecorded):
                result.add([Finding(None, Damage.ROW_UNRECORDED, row[-1])])


def _check_signatures(
    connection: psycopg.Connection,
    result: Verification,
    outside: OutsideRecord,
    trusted_key: str | None,
) -> None:
    custody = Custody()
    for place, kind, data in connection.execute(_KEYS, ([kind.value for kind in KEY_EVENTS],)):
        result.add(custody.take(place, kind, data))
    result.key_id = custody.key_id
    result.end_unchecked = outside.unread
    checked: list[Checkpoint] = []
    known_outside = {(one.chain_id, one.position, one.hash) for one in outside.checkpoints}
    seen = set(known_outside)
    missing: list[int] = []
    for row in connection.execute(statements.CHECKPOINTS):
        position, chain_id, hash_, at, key_id, signature, link_hash = row
        seen.add((chain_id, position, hash_))
        if at is None:
            detail = "It is of a time that there never is."
            result.add([Finding(position, Damage.CHECKPOINT_CHANGED, detail)])
            continue
        checkpoint = Checkpoint(chain_id, position, hash_, at, key_id, signature)
        wrong = list(custody.judge(checkpoint, link_hash))
        result.add(wrong)
        checked.append(checkpoint)
        if not wrong and (chain_id, position, hash_) not in known_outside:
            missing.append(position)
    _check_kept(connection, result, outside, missing)
    result.checkpoints = len(seen)
    foreign = {one.chain_id for one in outside.checkpoints} - {custody.chain_id}
    for chain_id in sorted(foreign):
        known = [one.position for one in outside.checkpoints if one.chain_id == chain_id]
        result.add([replaced(chain_id, max(known))])
    for checkpoint in outside.checkpoints:
        if checkpoint.chain_id in foreign:
            continue
        link_hash = _hash_at(connection, checkpoint.position)
        if custody.forged(checkpoint):
            result.add([damaged(checkpoint, result.total)])
        elif link_hash != checkpoint.hash:
            result.add([cut(checkpoint, result.total)])
        else:
            result.add(custody.judge(checkpoint, link_hash))
            checked.append(checkpoint)
    newest = max(checked, key=lambda one: one.position, default=None)
    result.add(custody.authorship(trusted_key, newest))
    result.authorship = custody.said


def _check_kept(
    connection: psycopg.Connection,
    result: Verification,
    outside: OutsideRecord,
    missing: Sequence[int],
) -> None:
    """Say which signed checkpoints of the database the files lack, and which losses are on record.

    What lies behind the last place that the files know may not have been written yet.
    """
    until = outside.highest.position if outside.highest else result.total
    if lost := [place for place in missing if place <= until]:
        result.doubt(
            f"The files outside the database lack signed checkpoints that the database has:"
            f" {len(lost)}, from place {lost[0]} to {lost[-1]}. Put the files back, or copies."
        )
    losses = connection.execute(statements.LOSSES, (AuditEventType.CHECKPOINTS_LOST,))
    for (place,) in losses.fetchall()[-1:]:
        result.doubt(
            f"As place {place} of the record says, all files outside the database were gone then:"
            " what was cut off before that shows only by copies of them."
        )


def _check_freshness(
    result: Verification, newest: Checkpoint | None, last_at: datetime | None
) -> None:
    last = result.total
    if newest is None or last_at is None or newest.position >= last:
        return
    if last_at - newest.at > OUTSIDE_BEHIND:
        result.doubt(
            f"The newest checkpoint outside the database is of {newest.at:%Y-%m-%d %H:%M} UTC and"
            f" knows place {newest.position} of {last}."
        )


def _hash_at(connection: psycopg.Connection, position: int) -> bytes | None:
    query = "select hash from audit_links where chain_position = %s"
    row = connection.execute(query, (position,)).fetchone()
    return row[0] if row else None
