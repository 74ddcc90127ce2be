"""Tells open connections what happens in accounts, as the order service tells it over PostgreSQL.

A payload has one line for each event, `<account> <event> <order or position> ...`, with ids of what
it happened to. Each is read once for all connections, as it stands by then: of several changes the
last is told.
"""

import asyncio
from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Protocol, get_args
from uuid import UUID

import structlog

from kuber.infra.tasks import end_tasks
from kuber.kernel.clock import Clock
from kuber.kernel.ids import UserId
from kuber.realtime.messages import (
    AccountChangedMessage,
    AccountNews,
    LookAgainMessage,
    OrderUpdatedMessage,
    PositionEvent,
    PositionMessage,
)
from kuber.realtime.push import Push
from kuber.realtime.topics import AccountTopic
from kuber.runs.order_schemas import OrderOut
from kuber.trading.accounts.schemas import AccountOut
from kuber.trading.positions.schemas import PositionOut

log = structlog.get_logger(__name__)

ACCOUNTS_CHANNEL = "kuber_account"
"""PostgreSQL notifies here with the transaction in which it happened."""

_ORDER_UPDATED = "order_updated"
_ACCOUNT_CHANGED = "account_changed"
_POSITION_EVENTS: tuple[PositionEvent, ...] = get_args(PositionEvent)
_EVENTS = {_ORDER_UPDATED, _ACCOUNT_CHANGED, *_POSITION_EVENTS}
"""Whatever else is told says that everything has to be read, as `look_again` does."""

_AT_ONCE = 4
_MOST_DUE = 500
"""More than this of one account is told as `look_again`."""


@dataclass(frozen=True, slots=True)
class AccountItems:
    """Orders and positions by id, and the account when it was asked for."""

    orders: Mapping[UUID, OrderOut] = field(default_factory=dict)
    positions: Mapping[UUID, PositionOut] = field(default_factory=dict)
    account: AccountOut | None = None


class AccountReader(Protocol):
    """Reads what users may see of their accounts."""

    async def owns(self, user_id: UserId, account_id: UUID) -> bool:
        """Return whether it is a lasting account of the user."""
        ...

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
        ...


_Due = tuple[str, UUID | None]
"""An event and what it happened to."""


class AccountPush(Push[UUID, AccountNews]):
    """Reads what happened in accounts that anybody watches, and tells it in order."""

    def __init__(self, reader: AccountReader, clock: Clock) -> None:
        super().__init__()
        self._reader = reader
        self._clock = clock
        self._owners: dict[UUID, UserId] = {}
        self._due: dict[UUID, dict[_Due, None]] = defaultdict(dict)
        self._wake = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Begin to tell."""
        self._task = asyncio.create_task(self._tell_for_ever())

    async def close(self) -> None:
        """Stop telling."""
        if self._task is not None:
            await end_tasks([self._task])

    async def admits(self, user_id: UserId, account_id: UUID) -> bool:
        """Return whether the user may hear of an account; before anybody joins for it."""
        if not await self._reader.owns(user_id, account_id):
            return False
        self._owners[account_id] = user_id
        return True

    def leave(self, key: UUID, put: Callable[[AccountNews], None]) -> None:
        """Call `put` no more."""
        super().leave(key, put)
        if key not in self._watchers:
            self._owners.pop(key, None)
            self._due.pop(key, None)

    def changed(self, payload: str) -> None:
        """Take what the order service tells."""
        for line in payload.splitlines():
            account, event, *ids = line.split()
            account_id = UUID(account)
            if account_id not in self._watchers:
                continue
            due = self._due[account_id]
            due |= dict.fromkeys(_due_of(event, ids))
            if event not in _EVENTS or len(due) > _MOST_DUE:
                self._look_again(account_id)
        if self._due:
            self._wake.set()

    def look_again(self) -> None:
        """Tell everybody that something may have been missed."""
        for account_id in self.watched():
            self._look_again(account_id)

    def _look_again(self, account_id: UUID) -> None:
        self._due.pop(account_id, None)
        topic = str(AccountTopic(account_id))
        self.tell(account_id, LookAgainMessage(type="look_again", topic=topic))

    async def _tell_for_ever(self) -> None:
        while True:
            await self._wake.wait()
            self._wake.clear()
            while self._due:
                some = [self._due.popitem() for _ in range(min(_AT_ONCE, len(self._due)))]
                await asyncio.gather(*(self._tell(*one) for one in some))

    async def _tell(self, account_id: UUID, due: dict[_Due, None]) -> None:
        """Read and deliver; who hears of what cannot be read has to look for itself."""
        if account_id not in self._watchers:
            return
        orders = {of for event, of in due if of and event == _ORDER_UPDATED}
        positions = {of for event, of in due if of and event in _POSITION_EVENTS}
        account, owner = (_ACCOUNT_CHANGED, None) in due, self._owners[account_id]
        try:
            items = await self._reader.read(owner, account_id, orders, positions, account=account)
        except Exception as error:  # noqa: BLE001  connections outlive an absence of the database
            log.warning("account_not_read", error=type(error).__name__)
            self._look_again(account_id)
            return
        for message in self._messages(account_id, due, items):
            self.tell(account_id, message)

    def _messages(
        self, account_id: UUID, due: Iterable[_Due], items: AccountItems
    ) -> Iterator[AccountNews]:
        """Yield what is told; nothing of what is there no more."""
        at = self._clock.now()
        for event, of in due:
            order = items.orders.get(of) if of else None
            position = items.positions.get(of) if of else None
            if event == _ACCOUNT_CHANGED and items.account is not None:
                yield AccountChangedMessage(
                    type="account_changed", at=at, account_id=account_id, data=items.account
                )
            elif event == _ORDER_UPDATED and order is not None:
                yield OrderUpdatedMessage(
                    type="order_updated", at=at, account_id=account_id, data=order
                )
            elif event in _POSITION_EVENTS and position is not None:
                yield PositionMessage(type=event, at=at, account_id=account_id, data=position)


def _due_of(event: str, ids: Collection[str]) -> Iterator[_Due]:
    if event == _ACCOUNT_CHANGED:
        yield event, None
    else:
        yield from ((event, UUID(one)) for one in ids)
