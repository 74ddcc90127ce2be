"""Requests that may be sent twice: the same Idempotency-Key gets the same answer.

A router whose routes create or start something is made with `route_class=IdempotentRoute`, and
each such route has `dependencies=[IDEMPOTENT]`:

    router = APIRouter(prefix="/pipelines", route_class=IdempotentRoute)

    @router.post("", status_code=201, dependencies=[IDEMPOTENT])
    async def create_pipeline(body: PipelineCreate, db: Db, user: CurrentUser) -> PipelineOut: ...

The key is a row inserted in the transaction of `Db`, before the route runs; the answer is written
to it before that transaction ends, so key, effect and answer exist together or not at all. The
unique key makes requests with the same key wait for one another. The effect must happen in `Db`
alone; what takes long is done before it, by a dependency that stands before IDEMPOTENT (`Outcome`).
A failed request leaves nothing behind: sent again, it runs again.
"""

import asyncio
import hashlib
import hmac
import json
from collections.abc import Callable, Coroutine, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from typing import Annotated, Any
from uuid import UUID

from fastapi import Depends, Header, Request, Response
from fastapi.params import Form
from fastapi.routing import APIRoute
from sqlalchemy import delete, select, tuple_, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession
from starlette.datastructures import UploadFile

from kuber.api.container import Container
from kuber.api.deps import ContainerDep, CurrentUser, Db
from kuber.api.models import AnswerBytesRow, IdempotencyKeyRow
from kuber.identity.storage import require_storage
from kuber.infra.db import ONE_TRANSACTION
from kuber.infra.sealing import SealedBox
from kuber.kernel.errors import ErrorKind, KuberError, Problem
from kuber.kernel.ids import UserId, new_id

RETENTION = timedelta(hours=24)
"""How long an answer is kept; later the key is as good as new."""

REPLAYED_HEADER = "Idempotent-Replayed"
_PURGE_AT_ONCE = 100
_HASHED_AT_ONCE = 100_000
_ROW_BYTES = 500
"""What a key takes up without its answer, about."""
_SEALED = b"\x01"
"""Begins an encrypted answer: some show a secret once. No answer of ours begins so by itself."""
_FORMS = ("multipart/form-data", "application/x-www-form-urlencoded")

KeyHeader = Annotated[
    str | None,
    Header(
        alias="Idempotency-Key",
        min_length=1,
        max_length=200,
        description="Any unique text. Sent again within 24 hours with the same request, it gives "
        "the first answer again instead of doing the work twice.",
    ),
]


class IdempotencyKeyReused(KuberError):
    """The key was used for a different request."""

    kind = ErrorKind.CONFLICT
    code = "idempotency_key_reused"
    title = "The Idempotency-Key belongs to another request"


class _Replay(Exception):
    """Ends a request whose answer is known already."""

    def __init__(self, answer: Response) -> None:
        super().__init__()
        self.answer = answer


@dataclass(frozen=True, slots=True)
class _Claim:
    """The row of this request's key, inserted in the open transaction of `session`."""

    session: AsyncSession
    row_id: UUID
    user_id: UserId | None
    now: datetime
    box: SealedBox

    async def keep(self, answer: Response) -> None:
        """Write the answer next to the key; raises QuotaReached when the user stores too much."""
        sealed = _SEALED + self.box.seal(bytes(answer.body), self.row_id.bytes)
        await self.session.execute(
            update(IdempotencyKeyRow)
            .where(IdempotencyKeyRow.id == self.row_id)
            .values(
                status=answer.status_code,
                headers={k: v for k, v in answer.headers.items() if k != "content-length"},
                answer=sealed,
            )
        )
        if self.user_id is not None:
            await self._count(self.user_id, len(sealed) + _ROW_BYTES)

    async def _count(self, user_id: UserId, size: int) -> None:
        """Add to what the user stores: last of all, for others of theirs wait until the commit."""
        await require_storage(self.session, user_id)
        hour = self.now.replace(minute=0, second=0, microsecond=0)
        counted = insert(AnswerBytesRow).values(user_id=user_id, hour=hour, bytes=size)
        await self.session.execute(
            counted.on_conflict_do_update(
                index_elements=["user_id", "hour"],
                set_={"bytes": AnswerBytesRow.bytes + counted.excluded.bytes},
            )
        )


class IdempotentRoute(APIRoute):
    """A route that keeps its answer when IDEMPOTENT has claimed a key for the request.

    FastAPI ends the transaction of `Db` after this handler returns, so the answer is kept in it.
    """

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        handle = super().get_route_handler()

        async def handle_once(request: Request) -> Response:
            request.state.claims = claims = list[_Claim]()
            try:
                answer = await handle(request)
            except _Replay as replay:
                return replay.answer
            for claim in claims:
                await claim.keep(answer)
            return answer

        return handle_once


async def _claim_for_user(
    request: Request,
    container: ContainerDep,
    session: Db,
    user: CurrentUser,
    key: KeyHeader = None,
) -> None:
    if key is not None:
        await _claim(request, container, session, user.user_id, key)


async def _claim_for_anyone(
    request: Request, container: ContainerDep, session: Db, key: KeyHeader = None
) -> None:
    if key is not None:
        secret = container.settings.jwt_secret.get_secret_value()
        await _claim(request, container, session, None, await _key_of_address(request, secret, key))


