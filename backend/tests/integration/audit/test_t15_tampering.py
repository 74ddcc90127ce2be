"""T15: each kind of tampering with the record is found, at its place."""

import json
from collections import Counter
from functools import partial
from pathlib import Path
from uuid import UUID

import psycopg
import pytest
from psycopg import AsyncConnection
from psycopg.types.json import Jsonb

from kuber.api.verification import COMPARISONS
from kuber.audit.chain import Damage
from kuber.audit.entries import APPEND, audit_json
from kuber.audit.keys import KeyFile, SigningKey
from kuber.audit.linker import Linker, NotTheLinker
from kuber.audit.outside import OutsideFiles, read_outside
from kuber.audit.types import AuditEvent, AuditEventType
from kuber.audit.verify import Part, Verification, verify
from kuber.infra.db import Database
from kuber.kernel.clock import SystemClock
from kuber.kernel.ids import new_id

CLOCK = SystemClock()
MANY = 200
PLACE = 77
FROM_ONE = "ck_audit_links_from_one"


class Record:
    """A record of `MANY` entries and more, linked, and what can be done to it."""

    def __init__(self, url: str, folder: Path) -> None:
        self.url = url
        self.folder = folder
        self.keys = KeyFile(folder)

    def outside(self, chain_id: UUID) -> OutsideFiles:
        return OutsideFiles(self.folder, chain_id)

    async def append(self, count: int) -> None:
        events = [
            AuditEvent(
                AuditEventType.BUDGET_CHANGED, CLOCK.now(), str(new_id()), None, {"number": number}
            )
            for number in range(count)
        ]
        async with await AsyncConnection.connect(self.url, autocommit=True) as connection:
            await connection.execute(APPEND, {"audit": Jsonb(audit_json(events))})

    async def link(self) -> int:
        linked = 0
        async with await AsyncConnection.connect(self.url, autocommit=True) as connection:
            linker = Linker(self.keys, self.outside, CLOCK, batch=64)
            await linker.begin(connection)
            while part := await linker.link(connection):
                linked += part
            linker.rest()
        return linked

    def tamper(self, *statements: str) -> None:
        """Do what only the owner of the database can."""
        with psycopg.connect(self.url, autocommit=True) as connection:
            connection.execute("set session_replication_role = replica")
            connection.execute("alter table audit_links drop constraint if exists " + FROM_ONE)
            for statement in statements:
                connection.execute(statement.encode())

    def verify(self, trusted_key: str | None = None, part: Part | None = None) -> Verification:
        return verify(
            self.url,
            COMPARISONS,
            partial(read_outside, self.folder, None),
            trusted_key=trusted_key,
            part=part,
        )

    def found(self) -> list[tuple[int | None, Damage]]:
        return [(one.chain_position, one.damage) for one in self.verify().findings]


@pytest.fixture
async def record(database: Database, tmp_path: Path) -> Record:
    made = Record(database.url, tmp_path)
    assert await made.link() == 0  # but the first entry, which starts the chain
    await made.append(MANY)
    assert await made.link() == MANY
    return made


ENTRY = f"(select entry_id from audit_links where chain_position = {PLACE})"
NEXT = f"(select entry_id from audit_links where chain_position = {PLACE + 1})"


def swapped(column: str) -> list[str]:
    """Swap what stands in a column at `PLACE` and two places on; both are unique."""
    value = f"(select {column} from kept where chain_position = %s)"
    there = value % (PLACE + 2)
    entries = [f"(select entry_id from kept where chain_position = {PLACE + n})" for n in (0, 2)]
    if column == "entry_id":
        where = [f"chain_position = {PLACE}", f"chain_position = {PLACE + 2}"]
    else:
        where = [f"entry_id = {entry}" for entry in entries]
    return [
        "create table kept as select * from audit_links",
        f"update audit_links set {column} = -1 where {where[0]}",
        f"update audit_links set {column} = {value % PLACE} where {where[1]}",
        f"update audit_links set {column} = {there} where {where[0]}",
    ]


async def test_an_untouched_record_is_intact_to_its_end(record: Record) -> None:
    result = record.verify()
    assert (result.findings, result.checked, result.end_unchecked) == ([], MANY + 1, None)


