"""Compares an account's positions with the lots of the ledger (rules M6, M15; R-EXCH 4)."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from uuid import UUID

from psycopg.types.json import Jsonb

from kuber.audit.types import current_correlation_id
from kuber.exchange.units import from_quantity
from kuber.infra.db import RawConnection
from kuber.infra.outbox import announce_events
from kuber.kernel.ids import new_id
from kuber.kernel.orders import Side
from kuber.ledger.types import Position as Lots
from kuber.ledger.types import PositionKey
from kuber.ledger.units import plain
from kuber.trading.events import AccountReconciled
from kuber.trading.order_service.held import Hosted


@dataclass(frozen=True, slots=True)
class Difference:
    """What two sources say of one thing; quantities are signed."""

    kind: str
    symbol: str
    position_id: UUID
    ours: Decimal
    theirs: Decimal

    @property
    def text(self) -> str:
        """The difference in words."""
        return (
            f"{self.symbol}: the position holds {plain(self.ours)}, the ledger"
            f" {plain(self.theirs)}."
        )


def compare(
    account_id: UUID, hosted: Iterable[Hosted], lots: Mapping[PositionKey, Lots]
) -> list[Difference]:
    """Return where positions and lots of an account differ."""
    ours: dict[PositionKey, Decimal] = {}
    for one in hosted:
        for tracked in one.of_account(account_id):
            position = tracked.position
            sign = 1 if position.plan.side is Side.BUY else -1
            key = PositionKey(one.symbol, UUID(position.id))
            ours[key] = sign * from_quantity(position.held)
    theirs = {key: position.quantity for key, position in lots.items() if position.lots}
    return [
        Difference("position", key.symbol, key.position_id, held, there)
        for key in sorted({*ours, *theirs})
        if (held := ours.get(key, Decimal(0))) != (there := theirs.get(key, Decimal(0)))
    ]


_ACCOUNTS = """
    select distinct account_id from positions where status <> 'closed'
    union select id from accounts where entries_blocked is not null and kind = 'lasting'
"""
_WRITE = """
    with found as (
        select * from jsonb_to_recordset(%(rows)s) as f(
            id uuid, account_id uuid, status text, differences jsonb, blocked text)
    ), blocked as (
        update accounts a set entries_blocked = f.blocked from found f
        where a.id = f.account_id and a.entries_blocked is distinct from f.blocked
    )
    insert into reconciliations (id, account_id, at, status, differences)
    select id, account_id, %(now)s, status, differences from found
"""


async def accounts_to_compare(connection: RawConnection) -> list[UUID]:
    """Return the accounts with positions, and those that are blocked."""
    return [row[0] for row in await (await connection.execute(_ACCOUNTS)).fetchall()]


async def write_reconciled(
    connection: RawConnection, found: Mapping[UUID, list[Difference]], now: datetime
) -> None:
    """Write what was found of each account; a difference blocks its entries, and only that."""
    rows = [
        {
            "id": str(new_id()),
            "account_id": str(account_id),
            "status": "differs" if differences else "clean",
            "differences": {
                "items": [
                    {
                        "kind": one.kind,
                        "symbol": one.symbol,
                        "ours": plain(one.ours),
                        "theirs": plain(one.theirs),
                        "text": one.text,
                    }
                    for one in differences
                ]
            },
            "blocked": differences[0].text[:500] if differences else None,
        }
        for account_id, differences in found.items()
    ]
    if not rows:
        return
    await connection.execute(_WRITE.encode(), {"rows": Jsonb(rows), "now": now})
    events = [_event(id_, differences, now) for id_, differences in found.items() if differences]
    if events:
        await announce_events(connection, events)


def _event(account_id: UUID, differences: list[Difference], now: datetime) -> AccountReconciled:
    return AccountReconciled(
        occurred_at=now,
        correlation_id=current_correlation_id(),
        account_id=account_id,
        pipeline_id=None,
        position_id=None,
        symbol=None,
        pnl=None,
        differences=tuple(one.text for one in differences),
        at=now,
    )
