"""Places, times, depths and files that no record of Kuber's has."""

import json
from datetime import UTC, datetime

import psycopg
import pytest

from kuber.audit.chain import Damage
from kuber.audit.export import lines
from kuber.audit.verify import Part
from tests.integration.audit.test_t15_tampering import (
    ENTRY,
    FROM_ONE,
    MANY,
    PLACE,
    Record,
    record,
)

__all__ = ["record"]

PIPELINE = "00000000-0000-7000-8000-000000000001"
OWNER = "00000000-0000-7000-8000-000000000002"


def linked_at(place: int, kind: str = "budget_changed", data: str = "{}") -> str:
    return (
        "with e as (insert into audit_entries (event_id, correlation_id, event_type, at, data,"
        f" user_id) values (gen_random_uuid(), 'x', '{kind}', now(), '{data}', '{OWNER}')"
        f" returning id) insert into audit_links select {place}, id, decode(repeat('00', 32),"
        " 'hex'), decode(repeat('00', 32), 'hex') from e"
    )


@pytest.mark.parametrize("place", [0, -1, -(2**63)])
async def test_a_link_before_the_first_place_is_found_and_nothing_follows_it(
    record: Record, place: int
) -> None:
    record.tamper(linked_at(place))
    assert record.found() == [(place, Damage.LINK_CHANGED)]
    part = record.verify(part=Part(0, 10))
    assert (part.findings, part.next) == ([], 10)
    assert b'{"chain_position":%d,' % place in next(lines(record.url, record.folder))
    await record.append(1)
    assert await record.link() == 1
    assert record.found() == [(place, Damage.LINK_CHANGED)]


async def test_an_entry_before_the_first_place_vouches_for_no_row(record: Record) -> None:
    said = f'{{"pipeline_id":"{PIPELINE}","status":"inactive"}}'
    record.tamper(
        "insert into pipelines (id, user_id, name, graph, graph_digest, mode, trigger, status,"
        " revision, version, updated_at)"
        f" values ('{PIPELINE}', '{OWNER}', 'x', '{{}}', '', 'demo', '{{}}', 'inactive',"
        " 1, 1, now())"
    )
    assert record.found() == [(None, Damage.ROW_UNRECORDED)]
    record.tamper(linked_at(0, "pipeline_created", said))
    assert record.found() == [(0, Damage.LINK_CHANGED), (None, Damage.ROW_UNRECORDED)]


async def test_the_database_takes_no_place_before_the_first(record: Record) -> None:
    with (
        psycopg.connect(record.url, autocommit=True) as connection,
        pytest.raises(psycopg.errors.CheckViolation, match=FROM_ONE),
    ):
        connection.execute(linked_at(0).encode())


@pytest.mark.parametrize("last", [False, True], ids=["within", "at the end"])
@pytest.mark.parametrize(
    "time",
    [
        "(to_char(at at time zone 'UTC', 'YYYY-MM-DD HH24:MI:SS.US') || '+00 BC')::timestamptz",
        "'infinity'",
        "'-infinity'",
        "'294000-01-01 00:00:00+00'",
    ],
    ids=["BC", "infinity", "-infinity", "far away"],
)
async def test_a_time_that_no_calendar_has_is_found(record: Record, time: str, last: bool) -> None:
    place = MANY + 1 if last else PLACE
    entry = ENTRY.replace(f" = {PLACE}", f" = {place}")
    record.tamper(f"update audit_entries set at = {time} where id = {entry}")
    assert record.found() == [(place, Damage.ENTRY_CHANGED)]


@pytest.mark.parametrize("time", ["infinity", "-infinity", "0044-03-15 12:00:00+00 BC"])
async def test_a_checkpoint_of_such_a_time_is_found(record: Record, time: str) -> None:
    await record.append(1000)
    await record.link()
    record.tamper(f"update audit_checkpoints set at = '{time}'")
    ((place, damage),) = record.found()
    assert (place is not None, damage) == (True, Damage.CHECKPOINT_CHANGED)


