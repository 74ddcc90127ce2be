"""Reads what the topics of accounts tell, from the packages that keep it."""

from collections.abc import Collection
from uuid import UUID

from kuber.infra.db import Database
from kuber.kernel.clock import Clock
from kuber.kernel.ids import UserId
from kuber.pipelines.service import PipelineService
from kuber.realtime.account_push import AccountItems
from kuber.runs.statement import orders_by_id
from kuber.trading.accounts.service import AccountService
from kuber.trading.positions.reading import positions_by_id


class AccountNewsReader:
    """One transaction for each reading."""

    def __init__(
        self,
        database: Database,
        accounts: AccountService,
        pipelines: PipelineService,
        clock: Clock,
    ) -> None:
        self._database = database
        self._accounts = accounts
        self._pipelines = pipelines
        self._clock = clock

    async def owns(self, user_id: UserId, account_id: UUID) -> bool:
        """Return whether it is a lasting account of the user."""
        async with self._database.transaction() as session:
            return await self._accounts.find(session, user_id, account_id) is not None

    async def read(
        self,
        user_id: UserId,
        account_id: UUID,
        orders: Collection[UUID],
        positions: Collection[UUID],
        *,
        account: bool,
    ) -> AccountItems:
        """Return these orders and positions of the account, and the account itself if asked for."""
        now = self._clock.now()
        async with self._database.transaction() as session:
            return AccountItems(
                await orders_by_id(session, self._pipelines, user_id, orders, now),
                await positions_by_id(session, user_id, positions, now),
                await self._accounts.find(session, user_id, account_id) if account else None,
            )
