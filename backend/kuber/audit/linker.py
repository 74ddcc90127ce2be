"""The one writer of the chain: gives entries their place, a batch at a time."""

import json
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from uuid import UUID, uuid4

import structlog
from prometheus_client import Counter
from psycopg import AsyncConnection
from psycopg.rows import TupleRow

from kuber.audit import statements
from kuber.audit.chain import Tip, entry_hash
from kuber.audit.entries import audit_json
from kuber.audit.keys import DamagedKey, KeyFile, SigningKey, is_signed, key_id_of
from kuber.audit.outside import OutsideFiles, OutsideRecord
from kuber.audit.types import KEY_EVENTS, AuditEvent, AuditEventType, Checkpoint
from kuber.kernel.clock import Clock
from kuber.kernel.ids import new_id

log = structlog.get_logger(__name__)

BATCH = 5000
CHECKPOINT_EVERY = 1000
"""Positions between two checkpoints that are kept for good."""
CHECKPOINT_WITHIN_S = 600.0
"""New entries are under a kept checkpoint after so long, however few they are."""
HEAD_EVERY_S = 1.0
NEXT_KEY_EVERY_S = 2.0
_LOCK = 0x6B75626573
LINKED = Counter("kuber_audit_linked", "Entries that got their place in the chain")
NOT_KEPT_OUTSIDE = Counter(
    "kuber_audit_not_kept_outside", "Checkpoints that could not be written outside the database"
)

Connection = AsyncConnection[TupleRow]


class NotTheLinker(Exception):
    """Another process links; this one waits."""


@dataclass(slots=True)
class _State:
    """What the linker knows of the chain that it writes."""

    chain_id: UUID
    tip: Tip
    key: SigningKey
    outside: OutsideFiles
    kept_at_position: int
    kept_at_s: float
    head_at_s: float = 0.0
    head_position: int = 0
    next_key_at_s: float = 0.0
    files: frozenset[str] = frozenset()
    """Those outside the database that were there when it last looked."""
    unkept: list[Checkpoint] = field(default_factory=list)
    """Of the database, which could not be written outside it yet."""


