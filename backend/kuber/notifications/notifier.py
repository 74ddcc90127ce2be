"""Makes notices of what was written for people, with what caused it."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from uuid import UUID

import psycopg
import structlog
from prometheus_client import Counter, Gauge
from psycopg.types.json import Jsonb

from kuber.infra.db import JsonObject, RawConnection, RawPool
from kuber.kernel.clock import Clock
from kuber.kernel.ids import new_id
from kuber.notifications import statements
from kuber.notifications.types import ALARMS, COUNTED_FOR, NOTICES_CHANNEL, RULES, NoticeKind

log = structlog.get_logger(__name__)

BATCH = 200
ATTEMPTS = 3
"""A row that fails so often is set aside; it holds up nothing."""
GROUPED_WITHIN = timedelta(hours=1)
MAILED_AGAIN_AFTER = timedelta(hours=1)
KEPT = timedelta(days=90)
KEPT_PER_USER = 500
"""Besides alarms, which leave by their age only."""
_HOUSEKEEPING_EVERY = timedelta(minutes=1)
_FORGOTTEN_AT_ONCE = 2_000
_IDS_IN_ONE_TELLING = 150  # a payload holds less than 8,000 bytes

TOLD = Counter("kuber_notices", "Notices made, by kind", ["kind"])
WAITING = Gauge("kuber_notices_waiting", "Rows that the notifier took in its last round")
SET_ASIDE = Counter("kuber_notices_set_aside", "Rows that could not be made a notice")


@dataclass(frozen=True, slots=True)
class OutboxItem:
    """A row of the outbox, or several of one subject, of which it is the newest."""

    ids: tuple[int, ...]
    user_id: UUID
    kind: NoticeKind
    first_at: datetime
    last_at: datetime
    data: JsonObject
    subject: str | None
    dedupe_key: str | None

    @property
    def grouped(self) -> bool:
        return self.subject is not None and not RULES[self.kind].alarm

    @property
    def news_until(self) -> datetime:
        """When it is too old to be mailed, whenever it is told."""
        return self.last_at + RULES[self.kind].mail_within

    def and_then(self, later: "OutboxItem") -> "OutboxItem":
        return replace(
            self,
            ids=self.ids + later.ids,
            first_at=min(self.first_at, later.first_at),
            last_at=max(self.last_at, later.last_at),
            data=later.data,
        )


class Notifier:
    """Takes rows of the outbox to the notices of their users; any number may run.

    `mails` is whether deliveries by mail are written too.
    """

    def __init__(self, pool: RawPool, clock: Clock, *, mails: bool) -> None:
        self._pool = pool
        self._clock = clock
        self._mails = mails
        self._touched: set[UUID] = set()
        self._tidied_at = clock.now()

    async def run_once(self) -> int:
        """Take what is there, one batch; return how many rows it was."""
        async with self._pool.connection() as connection:
            try:
                async with connection.transaction():
                    taken = await self._take(connection, BATCH)
            except _BadRow as error:
                log.warning("notices_taken_one_by_one", reason=str(error))
                taken = await self._one_by_one(connection)
        WAITING.set(taken)
        return taken

    async def tidy(self) -> None:
        """Once a minute: evict what is too much or too old."""
        now = self._clock.now()
        if now - self._tidied_at < _HOUSEKEEPING_EVERY:
            return
        self._tidied_at = now
        touched, self._touched = self._touched, set()
        alarms = [kind.value for kind in ALARMS]
        before = now - KEPT
        evicted: set[UUID] = set()
        async with self._pool.connection() as connection:
            for user_id in touched:
                values = {
                    "user_id": user_id,
                    "alarms": alarms,
                    "kept": KEPT_PER_USER,
                    "counted_since": now - COUNTED_FOR,
                }
                evicted |= await _users(connection, statements.TRIM, values)
            forget = (before, _FORGOTTEN_AT_ONCE)
            evicted |= await _users(connection, statements.FORGET, forget)
            await _announce(connection, evicted)  # unread ones may be among them
            await connection.execute(statements.FORGET_DELIVERIES, (before, _FORGOTTEN_AT_ONCE))
            await connection.execute(statements.FORGET_REFUSED, (before,))

    async def _one_by_one(self, connection: RawConnection) -> int:
        """Take rows alone, so that a bad one is found; it is counted, and set aside in the end."""
        for place in range(BATCH):
            try:
                async with connection.transaction():
                    if not await self._take(connection, 1):
                        return place
            except _BadRow as error:
                if not await self._failed(connection, error.row_id, str(error)):
                    return place  # the rest waits for the next round
        return BATCH

    async def _failed(self, connection: RawConnection, row_id: int, reason: str) -> bool:
        """Count a failure; say whether the row was set aside and the next one can be taken."""
        values = {"id": row_id, "reason": reason[:500], "most": ATTEMPTS, "now": self._clock.now()}
        row = await (await connection.execute(statements.FAILED, values)).fetchone()
        if row is None or row[0] is None:
            return False
        SET_ASIDE.inc()
        log.error("notice_set_aside", outbox_id=row_id, reason=reason)
        return True

    async def _take(self, connection: RawConnection, most: int) -> int:
        """Make notices of the oldest rows, within the caller's transaction."""
        found = await (await connection.execute(statements.TAKE, (most,))).fetchall()
        if not found:
            return 0
        rows = list(together(_rows(found)))
        choices = await self._choices(connection, rows)
        mailable = await self._mailable(connection, rows)
        users = sorted({row.user_id for row in rows})
        await connection.execute(statements.ONE_AFTER_THE_OTHER, (users,))
        told: set[UUID] = set()
        for row in rows:
            try:
                in_app, mail = choices.get((row.user_id, row.kind), _default(row.kind))
                if await self._make(connection, row, in_app, mail and row.user_id in mailable):
                    told.add(row.user_id)
            except (ValueError, TypeError, psycopg.DataError, psycopg.IntegrityError) as error:
                raise _BadRow(row.ids[0], f"{type(error).__name__}: {error}") from error
        await connection.execute(statements.DONE, ([row[0] for row in found],))
        await _announce(connection, told)
        self._touched |= told
        return len(found)

    async def _make(
        self, connection: RawConnection, item: OutboxItem, in_app: bool, mail: bool
    ) -> bool:
        """Make or widen the notice of `item`; say whether the app shows something new."""
        mail = mail and item.news_until > self._clock.now()
        if not in_app and not mail:
            return False
        notice_id = await self._widen(connection, item, in_app) if item.grouped else None
        if notice_id is None:
            notice_id = await self._add(connection, item, in_app)
        if notice_id is None:  # one with its key is there already
            return False
        TOLD.labels(item.kind.value).inc(len(item.ids))
        if mail:
            await self._deliver(connection, item, notice_id)
        return in_app

    async def _widen(
        self, connection: RawConnection, item: OutboxItem, in_app: bool
    ) -> UUID | None:
        values = {
            "count": len(item.ids),
            "data": Jsonb(item.data),
            "last_at": item.last_at,
            "user_id": item.user_id,
            "kind": item.kind.value,
            "subject": item.subject,
            "in_app": in_app,
            "since": item.last_at - GROUPED_WITHIN,
        }
        return await _id(connection, statements.GROUP, values)

    async def _add(self, connection: RawConnection, item: OutboxItem, in_app: bool) -> UUID | None:
        values = {
            "id": new_id(),
            "user_id": item.user_id,
            "kind": item.kind.value,
            "subject": item.subject,
            "dedupe_key": item.dedupe_key,
            "data": Jsonb(item.data),
            "count": len(item.ids),
            "first_at": item.first_at,
            "last_at": item.last_at,
            "in_app": in_app,
        }
        return await _id(connection, statements.ADD, values)

    async def _deliver(self, connection: RawConnection, item: OutboxItem, notice_id: UUID) -> None:
        now = self._clock.now()
        await connection.execute(
            statements.DELIVER,
            {
                "id": new_id(),
                "user_id": item.user_id,
                "notice_id": notice_id,
                "now": now,
                "expires_at": item.news_until,
                "again_after": now - MAILED_AGAIN_AFTER,
            },
        )

    async def _choices(
        self, connection: RawConnection, rows: Sequence[OutboxItem]
    ) -> dict[tuple[UUID, NoticeKind], tuple[bool, bool]]:
        values = {
            "users": [row.user_id for row in rows],
            "kinds": sorted({row.kind.value for row in rows}),
        }
        found = await (await connection.execute(statements.CHOICES, values)).fetchall()
        return {
            (user_id, NoticeKind(kind)): (in_app or RULES[NoticeKind(kind)].alarm, mail)
            for user_id, kind, in_app, mail in found
        }

    async def _mailable(self, connection: RawConnection, rows: Sequence[OutboxItem]) -> set[UUID]:
        """Return the users with a confirmed address; nobody while no mail is sent at all."""
        if not self._mails:
            return set()
        users = list({row.user_id for row in rows})
        found = await (await connection.execute(statements.MAILABLE, (users,))).fetchall()
        return {row[0] for row in found}


