"""Accounts whose orders and positions a test makes up."""

from collections.abc import Collection
from datetime import UTC, datetime
from decimal import Decimal
from uuid import UUID, uuid4

from kuber.brokers.port import OrderStatus, Side
from kuber.kernel.ids import UserId
from kuber.kernel.orders import OrderType, TimeInForce
from kuber.pipelines.types import Mode
from kuber.realtime.account_push import AccountItems
from kuber.runs.order_schemas import OrderOut
from kuber.trading.account_types import AccountStatus
from kuber.trading.accounts.schemas import AccountOut
from kuber.trading.order_types import OrderEffect, SettlementStatus
from kuber.trading.origins import OriginKind
from kuber.trading.positions.schemas import PositionOut, PositionStatus

AT = datetime(2026, 1, 5, 15, tzinfo=UTC)


class FakeAccounts:
    """The accounts of one user; `fails` is how often reading fails first."""

    def __init__(self, user_id: UserId | None = None) -> None:
        self._user_id = user_id
        self.account_ids: set[UUID] = set()
        self.orders: dict[UUID, OrderOut] = {}
        self.positions: dict[UUID, PositionOut] = {}
        self.cash = Decimal(100_000)
        self.reads = 0
        self.fails = 0

    async def owns(self, user_id: UserId, account_id: UUID) -> bool:
        return user_id == self._user_id and account_id in self.account_ids

    async def read(
        self,
        user_id: UserId,
        account_id: UUID,
        orders: Collection[UUID],
        positions: Collection[UUID],
        *,
        account: bool,
    ) -> AccountItems:
        assert user_id == self._user_id
        self.reads += 1
        if self.fails:
            self.fails -= 1
            raise OSError("the database is away")
        return AccountItems(
            {one: self.orders[one] for one in orders if one in self.orders},
            {one: self.positions[one] for one in positions if one in self.positions},
            account_out(account_id, self.cash) if account else None,
        )

    def open_account(self) -> UUID:
        account_id = uuid4()
        self.account_ids.add(account_id)
        return account_id


def order_out(account_id: UUID, filled: str = "0") -> OrderOut:
    return OrderOut(
        origin=OriginKind.PERSON,
        position_id=None,
        effect=OrderEffect.OPEN,
        leg="entry",
        attempt=1,
        order_group=None,
        replaces=None,
        type=OrderType.MARKET,
        time_in_force=TimeInForce.DAY,
        extended_hours=False,
        limit_price=None,
        stop_price=None,
        trail_amount=None,
        trail_percent=None,
        stop_loss=Decimal("148.00"),
        targets=[],
        waits_for=None,
        waits=None,
        settlement_status=SettlementStatus.PENDING,
        remaining=None,
        client_order_id=None,
        expires_at=None,
        id=uuid4(),
        account_id=account_id,
        execution_id=None,
        pipeline_id=None,
        pipeline_name=None,
        pipeline_deleted=False,
        mode=Mode.SIMULATION,
        symbol="AAPL",
        side=Side.BUY,
        quantity=Decimal(10),
        reference_price=Decimal("150.50"),
        status=OrderStatus.WORKING,
        reason="",
        estimated=False,
        filled_quantity=Decimal(filled),
        average_fill_price=None,
        commission=Decimal(0),
        as_of=None,
        created_at=AT,
        answered_at=None,
        fills=[],
    )


def position_out(account_id: UUID, status: PositionStatus = "open") -> PositionOut:
    return PositionOut(
        id=uuid4(),
        account_id=account_id,
        account_name="Simulation",
        currency="USD",
        mode="simulation",
        symbol="AAPL",
        pipeline_id=None,
        pipeline_name=None,
        pipeline_deleted=False,
        execution_id=None,
        entry_order_id=uuid4(),
        side=Side.BUY,
        quantity=Decimal(10),
        entered_quantity=Decimal(10),
        average_price=Decimal("150.50"),
        last_price=None,
        quoted_at=None,
        stale=True,
        unrealised_pnl=None,
        attention=None,
        realised_pnl=Decimal(0),
        fees=Decimal(0),
        r=None,
        risk=Decimal(25),
        stop=Decimal("148.00"),
        targets=[],
        protected_by="venue",
        unprotected=Decimal(0),
        unprotected_since=None,
        unprotected_seconds=Decimal(0),
        status=status,
        waits=[],
        created_at=AT,
        opened_at=AT,
        closed_at=None,
        exit_reason=None,
        actions=[],
    )


def account_out(account_id: UUID, cash: Decimal) -> AccountOut:
    return AccountOut(
        id=account_id,
        name="Simulation",
        mode="simulation",
        broker="simulation",
        currency="USD",
        cash=cash,
        reserved=Decimal(0),
        debt=Decimal(0),
        equity=cash,
        equity_at_cost=cash,
        unrealised_pnl=Decimal(0),
        valued_at=None,
        stale=False,
        open_risk=Decimal(0),
        pnl_today=Decimal(0),
        open_positions=0,
        entries_blocked=None,
        buying_power=cash,
        status=AccountStatus.OPEN,
        replaced_by=None,
        simulation=None,
        created_at=AT,
    )