async def test_times_of_today_are_written_as_ever(record: Record) -> None:
    at = datetime(2026, 1, 2, 3, 4, 5, 6, tzinfo=UTC)
    record.tamper(f"update audit_entries set at = '{at.isoformat()}' where id = {ENTRY}")
    line = list(lines(record.url, record.folder))[PLACE - 1]
    assert b'"timestamp":"2026-01-02T03:04:05.000006Z"' in line


FAR = 9 * 10**12


async def test_a_place_far_behind_the_last_is_told_at_once(record: Record) -> None:
    record.tamper(linked_at(FAR))
    found = [(MANY + 2, Damage.POSITION_MISSING), (FAR, Damage.ENTRY_CHANGED)]
    assert record.found() == found
    in_parts: list[tuple[int | None, Damage]] = []
    after: int | None = 0
    parts = 0
    while after is not None:
        result = record.verify(part=Part(after, 50))
        in_parts += [(one.chain_position, one.damage) for one in result.findings]
        after, parts = result.next, parts + 1
    assert in_parts == found
    assert parts < 10


DEEP = "repeat('{\"a\":', 100000) || '1' || repeat('}', 100000)"


@pytest.mark.parametrize("data", ["'nope'", DEEP], ids=["no JSON", "very deep"])
@pytest.mark.parametrize("kind", ["budget_changed", "order_answered", "key_rotated"])
async def test_an_entry_of_any_depth_is_found_at_its_place(
    record: Record, data: str, kind: str
) -> None:
    record.tamper(f"update audit_entries set data = {data}, event_type = '{kind}' where id={ENTRY}")
    found = record.found()
    assert [one for one in found if one[0] is not None] == [(PLACE, Damage.ENTRY_CHANGED)]
    if kind != "order_answered":
        assert len(found) == 1


async def test_an_entry_that_was_linked_with_its_damage_is_named_by_its_place(
    record: Record,
) -> None:
    await record.append(3)
    record.tamper(
        f"update audit_entries set data = {DEEP}, event_type = 'order_answered'"
        " where id = (select max(id) - 1 from audit_entries)"
    )
    await record.link()
    found = [one for one in record.found() if one[0] is not None]
    assert set(found) == {(MANY + 3, Damage.ROW_DIFFERS)}


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("chain_id", "5"),
        ("chain_id", "null"),
        ("chain_position", "Infinity"),
        ("chain_position", "NaN"),
        ("chain_position", "0"),
        ("chain_position", "1e3"),
        ("chain_position", str(2**63)),
        ("timestamp", '"2026-01-02T03:04:05"'),
        ("timestamp", '"0001-01-01T00:00:00+14:00"'),
        ("timestamp", "[]"),
        ("key_id", '"\\ud800"'),
        ("hash", "[" * 100000 + "]" * 100000),
    ],
)
async def test_a_line_that_is_no_checkpoint_is_named_and_holds_up_nobody(
    record: Record, name: str, value: str
) -> None:
    (head,) = record.folder.glob("*.head.json")
    said = json.loads(head.read_text())
    said[name] = "@"
    lines = head.with_name(head.name.replace(".head.json", ".jsonl"))
    before = lines.read_text() if lines.exists() else ""
    lines.write_text(before + json.dumps(said).replace('"@"', value) + "\n")
    result = record.verify()
    number = before.count("\n") + 1
    assert result.end_unchecked == f"Line {number} of {lines.name} cannot be read."
    assert result.findings == []
    await record.append(1)
    assert await record.link() == 1


async def test_a_cut_is_still_found_after_restarts_and_another_cut(record: Record) -> None:
    cut = (
        f"delete from audit_entries where id > {ENTRY}",
        f"delete from audit_links where chain_position > {PLACE}",
    )
    for _ in range(3):
        record.tamper(*cut)
        for _ in range(2):
            await record.append(MANY - PLACE + 1)  # as far as it went before the cut, or further
            await record.link()
    kept = sorted(record.folder.glob("*.head-*.json"))
    assert len(kept) == 3
    known = {json.loads(path.read_text())["hash"] for path in kept}
    assert len(known) == 3
    assert record.found().count((MANY + 1, Damage.CUT_OR_RESTORED)) == 1
