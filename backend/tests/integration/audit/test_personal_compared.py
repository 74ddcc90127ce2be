"""Texts that say who somebody is are compared with the salted hashes that the chain holds."""

import pytest

from kuber.audit.chain import Damage
from kuber.audit.entries import append, erase_personal
from kuber.audit.types import AuditEvent, AuditEventType
from kuber.infra.db import Database
from kuber.kernel.ids import UserId, new_id
from tests.integration.api.test_audit_api import reverse_ids
from tests.integration.audit.test_t15_tampering import CLOCK, MANY, Record, record

__all__ = ["record"]

OWNER = UserId(new_id())
ADDRESS = "Zoë@example.org"
LINKED = MANY + 2
"""The place of the entry that has a text."""


@pytest.fixture
async def with_text(record: Record, database: Database) -> Record:
    kind, said = AuditEventType.USER_REGISTERED, {"email": ADDRESS}
    event = AuditEvent(kind, CLOCK.now(), str(new_id()), OWNER, {"tier": "FREE"}, said)
    async with database.transaction() as session:
        await append(session, event)
    await record.link()
    return record


async def test_an_untouched_text_is_fine(with_text: Record) -> None:
    assert with_text.found() == []


async def test_one_whose_entry_waits_for_its_place_is_fine(
    record: Record, database: Database
) -> None:
    said = {"email": ADDRESS}
    kind = AuditEventType.USER_REGISTERED
    async with database.transaction() as session:
        await append(session, AuditEvent(kind, CLOCK.now(), "x", OWNER, {}, said))
    assert record.found() == []


@pytest.mark.parametrize(
    ("statement", "found"),
    [
        ("update audit_personal set value = 'x@example.org'", [(LINKED, Damage.ROW_DIFFERS)]),
        ("update audit_personal set salt = '\\x00'", [(LINKED, Damage.ROW_DIFFERS)]),
        (
            (
                "update audit_personal set salt = salt || convert_to(left(value, 3), 'UTF8'),"
                " value = substr(value, 4)"
            ),
            [(LINKED, Damage.ROW_DIFFERS)],
        ),
        ("update audit_personal set field = 'address'", [(LINKED, Damage.ROW_DIFFERS)] * 2),
        ("delete from audit_personal", [(LINKED, Damage.ROW_DIFFERS)]),
        (
            "update audit_personal set user_id = gen_random_uuid()",
            [(LINKED, Damage.ROW_DIFFERS)],
        ),
        (
            (
                "insert into audit_personal select gen_random_uuid(), field, user_id, salt, value"
                " from audit_personal"
            ),
            [(None, Damage.ROW_UNRECORDED)],
        ),
        (
            (
                "insert into audit_personal select event_id, 'more', user_id, salt, value"
                " from audit_personal"
            ),
            [(LINKED, Damage.ROW_DIFFERS)],
        ),
    ],
    ids=[
        "text",
        "salt",
        "boundary",
        "field",
        "deleted",
        "owner",
        "without an entry",
        "a field more",
    ],
)
async def test_a_changed_text_and_one_without_an_entry_are_found(
    with_text: Record, statement: str, found: list[tuple[int | None, Damage]]
) -> None:
    with_text.tamper(statement)
    assert with_text.found() == found
    assert not [one for one in with_text.verify().findings if "example.org" in one.detail]


async def test_an_erased_text_is_fine(with_text: Record, database: Database) -> None:
    async with database.transaction() as session:
        said = {"texts": await erase_personal(session, OWNER)}
        kind = AuditEventType.PERSONAL_DATA_ERASED
        await append(session, AuditEvent(kind, CLOCK.now(), "x", OWNER, said))
    assert with_text.found() == []
    await with_text.link()
    assert with_text.found() == []
    reverse_ids(with_text.url)
    assert with_text.found() == []
