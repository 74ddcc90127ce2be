"""`/api/v1/scanners`: reusable lists of tickers."""

from collections.abc import Iterable, Sequence
from hashlib import sha256
from uuid import UUID

from fastapi import APIRouter, BackgroundTasks, Depends
from sqlalchemy.ext.asyncio import AsyncSession

from kuber.api.deps import Caller, ContainerDep, CurrentUser, Db
from kuber.api.idempotency import IDEMPOTENT, IdempotentRoute
from kuber.api.on_record import record
from kuber.api.v1.common import Cursor, Limit
from kuber.audit.types import AuditEventType
from kuber.kernel.errors import Problem
from kuber.kernel.ids import UserId
from kuber.market.scanners.errors import ScannerInUse
from kuber.market.scanners.schemas import (
    FilterBody,
    ScannerBody,
    ScannerFieldList,
    ScannerList,
    ScannerOut,
    ScannerUse,
    ScreenPreview,
)
from kuber.market.scanners.types import ScannerId, ScannerKind
from kuber.pipelines.subscriptions import using_scanner


async def _prepared(body: ScannerBody, container: ContainerDep, user: Caller) -> None:
    await container.scanners.prepare(user.user_id, body)


PREPARED = Depends(_prepared)
"""Has read what a filter looks at before the transaction of the request begins."""

router = APIRouter(prefix="/scanners", tags=["scanners"], route_class=IdempotentRoute)


@router.get("", operation_id="list_scanners")
async def list_scanners(
    container: ContainerDep,
    session: Db,
    user: CurrentUser,
    cursor: Cursor = None,
    limit: Limit = 50,
) -> ScannerList:
    """Return the caller's scanners by name, each with the pipelines that use it."""
    page = await container.scanners.page(session, user.user_id, cursor, limit)
    await _add_uses(session, user.user_id, page.items)
    return page


@router.post(
    "", status_code=201, operation_id="create_scanner", dependencies=[PREPARED, IDEMPOTENT]
)
async def create_scanner(
    body: ScannerBody,
    container: ContainerDep,
    session: Db,
    user: CurrentUser,
    background: BackgroundTasks,
) -> ScannerOut:
    """Create a scanner. The list of an API scanner is fetched right after the answer."""
    made = await container.scanners.create(session, user.user_id, body)
    said = _on_record(made)
    await record(container, session, AuditEventType.SCANNER_CREATED, user.user_id, said)
    if made.kind is ScannerKind.API:
        background.add_task(
            container.scanner_refresher.refresh_soon, user.user_id, ScannerId(made.id)
        )
    return made


@router.get("/fields", operation_id="list_scanner_fields")
async def list_scanner_fields(_user: CurrentUser) -> ScannerFieldList:
    """Return what the rules of a filter may look at, with units and comparisons."""
    return ScannerFieldList.everything()


@router.post("/preview", operation_id="preview_scanner")
async def preview_scanner(body: FilterBody, container: ContainerDep, user: Caller) -> ScreenPreview:
    """Return what a filter finds now, without saving it."""
    return await container.scanners.preview(user.user_id, body.filter)


@router.get("/{scanner_id}", operation_id="get_scanner")
async def get_scanner(
    scanner_id: UUID, container: ContainerDep, session: Db, user: CurrentUser
) -> ScannerOut:
    """Return one scanner with the pipelines that use it."""
    found = await container.scanners.get(session, user.user_id, ScannerId(scanner_id))
    return await _with_uses(session, user.user_id, found)