@pytest.mark.parametrize(
    ("statements", "found"),
    [
        (
            [f"update audit_entries set data = '{{\"number\":9}}' where id = {ENTRY}"],
            [(PLACE, Damage.ENTRY_CHANGED)],
        ),
        (
            [f"update audit_entries set at = at + interval '1 microsecond' where id = {ENTRY}"],
            [(PLACE, Damage.ENTRY_CHANGED)],
        ),
        (
            [f"update audit_entries set user_id = gen_random_uuid() where id = {ENTRY}"],
            [(PLACE, Damage.ENTRY_CHANGED)],
        ),
        (
            [f"delete from audit_entries where id = {ENTRY}"],
            [(PLACE, Damage.ENTRY_MISSING)],
        ),
        (
            [
                f"delete from audit_entries where id = {ENTRY}",
                f"delete from audit_links where chain_position = {PLACE}",
            ],
            [(PLACE, Damage.POSITION_MISSING)],
        ),
        (
            [f"update audit_links set hash = sha256('x') where chain_position = {PLACE}"],
            [(PLACE, Damage.ENTRY_CHANGED), (PLACE + 1, Damage.LINK_CHANGED)],
        ),
        (
            [
                (
                    "insert into audit_entries (event_id, correlation_id, event_type, at, data)"
                    " values (gen_random_uuid(), 'x', 'budget_changed', now(), '{}')"
                )
            ],
            [(None, Damage.NEVER_LINKED)],
        ),
        (
            swapped("entry_id"),
            [(PLACE, Damage.REORDERED), (PLACE + 2, Damage.REORDERED)],
        ),
        (
            swapped("chain_position"),
            [(PLACE, Damage.REORDERED), (PLACE + 2, Damage.REORDERED)],
        ),
        (
            [
                "create table kept as select * from audit_links",
                (
                    "update audit_links l set hash = k.hash, previous_hash = k.previous_hash"
                    f" from kept k where l.chain_position between {PLACE} and {PLACE + 9}"
                    f" and k.chain_position = {PLACE} + (l.chain_position - {PLACE} + 1) % 10"
                ),
            ],
            [(PLACE + number, Damage.REORDERED) for number in range(10)],
        ),
        (
            [f"delete from audit_links where chain_position > {PLACE}"],
            [(PLACE + 1, Damage.CUT_OR_RESTORED)] + [(None, Damage.NEVER_LINKED)] * 20,
        ),
        (
            [
                f"delete from audit_entries where id > {ENTRY}",
                f"delete from audit_links where chain_position > {PLACE}",
            ],
            [(PLACE + 1, Damage.CUT_OR_RESTORED)],
        ),
    ],
    ids=[
        *("data", "instant", "owner", "entry deleted", "place deleted", "hash", "inserted"),
        *("entries swapped", "links swapped", "hashes of ten moved on"),
        *("links cut", "cut at its end"),
    ],
)
async def test_tampering_is_found_at_its_place(
    record: Record, statements: list[str], found: list[tuple[int | None, Damage]]
) -> None:
    record.tamper(*statements)
    assert record.found() == found


async def test_a_chain_made_anew_after_a_cut_differs_from_what_is_known_outside(
    record: Record,
) -> None:
    record.tamper(
        f"delete from audit_entries where id > {ENTRY}",
        f"delete from audit_links where chain_position > {PLACE}",
    )
    await record.append(MANY)
    await record.link()
    assert (MANY + 1, Damage.CUT_OR_RESTORED) in record.found()
    await record.append(1)
    await record.link()
    assert (MANY + 1, Damage.CUT_OR_RESTORED) in record.found()


async def test_without_what_is_kept_outside_nobody_says_that_the_end_is_there(
    record: Record,
) -> None:
    for path in record.folder.glob("*.json*"):
        path.unlink()
    record.tamper(
        f"delete from audit_entries where id > {ENTRY}",
        f"delete from audit_links where chain_position > {PLACE}",
    )
    result = record.verify()
    assert result.intact
    assert result.end_unchecked is not None


async def test_a_key_is_rotated_and_the_old_one_vouches_for_it(record: Record) -> None:
    before = record.keys.read()
    after = record.keys.ask_for_rotation()
    await record.append(1100)
    await record.link()
    assert before is not None
    assert (record.keys.read(), record.keys.next()) == (after, None)
    for trusted in (before, after):
        result = record.verify(trusted_key=trusted.id)
        assert (result.findings, after.id in result.authorship) == ([], True)
    assert not record.verify(trusted_key=SigningKey.new().id).intact