class _BadRow(Exception):
    """A row that no notice can be made of."""

    def __init__(self, row_id: int, reason: str) -> None:
        super().__init__(reason)
        self.row_id = row_id


def together(rows: Iterable[OutboxItem]) -> Iterator[OutboxItem]:
    """Yield rows in their order, those of one group as one."""
    groups: dict[object, OutboxItem] = {}
    for row in rows:
        key: object = (row.user_id, row.kind, row.subject) if row.grouped else row.ids
        groups[key] = groups[key].and_then(row) if key in groups else row
    yield from groups.values()


def _rows(found: Sequence[tuple[object, ...]]) -> Iterator[OutboxItem]:
    for row_id, user_id, kind, at, data, subject, dedupe_key, _, exists in found:
        if not exists:
            continue  # deleted together with the others: there is nobody to tell
        try:
            known = NoticeKind(str(kind))
        except ValueError as error:
            raise _BadRow(int(str(row_id)), f"unknown kind {kind}") from error
        assert isinstance(user_id, UUID)
        if not isinstance(at, datetime) or not isinstance(data, dict):
            raise _BadRow(int(str(row_id)), "its time or its data is none")
        yield OutboxItem(
            ids=(int(str(row_id)),),
            user_id=user_id,
            kind=known,
            first_at=at,
            last_at=at,
            data=data,
            subject=None if subject is None else str(subject),
            dedupe_key=None if dedupe_key is None else str(dedupe_key),
        )


def _default(kind: NoticeKind) -> tuple[bool, bool]:
    return True, RULES[kind].mail


async def _id(connection: RawConnection, statement: str, values: JsonObject) -> UUID | None:
    row = await (await connection.execute(statement, values)).fetchone()
    return None if row is None else row[0]


async def _users(
    connection: RawConnection, statement: str, values: JsonObject | Sequence[object]
) -> set[UUID]:
    return {row[0] for row in await (await connection.execute(statement, values)).fetchall()}


async def _announce(connection: RawConnection, users: set[UUID]) -> None:
    told = sorted(str(user_id) for user_id in users)
    for place in range(0, len(told), _IDS_IN_ONE_TELLING):
        payload = " ".join(told[place : place + _IDS_IN_ONE_TELLING])
        await connection.execute(statements.ANNOUNCE, (NOTICES_CHANNEL, payload))