async def _key_of_address(request: Request, secret: str, key: str) -> str:
    """Return the key as it is kept for somebody without an account: among those of the e-mail
    address that the body names, so that nobody meets the keys of others."""
    try:
        body = json.loads(await request.body())
    except (ValueError, RecursionError):  # the route refuses it, and the key stays free
        body = None
    address = body.get("email") if isinstance(body, dict) else None
    named = address.strip().lower() if isinstance(address, str) else ""
    parts = [f"{len(named.encode(errors='replace'))}\0".encode()]
    parts += [named.encode(errors="replace"), key.encode()]
    return f"anyone:{(await _keyed_hash(secret, parts)).hex()}"


IDEMPOTENT = Depends(_claim_for_user)
"""Claims the Idempotency-Key of a signed-in person's request."""

IDEMPOTENT_FOR_ANYONE = Depends(_claim_for_anyone)
"""Claims the Idempotency-Key of a request that needs no log-in, and names an e-mail address."""


async def _claim(
    request: Request, container: Container, session: AsyncSession, user_id: UserId | None, key: str
) -> None:
    """Insert the key, waiting for a request that is inserting it now; or end with its answer."""
    now = container.clock.now()
    secret = container.settings.jwt_secret.get_secret_value()
    fingerprint, box = await _fingerprint(request, secret), _answer_box(secret)
    await _purge(session, before=now - RETENTION)
    row_id = new_id()
    inserted = await session.execute(
        insert(IdempotencyKeyRow)
        .values(id=row_id, user_id=user_id, key=key, fingerprint=fingerprint, created_at=now)
        .on_conflict_do_nothing(index_elements=["user_id", "key"])
        .returning(IdempotencyKeyRow.id)
    )
    if inserted.first() is not None:
        session.info[ONE_TRANSACTION] = True
        request.state.claims.append(_Claim(session, row_id, user_id, now, box))
        return
    found = await _row_of(session, user_id, key)
    if not hmac.compare_digest(found.fingerprint, fingerprint):
        raise IdempotencyKeyReused(
            "This Idempotency-Key was sent with a different request before.",
            [
                Problem(
                    "The key is in use.", "Make a new key for each action.", field="Idempotency-Key"
                )
            ],
        )
    raise _Replay(_answer_of(found, box))


async def _row_of(session: AsyncSession, user_id: UUID | None, key: str) -> IdempotencyKeyRow:
    owner = IdempotencyKeyRow.user_id
    statement = select(IdempotencyKeyRow).where(
        owner.is_(None) if user_id is None else owner == user_id, IdempotencyKeyRow.key == key
    )
    return (await session.scalars(statement)).one()


@cache
def _answer_box(secret: str) -> SealedBox:
    return SealedBox(secret, "answers to repeated requests")


def _answer_of(row: IdempotencyKeyRow, box: SealedBox) -> Response:
    assert row.status is not None, "a key is committed together with its answer"
    answer = row.answer or b""
    if answer.startswith(_SEALED):
        answer = box.open(answer.removeprefix(_SEALED), row.id.bytes)
    return Response(answer, row.status, {**(row.headers or {}), REPLAYED_HEADER: "true"})


async def _purge(session: AsyncSession, before: datetime) -> None:
    """Forget some keys that are too old; a row that somebody else is forgetting is left to them."""
    old = (
        select(IdempotencyKeyRow.id)
        .where(IdempotencyKeyRow.created_at < before)
        .order_by(IdempotencyKeyRow.created_at)
        .limit(_PURGE_AT_ONCE)
        .with_for_update(skip_locked=True)
    )
    await session.execute(delete(IdempotencyKeyRow).where(IdempotencyKeyRow.id.in_(old)))
    ended = (
        select(AnswerBytesRow.user_id, AnswerBytesRow.hour)
        .where(AnswerBytesRow.hour < before - timedelta(hours=2))
        .limit(_PURGE_AT_ONCE)
        .with_for_update(skip_locked=True)
    )
    await session.execute(
        delete(AnswerBytesRow).where(tuple_(AnswerBytesRow.user_id, AnswerBytesRow.hour).in_(ended))
    )


async def _fingerprint(request: Request, secret: str) -> bytes:
    """Return a keyed hash of what is asked: a body may hold a password, so not a plain one."""
    parts = [f"{request.method} {request.url.path}?{request.url.query}\0".encode()]
    if not _brings_form(request):
        parts.append(await request.body())
        return await _keyed_hash(secret, parts)
    # A form is compared by its parts: the boundary between them differs with every sending.
    for name, value in (await request.form()).multi_items():
        content = await _digest(value) if isinstance(value, UploadFile) else value.encode()
        parts += [f"{name}\0{len(content)}\0".encode(), content]
    return await _keyed_hash(secret, parts)


def _brings_form(request: Request) -> bool:
    """Say whether the route reads the body as a form: others must not pay for parsing one."""
    body = request.scope["route"].body_field
    if body is None or not isinstance(body.field_info, Form):
        return False
    return request.headers.get("content-type", "").partition(";")[0].strip().lower() in _FORMS


async def _keyed_hash(secret: str, parts: Sequence[bytes]) -> bytes:
    """Return the hash of all parts together; many bytes are hashed by a thread."""

    def compute() -> bytes:
        digest = hmac.new(secret.encode(), digestmod=hashlib.sha256)
        for part in parts:
            digest.update(part)
        return digest.digest()

    if sum(map(len, parts)) <= _HASHED_AT_ONCE:
        return compute()
    return await asyncio.to_thread(compute)


async def _digest(upload: UploadFile) -> bytes:
    """Return the hash of a file, which is read part by part: it may be large."""

    def compute() -> bytes:
        upload.file.seek(0)
        digest = hashlib.file_digest(upload.file, "sha256").digest()  # type: ignore[arg-type]
        upload.file.seek(0)
        return digest

    return await asyncio.to_thread(compute)
