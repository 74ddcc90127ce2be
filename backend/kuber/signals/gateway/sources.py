"""Webhook sources: make, show, change, rotate, delete; and what they delivered lately."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

from sqlalchemy import delete, func, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import aliased

from kuber.identity.limits import one_at_a_time
from kuber.kernel.clock import Clock
from kuber.kernel.cursors import bad_cursor, decode_cursor, encode_cursor
from kuber.kernel.ids import UserId, new_id
from kuber.signals.gateway.errors import (
    BadSource,
    SourceNotFound,
    TooManySources,
    one_problem,
)
from kuber.signals.gateway.keys import SecretKeeper, hint_of, new_secret
from kuber.signals.gateway.schemas import (
    DeliveryList,
    DeliveryOut,
    RotateBody,
    WebhookSourceCreate,
    WebhookSourceList,
    WebhookSourceOut,
    WebhookSourceUpdate,
    WebhookSourceWithSecret,
)
from kuber.signals.gateway.types import TRADINGVIEW_NETWORKS, SourceId, SourceKind
from kuber.signals.models import WebhookDeliveryRow, WebhookSourceRow

MAX_SOURCES = 100
SECRET_IN_URL = "{secret}"  # noqa: S105  a placeholder


@dataclass(frozen=True, slots=True)
class Addresses:
    """Where deliveries are sent; `base` is the address of this installation, without a slash."""

    base: str

    def of(self, row: WebhookSourceRow, secret: str = SECRET_IN_URL) -> str:
        """Return the address of a source; `secret` stands in it where the kind wants it."""
        url = f"{self.base}/api/v1/webhooks/{row.id}"
        return f"{url}/{secret}" if row.kind == SourceKind.TRADINGVIEW else url


class WebhookSources:
    """One person's sources. Every method works in the caller's transaction."""

    def __init__(self, keeper: SecretKeeper, clock: Clock) -> None:
        self._keeper = keeper
        self._clock = clock

    async def page(
        self, session: AsyncSession, user_id: UserId, at: Addresses
    ) -> WebhookSourceList:
        """Return all sources of a person, newest first, each with its last delivery."""
        statement = (
            select(WebhookSourceRow)
            .where(WebhookSourceRow.user_id == user_id)
            .order_by(WebhookSourceRow.id.desc())
        )
        rows = (await session.scalars(statement)).all()
        last = await _last_deliveries(session, [row.id for row in rows])
        return WebhookSourceList(items=[_shown(row, at, last.get(row.id)) for row in rows])

    async def get(
        self, session: AsyncSession, user_id: UserId, source_id: SourceId, at: Addresses
    ) -> WebhookSourceOut:
        """Return one source; raises SourceNotFound."""
        row = await _row(session, user_id, source_id)
        last = await _last_deliveries(session, [row.id])
        return _shown(row, at, last.get(row.id))

    async def require(self, session: AsyncSession, user_id: UserId, source_id: SourceId) -> None:
        """Raise SourceNotFound unless the source is the person's own."""
        await _row(session, user_id, source_id)

    async def create(
        self, session: AsyncSession, user_id: UserId, body: WebhookSourceCreate, at: Addresses
    ) -> WebhookSourceWithSecret:
        """Make a source with a new secret. Raises TooManySources, BadSource."""
        await one_at_a_time(session, user_id, "webhook sources")
        owned = select(func.count()).where(WebhookSourceRow.user_id == user_id)
        if (await session.scalar(owned) or 0) >= MAX_SOURCES:
            raise TooManySources(
                f"There may be {MAX_SOURCES} webhook sources.",
                one_problem("The limit is reached.", "Delete a source that you no longer need."),
            )
        networks = body.allowed_networks
        if networks is None:
            networks = list(TRADINGVIEW_NETWORKS) if body.kind is SourceKind.TRADINGVIEW else []
        _check_networks(body.kind, networks)
        now, source_id, secret = self._clock.now(), new_id(), new_secret(body.kind)
        row = WebhookSourceRow(
            id=source_id,
            user_id=user_id,
            name=body.name,
            kind=body.kind.value,
            secrets=[self._keeper.seal(source_id, secret)],
            secret_hint=hint_of(secret),
            previous_until=None,
            allowed_networks=networks,
            rate_per_minute=body.rate_per_minute,
            enabled=True,
            created_at=now,
            updated_at=now,
        )
        session.add(row)
        await session.flush()
        return _with_secret(row, at, secret)

    async def update(
        self,
        session: AsyncSession,
        user_id: UserId,
        source_id: SourceId,
        body: WebhookSourceUpdate,
        at: Addresses,
    ) -> WebhookSourceOut:
        """Change what `body` names. Raises SourceNotFound, BadSource."""
        row = await _row(session, user_id, source_id)
        changes = {name: value for name, value in body if value is not None}
        if body.allowed_networks is not None:
            _check_networks(SourceKind(row.kind), body.allowed_networks)
        for name, value in changes.items():
            setattr(row, name, value)
        row.updated_at = self._clock.now()
        await session.flush()
        last = await _last_deliveries(session, [row.id])
        return _shown(row, at, last.get(row.id))

    async def delete(self, session: AsyncSession, user_id: UserId, source_id: SourceId) -> None:
        """Delete a source with its deliveries; its signals stay. Raises SourceNotFound."""
        row = await _row(session, user_id, source_id)
        await session.execute(delete(WebhookSourceRow).where(WebhookSourceRow.id == row.id))

    async def rotate(
        self,
        session: AsyncSession,
        user_id: UserId,
        source_id: SourceId,
        body: RotateBody,
        at: Addresses,
    ) -> WebhookSourceWithSecret:
        """Replace the secret; the one before stays valid for `overlap_hours`, older ones end.

        Raises SourceNotFound.
        """
        row = await _row(session, user_id, source_id, lock=True)
        now, secret = self._clock.now(), new_secret(SourceKind(row.kind))
        overlaps = body.overlap_hours > 0
        row.secrets = [self._keeper.seal(row.id, secret), *(row.secrets[:1] if overlaps else [])]
        row.previous_until = now + timedelta(hours=body.overlap_hours) if overlaps else None
        row.secret_hint = hint_of(secret)
        row.updated_at = now
        await session.flush()
        return _with_secret(row, at, secret)

    async def deliveries(
        self,
        session: AsyncSession,
        user_id: UserId,
        source_id: SourceId,
        cursor: str | None,
        limit: int,
    ) -> DeliveryList:
        """Return what came of the source's deliveries, newest first. Raises SourceNotFound."""
        row = await _row(session, user_id, source_id)
        statement = (
            select(WebhookDeliveryRow)
            .where(WebhookDeliveryRow.source_id == row.id)
            .order_by(WebhookDeliveryRow.id.desc())
            .limit(limit + 1)
        )
        if cursor is not None:
            statement = statement.where(WebhookDeliveryRow.id < _delivery_id(cursor))
        rows = (await session.scalars(statement)).all()
        following = encode_cursor(str(rows[limit - 1].id)) if len(rows) > limit else None
        return DeliveryList(items=[_delivery(one) for one in rows[:limit]], next_cursor=following)