class Linker:
    """Links what is pending, over one connection that holds the lock as long as it lives.

    A second one cannot write beside it: it does not get the lock, and a place can be taken only
    once.
    """

    def __init__(
        self,
        keys: KeyFile,
        outside_of: Callable[[UUID], OutsideFiles],
        clock: Clock,
        batch: int = BATCH,
    ) -> None:
        self._keys = keys
        self._outside_of = outside_of
        self._clock = clock
        self._batch = batch
        self._state: _State | None = None

    @property
    def tip(self) -> Tip:
        """The last place that was given; the start while nothing is known."""
        return self._state.tip if self._state else Tip()

    async def begin(self, connection: Connection) -> None:
        """Take the lock and learn where the chain stands; raises NotTheLinker."""
        row = await (await connection.execute(statements.LOCK, (_LOCK,))).fetchone()
        if not (row and row[0]):
            raise NotTheLinker
        self._state = None
        named = await _key_named_last(connection)
        self._finish_rotation(named)
        key, reason = self._signing_key()
        about_key = {"key_id": key.id, "public_key": key.public}
        tip = await _tip(connection)
        if tip.position == 0:
            chain_id = uuid4()
            said: dict[str, object] = {"chain_id": str(chain_id), **about_key}
            tip = await self._link_own(connection, tip, AuditEventType.CHAIN_STARTED, said)
        else:
            chain_id = await _chain_id(connection)
            if key.id != named:  # also one that was there before and came back
                said = {"reason": reason or "another key was put in its place", **about_key}
                tip = await self._link_own(connection, tip, AuditEventType.KEY_REPLACED, said)
        outside = self._outside_of(chain_id)
        kept_at, known = 0, outside.read()
        highest = known.highest
        if highest is None:
            if chain_id.int:  # else nobody knows which files are the chain's
                tip = await self._note_loss(connection, tip, known.unread)
        elif await _knows(connection, highest):
            kept_at = highest.position
            await _complete(connection, key, outside, known)
        else:
            log.error(
                "audit_chain_cut_or_restored",
                known_outside=highest.position,
                in_database=tip.position,
            )
        head = outside.head()
        if head is not None and not await _knows(connection, head):
            outside.set_head_aside(head.position)
        self._state = _State(chain_id, tip, key, outside, kept_at, time.monotonic())
        self._state.files = outside.there()
        if highest is None:
            # Before anything else has its place: only what is lost later has no checkpoint.
            self._keep_outside(self._state, None, at_once=True)

    async def link(self, connection: Connection) -> int:
        """Give places to the oldest entries that have none; return how many.

        All or nothing, and durable: what dies in between is done again by the next.
        """
        state = self._state
        assert state is not None, "begin comes first"
        await self._rotate_if_asked(connection, state)
        kept, tip = None, state.tip
        async with connection.transaction():
            # Planned each time: this connection lives for weeks, and a plan that was made while
            # nothing waited is slow by orders of magnitude once many do.
            taken = await connection.execute(statements.TAKE, (self._batch,), prepare=False)
            rows = await taken.fetchall()
            if rows:
                tip = await self._write(connection, tip, rows)
            if self._due(state, tip):
                kept = state.key.checkpoint(
                    state.chain_id, tip.position, tip.hash, self._clock.now()
                )
                await connection.execute(statements.CHECKPOINT, _values(kept))
        state.tip = tip
        LINKED.inc(len(rows))
        if not state.files <= state.outside.there():
            state.head_position = 0  # the newest state is written anew
            state.tip = await self._record_loss(connection, state.tip, "removed while it was used")
        self._keep_outside(state, kept)
        return len(rows)

    def rest(self) -> None:
        """Keep the newest state outside the database before the linker ends."""
        if self._state is not None:
            self._keep_outside(self._state, None, at_once=True)

    async def _write(self, connection: Connection, tip: Tip, rows: list[TupleRow]) -> Tip:
        places: list[int] = []
        entries: list[int] = []
        hashes: list[bytes] = []
        previous: list[bytes] = []
        position, before = tip
        for entry_id, middle, end in rows:
            if middle is None:
                # It was deleted before it had a place: the place says so for ever.
                log.error("audit_entry_missing", entry_id=entry_id)
            position += 1
            hash_ = entry_hash(position, before, middle or b"", end or b"")
            places.append(position)
            entries.append(entry_id)
            hashes.append(hash_)
            previous.append(before)
            before = hash_
        await connection.execute(statements.LINK, (places, entries, hashes, previous))
        return Tip(position, before)

    def _due(self, state: _State, tip: Tip) -> bool:
        ahead = tip.position - state.kept_at_position
        waited_s = time.monotonic() - state.kept_at_s
        return ahead >= CHECKPOINT_EVERY or (ahead > 0 and waited_s >= CHECKPOINT_WITHIN_S)

    def _keep_outside(
        self, state: _State, kept: Checkpoint | None, *, at_once: bool = False
    ) -> None:
        """Write files; a folder that cannot be written is said, and stops nothing."""
        now_s = time.monotonic()
        try:
            if kept is not None:
                # Set first: a disk that stays full is not tried for each batch.
                state.kept_at_position, state.kept_at_s = kept.position, now_s
                state.unkept.append(kept)
                while state.unkept:
                    state.outside.append(state.unkept[0])
                    state.unkept.pop(0)
            stale = state.head_position < state.tip.position
            if stale and (at_once or now_s - state.head_at_s >= HEAD_EVERY_S):
                state.head_at_s = now_s
                state.outside.put_head(
                    state.key.checkpoint(
                        state.chain_id, state.tip.position, state.tip.hash, self._clock.now()
                    )
                )
                state.head_position = state.tip.position
        except OSError as error:
            NOT_KEPT_OUTSIDE.inc()
            log.error("audit_checkpoint_not_kept", reason=str(error))
        state.files = state.outside.there()

    def _signing_key(self) -> tuple[SigningKey, str | None]:
        """Return the key, and why it is a new one.

        Where no key can be read or kept the chain goes on, signed with one for the time being.
        """
        try:
            key = self._keys.read()
            reason = "missing"
        except DamagedKey:
            key, reason = None, "damaged"
        except OSError as error:
            log.error("audit_key_not_read", reason=str(error))
            return SigningKey.new(), "unreadable"
        if key is not None:
            return key, None
        key = SigningKey.new()
        try:
            self._keys.put(key)
        except OSError as error:
            log.error("audit_key_not_kept", reason=str(error))
        log.warning("audit_key_made", key_id=key.id, before=reason)
        return key, reason

    async def _rotate_if_asked(self, connection: Connection, state: _State) -> None:
        now_s = time.monotonic()
        if now_s < state.next_key_at_s:
            return
        state.next_key_at_s = now_s + NEXT_KEY_EVERY_S
        try:
            following = self._keys.next()
            if following is not None and following == state.key:
                self._keys.rotate(following)  # only takes the file away: it follows nobody
        except (DamagedKey, OSError) as error:
            log.error("audit_key_not_rotated", reason=str(error))
            return
        if following is None or following == state.key:
            return
        said: dict[str, object] = {
            "old_key_id": state.key.id,
            "key_id": following.id,
            "public_key": following.public,
            "signature": state.key.sign(following.public.hex()),
        }
        # On record first: the old key, which vouches for the new one, is gone once that has its
        # place. What dies in between is finished by the next linker.
        state.tip = await self._link_own(connection, state.tip, AuditEventType.KEY_ROTATED, said)
        state.key = following
        self._finish_rotation(following.id)
        log.info("audit_key_rotated", key_id=following.id)

    def _finish_rotation(self, named: str | None) -> None:
        """Give the next key the place of the present one if the record says that it signs."""
        try:
            following = self._keys.next()
            if following is not None and following.id == named:
                self._keys.rotate(following)
        except (DamagedKey, OSError) as error:
            log.error("audit_key_not_rotated", reason=str(error))

    async def _note_loss(self, connection: Connection, tip: Tip, reason: str | None) -> Tip:
        """Put on record, once, that nothing outside knows of a chain that others have written to.

        A chain of one place has just been started, by this linker or one that died of it.
        """
        newest = await _newest_checkpoint(connection)
        if tip.position <= 1 and newest is None:
            return tip
        cursor = await connection.execute(statements.LOSSES, (AuditEventType.CHECKPOINTS_LOST,))
        noted = max((place for (place,) in await cursor.fetchall()), default=0)
        kept = newest.position if newest else 0
        if noted > kept:  # nothing could be kept since
            log.error("audit_checkpoints_lost", in_database=tip.position, reason=reason)
            return tip
        return await self._record_loss(connection, tip, reason)

    async def _record_loss(self, connection: Connection, tip: Tip, reason: str | None) -> Tip:
        log.error("audit_checkpoints_lost", in_database=tip.position, reason=reason)
        newest = await _newest_checkpoint(connection)
        kept = newest.position if newest else None
        said: dict[str, object] = {"linked": tip.position, "last_checkpoint": kept}
        return await self._link_own(connection, tip, AuditEventType.CHECKPOINTS_LOST, said)

    async def _link_own(
        self,
        connection: Connection,
        tip: Tip,
        kind: AuditEventType,
        data: Mapping[str, object],
    ) -> Tip:
        """Write an entry of the linker's own at the next place, whatever waits already."""
        event = AuditEvent(kind, self._clock.now(), str(new_id()), None, data)
        async with connection.transaction():
            (own,) = audit_json([event])
            rows = await (await connection.execute(statements.OWN, own)).fetchall()
            return await self._write(connection, tip, rows)


