"""Accounts whose orders and positions a test makes up."""

from collections.abc import Collection
from datetime import UTC, datetime
from decimal import Decimal
from uuid import UUID, uuid4

from kuber.brokers.port import OrderStatus, Side
from kuber.kernel.ids import UserId
from kuber.pipelines.types import Mode
from kuber.realtime.account_push import AccountItems
from kuber.runs.schemas import OrderOut
from kuber.trading.account_types import AccountStatus
from kuber.trading.accounts.schemas import AccountOut
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
        mode="simulation",
        symbol="AAPL",
        pipeline_id=None,
        execution_id=None,
        side="buy",
        quantity=Decimal(10),
        average_price=Decimal("150.50"),
        last_price=None,
        unrealised_pnl=None,
        realised_pnl=Decimal(0),
        stop=Decimal("148.00"),
        targets=[],
        protected_by="venue",
        status=status,
        opened_at=AT,
        closed_at=None,
        exit_reason=None,
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
        buying_power=cash,
        status=AccountStatus.OPEN,
        replaced_by=None,
        simulation=None,
        created_at=AT,
    )
