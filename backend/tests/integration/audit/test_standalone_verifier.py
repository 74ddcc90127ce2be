"""The verifier that needs no Kuber finds what Kuber's own finds."""

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from kuber.audit.chain import Damage
from kuber.audit.export import lines
from kuber.audit.keys import SigningKey
from tests.integration.audit.test_t15_tampering import ENTRY, MANY, PLACE, Record, record, swapped

__all__ = ["record"]

VERIFIER = Path(__file__).parents[4] / "docs" / "examples" / "verify_audit.py"


def verdict(record: Record, *arguments: str) -> tuple[int, list[str]]:
    return verdict_on(list(lines(record.url, record.folder)), record.folder, *arguments)


def verdict_on(exported: list[bytes], folder: Path, *arguments: str) -> tuple[int, list[str]]:
    file = folder / "record.jsonl"
    file.write_bytes(b"".join(line + b"\n" for line in exported))
    done = subprocess.run(
        [sys.executable, "-I", str(VERIFIER), str(file), *arguments],
        capture_output=True,
        text=True,
        check=False,
    )
    assert not done.stderr
    return done.returncode, done.stdout.splitlines()


async def test_an_untouched_export_is_verified_with_the_key_that_is_trusted(record: Record) -> None:
    key = record.keys.read()
    assert key is not None
    await record.append(1000)
    await record.link()
    code, said = verdict(record, "--key", key.id)
    assert (code, said) == (0, [f"{MANY + 1001} entries, 2 checkpoints, 0 problems."])
    assert verdict(record, "--key", "0" * 16)[0] == 1
    record.keys.ask_for_rotation()
    await record.append(1000)
    await record.link()
    assert verdict(record, "--key", key.id)[0] == 0
    record.keys.put(SigningKey.new())
    await record.append(1000)
    await record.link()
    assert verdict(record)[0] == 0
    assert verdict(record, "--key", key.id)[0] == 1


@pytest.mark.parametrize(
    ("statements", "said"),
    [
        (
            [f"update audit_entries set data = '{{\"number\":9}}' where id = {ENTRY}"],
            f"place {PLACE}: entry_changed",
        ),
        ([f"delete from audit_entries where id = {ENTRY}"], f"place {PLACE}: entry_missing"),
        (
            [f"delete from audit_links where chain_position = {PLACE}"],
            f"place {PLACE}: missing",
        ),
        (swapped("entry_id"), f"place {PLACE}: reordered"),
        (swapped("chain_position"), f"place {PLACE}: reordered"),
        (
            [f"delete from audit_links where chain_position > {PLACE}"],
            f"place {PLACE + 1}: cut",
        ),
    ],
    ids=[
        *("changed", "entry deleted", "place deleted", "entries swapped", "links swapped", "cut"),
    ],
)
async def test_tampering_is_found_at_its_place(
    record: Record, statements: list[str], said: str
) -> None:
    record.tamper(*statements)
    code, found = verdict(record)
    assert code == 1
    assert found[0].startswith(said)


async def test_a_forged_signature_is_found(record: Record) -> None:
    (head,) = record.folder.glob("*.head.json")
    text = head.read_text()
    start = text.index('"signature":"') + len('"signature":"')
    head.write_text(text[:start] + f"{int(text[start], 16) ^ 1:x}" + text[start + 1 :])
    code, found = verdict(record)
    assert (code, found[0][: len("place 201: checkpoint_changed")]) == (
        1,
        "place 201: checkpoint_changed",
    )


@pytest.mark.parametrize(
    ("name", "value", "place"),
    [("hash", "0" * 64, MANY + 1), ("chain_position", PLACE, PLACE), ("chain_position", 999, 201)],
)
async def test_a_damaged_line_outside_is_not_taken_for_a_cut(
    record: Record, name: str, value: object, place: int
) -> None:
    (head,) = record.folder.glob("*.head.json")
    head.write_text(json.dumps(json.loads(head.read_text()) | {name: value}))
    assert record.found() == [(place, Damage.CHECKPOINT_CHANGED)]
    code, said = verdict(record)
    assert (code, said[0].startswith(f"place {place}: checkpoint_changed")) == (1, True)