async def _row(
    session: AsyncSession, user_id: UserId, source_id: SourceId, *, lock: bool = False
) -> WebhookSourceRow:
    statement = select(WebhookSourceRow).where(
        WebhookSourceRow.id == source_id, WebhookSourceRow.user_id == user_id
    )
    row = await session.scalar(statement.with_for_update() if lock else statement)
    if row is None:
        raise SourceNotFound("There is no such webhook source.")
    return row


async def _last_deliveries(
    session: AsyncSession, source_ids: list[UUID]
) -> Mapping[UUID, WebhookDeliveryRow]:
    newest = (
        select(WebhookDeliveryRow)
        .where(WebhookDeliveryRow.source_id == WebhookSourceRow.id)
        .order_by(WebhookDeliveryRow.id.desc())
        .limit(1)
        .lateral()
    )
    last = aliased(WebhookDeliveryRow, newest)
    statement = (
        select(last).select_from(WebhookSourceRow).join(newest, WebhookSourceRow.id.in_(source_ids))
    )
    return {row.source_id: row for row in await session.scalars(statement)}


def _check_networks(kind: SourceKind, networks: list[str]) -> None:
    if kind is SourceKind.TRADINGVIEW and not networks:
        raise BadSource(
            "Without a signature, a source needs networks that it trusts.",
            one_problem(
                "The list of networks is empty.",
                "Leave it out for TradingView's own, or name networks; 0.0.0.0/0 is any.",
                "allowed_networks",
            ),
        )


def _delivery_id(cursor: str) -> UUID:
    (text,) = decode_cursor(cursor, 1)
    try:
        return UUID(text)
    except ValueError:
        raise bad_cursor() from None


def _delivery(row: WebhookDeliveryRow) -> DeliveryOut:
    return DeliveryOut.model_validate(row, from_attributes=True)


def _shown(
    row: WebhookSourceRow, at: Addresses, last: WebhookDeliveryRow | None
) -> WebhookSourceOut:
    return WebhookSourceOut(
        id=row.id,
        name=row.name,
        kind=SourceKind(row.kind),
        url=at.of(row),
        secret_hint=row.secret_hint,
        previous_until=row.previous_until,
        allowed_networks=row.allowed_networks,
        rate_per_minute=row.rate_per_minute,
        enabled=row.enabled,
        created_at=row.created_at,
        updated_at=row.updated_at,
        last_delivery=None if last is None else _delivery(last),
    )


def _with_secret(row: WebhookSourceRow, at: Addresses, secret: str) -> WebhookSourceWithSecret:
    shown = _shown(row, at, None).model_dump()
    return WebhookSourceWithSecret(**{**shown, "url": at.of(row, secret)}, secret=secret)