async def _tip(connection: Connection) -> Tip:
    row = await (await connection.execute(statements.TIP)).fetchone()
    return Tip(row[0], row[1]) if row else Tip()


async def _chain_id(connection: Connection) -> UUID:
    """Return the id that the entry at the first place names; a nil one when it is damaged."""
    row = await (await connection.execute(statements.CHAIN_START)).fetchone()
    try:
        assert row is not None
        return UUID(json.loads(row[1])["chain_id"])
    except (AssertionError, ValueError, KeyError, TypeError, AttributeError, RecursionError):
        log.error("audit_chain_start_damaged")  # verification says so, too
        return UUID(int=0)


async def _key_named_last(connection: Connection) -> str | None:
    """Return the id of the key that signs, as the last entry says that names one, as `Custody`."""
    kinds = [kind.value for kind in KEY_EVENTS]
    async for (data,) in await connection.execute(statements.KEYS_NAMED, (kinds,)):
        with suppress(ValueError, KeyError, TypeError, RecursionError):
            return key_id_of(bytes.fromhex(json.loads(data)["public_key"]))
    return None


async def _knows(connection: Connection, checkpoint: Checkpoint) -> bool:
    """Say whether the database has what the checkpoint speaks of."""
    query = "select hash from audit_links where chain_position = %s"
    row = await (await connection.execute(query, (checkpoint.position,))).fetchone()
    return bool(row and row[0] == checkpoint.hash)


async def _newest_checkpoint(connection: Connection) -> Checkpoint | None:
    row = await (await connection.execute(statements.NEWEST_CHECKPOINT)).fetchone()
    return _checkpoint(row) if row else None


def _checkpoint(row: TupleRow) -> Checkpoint | None:
    """Return a row as a checkpoint, None when its instant is damaged."""
    if row[3] is None:
        return None
    position, chain_id, hash_, at, key_id, signature = row
    return Checkpoint(chain_id, position, hash_, at, key_id, signature)


async def _complete(
    connection: Connection, key: SigningKey, outside: OutsideFiles, known: OutsideRecord
) -> None:
    """Keep outside, too, what linkers before signed with `key` and could not keep there: they died
    in between, or the disk was full."""
    rows = await (await connection.execute(statements.SIGNED)).fetchall()
    kept = set(known.checkpoints)
    lacking = [one for row in rows if (one := _checkpoint(row)) is not None and one not in kept]
    try:
        for one in lacking:
            if is_signed(one, key.public) and await _knows(connection, one):
                outside.append(one)
    except OSError as error:
        NOT_KEPT_OUTSIDE.inc()
        log.error("audit_checkpoint_not_kept", reason=str(error))


def _values(checkpoint: Checkpoint) -> dict[str, object]:
    return {
        "position": checkpoint.position,
        "chain_id": checkpoint.chain_id,
        "hash": checkpoint.hash,
        "at": checkpoint.at,
        "key_id": checkpoint.key_id,
        "signature": checkpoint.signature,
    }
