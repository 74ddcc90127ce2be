"""`/api/v1/audit`: the record of what happened, and whether it is whole."""

from collections.abc import AsyncIterator
from typing import Annotated

from fastapi import APIRouter, Query
from fastapi.responses import StreamingResponse
from pydantic import BaseModel

from kuber.api.deps import Admin, ContainerDep, CurrentUser, Db
from kuber.api.v1.common import Cursor, Limit
from kuber.api.verification import export_record, verify_record
from kuber.audit import service
from kuber.audit.chain import Damage, Finding
from kuber.audit.service import AuditEntryList
from kuber.audit.types import AuditEventType
from kuber.audit.verify import Part, Verification
from kuber.identity.types import Role
from kuber.infra.children import ChildPool
from kuber.infra.db import set_down

router = APIRouter(prefix="/audit", tags=["audit"])

_LARGEST_PLACE = 2**53 - 1


class AuditFinding(BaseModel):
    """One piece of damage; `chain_position` is null where it has no place in the chain."""

    chain_position: int | None
    damage: Damage
    detail: str

    @classmethod
    def of(cls, found: Finding) -> "AuditFinding":
        return cls(chain_position=found.chain_position, damage=found.damage, detail=found.detail)


class AuditVerdict(BaseModel):
    """What verifying the record, or a part of it, found.

    `total` is the last place there is now, `next` the last one that was checked, null when this was
    the last part. That one alone looks at checkpoints and signatures: `end_unchecked` says why a
    cut at the end would not show, null when it would; `authorship` whether it is known who signed;
    `checkpoints` how many were seen; `key_id` which key signs now, to be compared with the one that
    was noted elsewhere. Of each kind the first hundred findings are told: `complete` says whether
    these are all.
    """

    intact: bool
    complete: bool
    checked: int
    first_bad: AuditFinding | None
    findings: list[AuditFinding]
    end_unchecked: str | None
    authorship: str
    total: int
    next: int | None
    checkpoints: int | None
    key_id: str | None

    @classmethod
    def of(cls, found: Verification) -> "AuditVerdict":
        bad = [AuditFinding.of(one) for one in found.findings]
        return cls(
            intact=found.intact,
            complete=found.complete,
            checked=found.checked,
            first_bad=bad[0] if bad else None,
            findings=bad,
            end_unchecked=found.end_unchecked,
            authorship=found.authorship,
            total=found.total,
            next=found.next,
            checkpoints=found.checkpoints,
            key_id=found.key_id,
        )


@router.get("", operation_id="list_audit_entries")
async def list_audit_entries(
    session: Db,
    user: CurrentUser,
    event_type: Annotated[AuditEventType | None, Query(alias="type")] = None,
    up_to: Annotated[
        int | None, Query(ge=1, le=2**63 - 1, description="A place: entries from it backwards.")
    ] = None,
    cursor: Cursor = None,
    limit: Limit = 50,
) -> AuditEntryList:
    """Return the caller's own entries, everybody's for administrators, newest first."""
    whose = None if user.role is Role.ADMIN else user.user_id
    return await service.page(session, whose, event_type, cursor, limit, up_to)


@router.get("/verify", operation_id="verify_audit")
async def verify_audit(
    container: ContainerDep,
    session: Db,
    user: Admin,
    after: Annotated[int, Query(ge=0, le=_LARGEST_PLACE)] = 0,
    limit: Annotated[int | None, Query(ge=1, le=_LARGEST_PLACE)] = None,
) -> AuditVerdict:
    """Verify the record, in a process of its own: about a second for 100,000 entries.

    At once without a `limit`; with one, the places behind `after`, at most so many. Ask again with
    `after` = `next` until it is null: all parts together find what the whole finds.
    """
    await set_down(session)
    part = Part(after, _LARGEST_PLACE if limit is None else limit) if after or limit else None
    found = await container.audit_pool.run(
        verify_record,
        container.database.url,
        str(container.settings.audit_folder),
        part,
        owner=str(user.user_id),
    )
    return AuditVerdict.of(found)


@router.get(
    "/export",
    operation_id="export_audit",
    response_class=StreamingResponse,
    responses={200: {"content": {"application/x-ndjson": {"schema": {"type": "string"}}}}},
)
async def export_audit(container: ContainerDep, session: Db, user: Admin) -> StreamingResponse:
    """Return the whole record as lines of JSON, and the checkpoints that are kept outside.

    For `docs/examples/verify_audit.py`, which verifies it without Kuber.
    """
    await set_down(session)
    folder = str(container.settings.audit_folder)
    chunks = _exported(container.audit_pool, container.database.url, folder, str(user.user_id))
    first = await anext(chunks, b"")  # what fails at once is a problem, not half a file
    headers = {"Content-Disposition": 'attachment; filename="kuber-record.jsonl"'}
    return StreamingResponse(
        _behind(first, chunks), media_type="application/x-ndjson", headers=headers
    )


async def _exported(pool: ChildPool, url: str, folder: str, owner: str) -> AsyncIterator[bytes]:
    async with pool.stream(export_record, url, folder, owner=owner) as (_, chunks):
        async for chunk in chunks:
            yield chunk


async def _behind(first: bytes, others: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    yield first
    async for chunk in others:
        yield chunk