@pytest.mark.parametrize("text", ["not a key", None], ids=["damaged", "lost"])
async def test_a_key_that_is_gone_is_replaced_and_nobody_vouches_for_the_new_one(
    record: Record, text: str | None
) -> None:
    before = record.keys.read()
    (record.folder / "signing-key").unlink()
    if text is not None:
        (record.folder / "signing-key").write_text(text)
    await record.append(1000)
    await record.link()
    assert before is not None
    assert record.verify().intact
    assert not record.verify(trusted_key=before.id).intact


async def test_a_key_that_was_put_there_by_hand_is_said(record: Record) -> None:
    record.keys.put(SigningKey.new())
    await record.append(1000)
    await record.link()
    with psycopg.connect(record.url) as connection:
        query = "select data from audit_entries where event_type = 'key_replaced'"
        rows = connection.execute(query).fetchall()
    assert [json.loads(row[0])["reason"] for row in rows] == ["another key was put in its place"]
    assert record.verify().intact


async def test_a_chain_that_replaces_the_whole_record_is_found(record: Record) -> None:
    tables = ("audit_entries", "audit_links", "audit_checkpoints", "audit_pending")
    record.tamper(*(f"delete from {table}" for table in tables))
    assert (1, Damage.CUT_OR_RESTORED) in record.found()
    await record.append(MANY)
    await record.link()
    assert record.found() == [(1, Damage.CUT_OR_RESTORED)]


@pytest.mark.parametrize("data", ["x", "[]", '{"order_id":"x"}', '{"quantity":"a"}'])
async def test_an_entry_that_cannot_be_read_hides_no_other_damage(
    record: Record, data: str
) -> None:
    record.tamper(
        f"update audit_entries set data = '{data}', event_type = 'order_answered'"
        f" where id = {ENTRY}",
        f"update audit_entries set data = '{{}}' where id = {NEXT}",
    )
    assert record.found()[:2] == [(PLACE, Damage.ENTRY_CHANGED), (PLACE + 1, Damage.ENTRY_CHANGED)]
    await record.append(1)
    assert await record.link() == 1


async def test_a_stretch_that_is_missing_across_slices_is_one_finding(
    record: Record, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("kuber.audit.verify.SLICE", 5)
    record.tamper("delete from audit_links where chain_position between 14 and 26")
    found = record.found()
    assert found[0] == (14, Damage.POSITION_MISSING)
    assert [one for _, one in found].count(Damage.POSITION_MISSING) == 1


async def test_hundreds_of_findings_are_cut_off_and_do_no_harm(record: Record) -> None:
    result = record.verify()
    assert result.complete
    cut = f"delete from audit_links where chain_position > {MANY}"
    record.tamper("update audit_entries set at = at + interval '1 s'", cut)
    result = record.verify()
    assert Counter(one.damage for one in result.findings)[Damage.ENTRY_CHANGED] == 100
    assert (MANY + 1, Damage.CUT_OR_RESTORED) in record.found(), "many of one hide no other"
    assert not result.complete


async def test_a_forged_checkpoint_is_found(record: Record) -> None:
    await record.append(1000)
    await record.link()
    record.tamper("update audit_checkpoints set signature = sha256('x') || sha256('y')")
    assert Damage.CHECKPOINT_CHANGED in {damage for _, damage in record.found()}


async def test_one_links_and_the_other_waits(record: Record) -> None:
    async with (
        await AsyncConnection.connect(record.url, autocommit=True) as first,
        await AsyncConnection.connect(record.url, autocommit=True) as second,
    ):
        await Linker(record.keys, record.outside, CLOCK).begin(first)
        with pytest.raises(NotTheLinker):
            await Linker(record.keys, record.outside, CLOCK).begin(second)


async def test_the_record_is_not_changed_by_mistake(record: Record) -> None:
    with psycopg.connect(record.url, autocommit=True) as connection:
        for statement in (
            "update audit_entries set data = '{}'",
            "delete from audit_links",
            "truncate audit_checkpoints",
        ):
            with pytest.raises(psycopg.errors.RaiseException, match="append-only"):
                connection.execute(statement)