async def test_lines_that_were_swapped_in_the_export_are_named(record: Record) -> None:
    exported = list(lines(record.url, record.folder))
    here, there = PLACE - 1, PLACE + 1
    exported[here], exported[there] = exported[there], exported[here]
    code, found = verdict_on(exported, record.folder)
    said = f"reordered: its line stands behind that of {PLACE + 2}"
    assert (code, found[:2]) == (1, [f"place {place}: {said}" for place in (PLACE, PLACE + 1)])
    assert found[-1].endswith(" 2 problems.")


async def test_a_stretch_of_lines_that_is_gone_is_one_problem(record: Record) -> None:
    exported = list(lines(record.url, record.folder))
    del exported[PLACE - 1 : PLACE + 9]
    code, found = verdict_on(exported, record.folder)
    said = f"missing, {PLACE + 10} follows {PLACE - 1}"
    assert (code, found[0]) == (1, f"place {PLACE}: {said}")
    assert found[-1].endswith(" 1 problems.")


@pytest.mark.parametrize("place", [str(10**18), "0", "-1", f"{PLACE}", "1e3", "true", '"x"'])
async def test_a_hostile_place_is_told_at_once(record: Record, place: str) -> None:
    exported = list(lines(record.url, record.folder))
    own = b'{"chain_position":%d,' % PLACE
    exported.insert(
        PLACE, exported[PLACE - 1].replace(own, b'{"chain_position":%b,' % place.encode())
    )
    assert verdict_on(exported, record.folder)[0] == 1


FORMS: dict[str, Callable[[bytes], bytes]] = {
    "a space": lambda line: line.replace(b'"data":', b'"data": ', 1),
    "a space behind the hash": lambda line: line.replace(b'"hash":', b'"hash": ', 1),
    "a carriage return": lambda line: line + b"\r",
    "other order of keys": lambda line: json.dumps(
        dict(reversed(json.loads(line).items())), separators=(",", ":")
    ).encode(),
    "another form of a letter": lambda line: line.replace(
        b'"event_type":"b', b'"event_type":"\\u0062', 1
    ),
    "capitals in the hash": lambda line: line.replace(
        own := line[line.index(b'"hash":"') + 8 :][:64], own.upper(), 1
    ),
    "a key twice": lambda line: line.replace(
        b'{"chain_position":', b'{"chain_position":1,"chain_position":', 1
    ),
}


@pytest.mark.parametrize("form", FORMS)
async def test_an_entry_in_another_form_is_found_at_its_place(record: Record, form: str) -> None:
    exported = list(lines(record.url, record.folder))
    line = exported[PLACE - 1]
    exported[PLACE - 1] = FORMS[form](line)
    assert exported[PLACE - 1] != line
    code, found = verdict_on(exported, record.folder)
    assert (code, found[0].partition(": it")[0]) == (1, f"place {PLACE}: entry_changed")


async def test_another_form_of_a_number_is_found(record: Record) -> None:
    exported = list(lines(record.url, record.folder))
    number = f'"number":{json.loads(exported[PLACE - 1])["data"]["number"]}'.encode()
    exported[PLACE - 1] = exported[PLACE - 1].replace(number, number + b".0")
    code, found = verdict_on(exported, record.folder)
    assert (code, found[0].partition(": it")[0]) == (1, f"place {PLACE}: entry_changed")


async def test_a_checkpoint_in_another_form_is_found(record: Record) -> None:
    exported = list(lines(record.url, record.folder))
    exported[-1] = exported[-1].replace(b'"hash":', b'"hash": ')
    code, found = verdict_on(exported, record.folder)
    assert (code, "checkpoint_changed: it is not written as" in found[0]) == (1, True)
