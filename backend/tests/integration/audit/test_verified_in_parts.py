"""The parts of a verification find together what the whole finds."""

import random

import pytest

from kuber.audit.chain import Damage, Finding
from kuber.audit.verify import Part, Verification
from tests.integration.audit.test_t15_tampering import MANY, Record, record, swapped

__all__ = ["record"]

STEPS = 12


def in_parts(record: Record, limit: int) -> list[Verification]:
    parts = [record.verify(part=Part(0, limit))]
    while (following := parts[-1].next) is not None:
        parts.append(record.verify(part=Part(following, limit)))
    return parts


def findings_of(parts: list[Verification]) -> list[Finding]:
    found = [one for part in parts for one in part.findings]
    return sorted(found, key=order)


def order(found: Finding) -> tuple[bool, int, Damage, str]:
    place = found.chain_position
    return place is None, place or 0, found.damage, found.detail


def tamperings(chance: random.Random) -> list[str]:
    """Return one piece of tampering, somewhere."""
    here, there = chance.sample(range(2, MANY), 2)
    link = f"from audit_links where chain_position = {here}"
    return chance.choice(
        [
            [f"update audit_entries set data = '{{}}' where id = (select entry_id {link})"],
            [f"delete from audit_entries where id = (select entry_id {link})"],
            [f"delete {link}"],
            [f"delete from audit_links where chain_position between {here} and {here + 9}"],
            [f"update audit_links set hash = sha256('{here}') where chain_position = {here}"],
            [
                "drop table if exists kept",
                "create table kept as select * from audit_links",
                (
                    "update audit_links l set hash = k.hash, previous_hash = k.previous_hash"
                    " from kept k"
                    f" where (l.chain_position, k.chain_position) in (({here}, {there}),"
                    f" ({there}, {here}))"
                ),
            ],
        ]
    )


@pytest.mark.parametrize("seed", range(4))
async def test_all_parts_together_find_what_the_whole_finds(record: Record, seed: int) -> None:
    chance = random.Random(seed)
    for _ in range(STEPS):
        record.tamper(*tamperings(chance))
        whole = record.verify()
        if len(whole.findings) > 60:
            return  # more than are told is near
        parts = in_parts(record, chance.randrange(20, 2 * MANY))
        assert findings_of(parts) == sorted(whole.findings, key=order)
        assert sum(part.checked for part in parts) == whole.checked
        last = parts[-1]
        assert (last.end_unchecked, last.authorship) == (whole.end_unchecked, whole.authorship)


async def test_a_part_says_how_far_it_went_and_the_last_one_who_signs(record: Record) -> None:
    key = record.keys.read()
    assert key is not None
    first, second, third = in_parts(record, 90)
    total = MANY + 1
    assert [(one.checked, one.next, one.total) for one in (first, second, third)] == [
        (90, 90, total),
        (90, 180, total),
        (21, None, total),
    ]
    assert [(one.checkpoints, one.key_id) for one in (first, second, third)] == [
        (None, None),
        (None, None),
        (1, key.id),
    ]
    whole = record.verify()
    assert (whole.checkpoints, whole.key_id, whole.next) == (1, key.id, None)


async def test_entries_that_changed_places_across_parts_are_named_in_both(record: Record) -> None:
    record.tamper(*swapped("entry_id"))
    parts = in_parts(record, 78)
    assert [[one.damage for one in part.findings] for part in parts] == [
        [Damage.REORDERED],
        [Damage.REORDERED],
        [],
    ]


async def test_a_part_behind_the_end_looks_at_the_end(record: Record) -> None:
    (part,) = (record.verify(part=Part(10**9, 10)),)
    assert (part.checked, part.next, part.findings, part.checkpoints) == (0, None, [], 1)