@router.put("/{scanner_id}", operation_id="update_scanner", dependencies=[PREPARED])
async def update_scanner(
    scanner_id: UUID,
    body: ScannerBody,
    container: ContainerDep,
    session: Db,
    user: CurrentUser,
    background: BackgroundTasks,
) -> ScannerOut:
    """Replace a scanner; pipelines that use it follow its new tickers within a second."""
    before = await container.scanners.get(session, user.user_id, ScannerId(scanner_id), lock=True)
    before = before.model_copy(deep=True)
    saved = await container.scanners.replace(session, user.user_id, ScannerId(scanner_id), body)
    changed = [name for name in _DECIDING if getattr(saved, name) != getattr(before, name)]
    if saved.kind is not ScannerKind.MANUAL:  # its tickers are looked up, not given
        changed = [name for name in changed if name != "tickers"]
    if changed:
        said = {**_on_record(saved), "changed": changed}
        await record(container, session, AuditEventType.SCANNER_CHANGED, user.user_id, said)
    if saved.kind is ScannerKind.API:
        background.add_task(
            container.scanner_refresher.refresh_soon, user.user_id, ScannerId(saved.id)
        )
    return await _with_uses(session, user.user_id, saved)


@router.delete("/{scanner_id}", status_code=204, operation_id="delete_scanner")
async def delete_scanner(
    scanner_id: UUID, container: ContainerDep, session: Db, user: CurrentUser
) -> None:
    """Delete a scanner; 409 while an active pipeline is published with it."""
    found = await container.scanners.get(session, user.user_id, ScannerId(scanner_id))
    used = await _with_uses(session, user.user_id, found)
    _require_unused(used.used_by)
    await container.scanners.delete(session, user.user_id, ScannerId(scanner_id))
    said = {"scanner_id": scanner_id}
    await record(container, session, AuditEventType.SCANNER_DELETED, user.user_id, said)


@router.post("/{scanner_id}/refresh", operation_id="refresh_scanner")
async def refresh_scanner(scanner_id: UUID, container: ContainerDep, user: Caller) -> ScannerOut:
    """Look the tickers up now; a failure is told in `refresh_error`, and the old ones stay.

    One at a time and 10 a minute for each user, else 429 with Retry-After.
    """
    fresh = await container.scanner_refresher.refresh(user.user_id, ScannerId(scanner_id))
    async with container.database.transaction() as session:
        return await _with_uses(session, user.user_id, fresh)


_DECIDING = ("kind", "tickers", "filter", "url", "refresh_minutes")
"""What decides which tickers a scanner has."""


def _on_record(scanner: ScannerOut) -> dict[str, object]:
    """Return what the record says of a scanner: by what it starts pipelines. No name, and of an
    address, which may hold a secret, the hash."""
    said: dict[str, object] = {"scanner_id": scanner.id, "kind": scanner.kind.value}
    if scanner.kind is ScannerKind.MANUAL:
        return said | {"tickers": scanner.tickers}
    said["refresh_minutes"] = scanner.refresh_minutes
    if scanner.filter is not None:
        return said | {"filter": scanner.filter.model_dump(mode="json")}
    return said | {"url_sha256": sha256((scanner.url or "").encode()).hexdigest()}


async def _with_uses(session: AsyncSession, user_id: UserId, scanner: ScannerOut) -> ScannerOut:
    await _add_uses(session, user_id, [scanner])
    return scanner


async def _add_uses(session: AsyncSession, user_id: UserId, scanners: Sequence[ScannerOut]) -> None:
    uses = await using_scanner(session, user_id, [scanner.id for scanner in scanners])
    for scanner in scanners:
        scanner.used_by = [
            ScannerUse(
                pipeline_id=use.pipeline_id,
                name=use.name,
                status=use.status.value,
                published=use.published,
            )
            for use in uses.get(scanner.id, [])
        ]


def _require_unused(uses: Sequence[ScannerUse]) -> None:
    """Raise ScannerInUse naming every active pipeline of `uses` that is published with it."""
    started = [use for use in uses if use.status == "active" and use.published]
    drafts = [use.name for use in uses if use.status == "active" and not use.published]
    if not started:
        return
    detail = f"Active pipelines start by it: {_names(use.name for use in started)}."
    if drafts:
        detail += f" Drafts that name it: {_names(drafts)}."
    raise ScannerInUse(
        detail,
        [
            Problem(
                f"{use.name} is active.",
                "Deactivate it, or publish it with another scanner in its settings.",
                field="used_by",
                code=ScannerInUse.code,
            )
            for use in started
        ],
    )


def _names(names: Iterable[str]) -> str:
    return ", ".join(names)
