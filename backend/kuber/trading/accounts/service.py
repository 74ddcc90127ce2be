"""A user's lasting accounts: opened, changed, paid into, reset. Each change is on record.

Whoever changes an account holds the lock of its row first, then that of its books.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from uuid import UUID

from pydantic import JsonValue
from sqlalchemy import func, select, tuple_
from sqlalchemy.ext.asyncio import AsyncSession

from kuber.audit.entries import append
from kuber.audit.types import AuditEvent, AuditEventType, current_correlation_id
from kuber.identity.limit_kinds import LimitName
from kuber.identity.limits import limit_of, one_at_a_time, quota_reached
from kuber.infra.db import raw_connection
from kuber.kernel.clock import Clock, as_utc
from kuber.kernel.cursors import bad_cursor, decode_cursor, encode_cursor
from kuber.kernel.errors import Problem
from kuber.kernel.ids import UserId, new_id
from kuber.ledger.facts import AccountReset, Deposited, Fact, Posting
from kuber.ledger.report import Balances, balances_of
from kuber.ledger.store import Ledger
from kuber.ledger.types import DEPOSITS, Book
from kuber.ledger.units import ZERO, exactly, minor_digits, plain, to_minor
from kuber.notifications.outbox import tell
from kuber.notifications.types import Notice, NoticeKind
from kuber.trading.account_news import money_moved, tell_accounts
from kuber.trading.account_types import (
    AccountKind,
    AccountStatus,
    opening_transaction,
    reset_transaction,
)
from kuber.trading.accounts.errors import (
    AccountNotFound,
    AccountWasReset,
    BadDeposit,
    BadOptions,
    NotSimulated,
)
from kuber.trading.accounts.reading import shown
from kuber.trading.accounts.schemas import (
    MOST,
    AccountChange,
    AccountCreate,
    AccountList,
    AccountOut,
    DepositBody,
    SimulationBody,
)
from kuber.trading.models import AccountRow

MODE = "simulation"
CURRENCY = "USD"
FIRST_NAME = "Simulation"
_MINE = AccountRow.kind == AccountKind.LASTING.value


class AccountService:
    """Everybody's lasting accounts. Every method works in the caller's transaction and never
    commits."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._ledger = Ledger(Book.TRADING)

    async def ensure_first(self, session: AsyncSession, user_id: UserId) -> None:
        """Open the simulation account that every user has, unless there is one."""
        await one_at_a_time(session, user_id, "accounts")
        there = select(AccountRow.id).where(_MINE, AccountRow.user_id == user_id).limit(1)
        if await session.scalar(there) is None:
            row = self._row(user_id, FIRST_NAME, SimulationBody().options())
            await self._open(session, row)

    async def open_count(self, session: AsyncSession, user_id: UserId) -> int:
        """Return how many open accounts a user has."""
        mine = (AccountRow.user_id == user_id, AccountRow.status == AccountStatus.OPEN.value)
        return await session.scalar(select(func.count()).where(_MINE, *mine)) or 0

    async def page(
        self,
        session: AsyncSession,
        user_id: UserId,
        status: AccountStatus | None = None,
        cursor: str | None = None,
        limit: int = 50,
    ) -> AccountList:
        """Return a user's accounts with what is on their books, the newest first."""
        query = select(AccountRow).where(_MINE, AccountRow.user_id == user_id)
        if status is not None:
            query = query.where(AccountRow.status == status.value)
        if cursor is not None:
            key = tuple_(AccountRow.created_at, AccountRow.id)
            query = query.where(key < tuple_(*_bound(cursor)))
        query = query.order_by(AccountRow.created_at.desc(), AccountRow.id.desc())
        rows = list(await session.scalars(query.limit(limit + 1)))
        more, rows = len(rows) > limit, rows[:limit]
        items = await shown(session, rows, self._clock.now())
        return AccountList(
            items=items,
            next_cursor=encode_cursor(rows[-1].created_at.isoformat(), str(rows[-1].id))
            if more
            else None,
        )

    async def find(
        self, session: AsyncSession, user_id: UserId, account_id: UUID
    ) -> AccountOut | None:
        """Return an account of a user with what is on its books, None when there is none."""
        query = select(AccountRow).where(
            _MINE, AccountRow.id == account_id, AccountRow.user_id == user_id
        )
        row = await session.scalar(query)
        return None if row is None else await self._out(session, row)

    async def open(self, session: AsyncSession, user_id: UserId, body: AccountCreate) -> AccountOut:
        """Open a further simulation account. Raises BadOptions, QuotaReached."""
        _check_balance(body.simulation.starting_balance, CURRENCY)
        await one_at_a_time(session, user_id, "accounts")
        most = await limit_of(session, user_id, LimitName.ACCOUNTS)
        if await self.open_count(session, user_id) >= most:
            raise quota_reached(
                LimitName.ACCOUNTS,
                most,
                "You have as many open accounts as you may have. Nothing was opened.",
                "Reset one that you have, or ask an administrator for more.",
            )
        row = self._row(user_id, body.name, body.simulation.options())
        await self._open(session, row)
        return await self._out(session, row)

    async def change(
        self, session: AsyncSession, user_id: UserId, account_id: UUID, body: AccountChange
    ) -> AccountOut:
        """Change what is given. Raises AccountNotFound, AccountWasReset, NotSimulated,
        BadOptions."""
        row = await _locked(session, user_id, account_id)
        given: Mapping[str, JsonValue] = {}
        if body.simulation is not None:
            if row.simulation is None:
                raise NotSimulated("Only a simulation account has options.")
            given = body.simulation.given()
            if "starting_balance" in given:
                _check_balance(body.simulation.starting_balance, row.currency)
        if body.name is not None:
            row.name = body.name
        options = {**(row.simulation or {}), **given}
        if options != (row.simulation or {}):
            row.simulation = options
            said = {"account_id": row.id, "simulation": options}
            await self._record(session, AuditEventType.ACCOUNT_CHANGED, user_id, said)
        await session.flush()
        return await self._out(session, row)

    async def deposit(
        self, session: AsyncSession, user_id: UserId, account_id: UUID, body: DepositBody
    ) -> AccountOut:
        """Pay into a simulation account. Raises AccountNotFound, AccountWasReset, NotSimulated,
        BadDeposit."""
        row = await _locked(session, user_id, account_id)
        _require_simulated(row)
        balances = (await _balances(session, [row]))[row.id]
        paid_in = balances.get((DEPOSITS, row.currency), ZERO).copy_abs()
        _check_deposit(row, body, paid_in)
        now, id_ = self._clock.now(), new_id()
        await self._post(session, _posting(id_, row, now, Deposited(body.amount), "Deposit"))
        said = {
            "account_id": row.id,
            "transaction_id": id_,
            "amount": body.amount,
            "currency": row.currency,
        }
        await self._record(session, AuditEventType.DEPOSITED, user_id, said)
        told = {
            "account_id": str(row.id),
            "account_name": row.name,
            "amount": plain(body.amount),
            "currency": row.currency,
        }
        notice = Notice(user_id, NoticeKind.DEPOSIT, now, told, subject=f"deposit {row.id}")
        await tell(session, notice)
        return await self._out(session, row)

    async def reset(self, session: AsyncSession, user_id: UserId, account_id: UUID) -> AccountOut:
        """Close what is open in a simulation account, and open another in its place.

        Its lots end without profit or loss, its debt is forgiven, its history stays. Raises
        AccountNotFound, AccountWasReset, NotSimulated.
        """
        old = await _locked(session, user_id, account_id)
        _require_simulated(old)
        assert old.simulation is not None, "a simulation account has options"
        new = self._row(user_id, old.name, dict(old.simulation), old.currency)
        session.add(new)
        await session.flush()
        old.status, old.replaced_by = AccountStatus.RESET.value, new.id
        await session.flush()
        emptied = _posting(
            reset_transaction(old.id), old, new.created_at, AccountReset(), "Reset of the account"
        )
        await self._post(session, emptied, _opening(new))
        said = {"account_id": old.id, "replaced_by": new.id}
        await self._record(session, AuditEventType.ACCOUNT_RESET, user_id, said)
        await self._record_opening(session, new)
        return await self._out(session, new)

    async def _out(self, session: AsyncSession, row: AccountRow) -> AccountOut:
        (found,) = await shown(session, [row], self._clock.now())
        return found

    def _row(
        self,
        user_id: UserId,
        name: str,
        options: dict[str, JsonValue],
        currency: str = CURRENCY,
    ) -> AccountRow:
        return AccountRow(
            id=new_id(),
            user_id=user_id,
            mode=MODE,
            connection_id=None,
            currency=currency,
            created_at=self._clock.now(),
            name=name,
            kind=AccountKind.LASTING.value,
            status=AccountStatus.OPEN.value,
            simulation=options,
            replaced_by=None,
        )

    async def _open(self, session: AsyncSession, row: AccountRow) -> None:
        session.add(row)
        await session.flush()
        await self._post(session, _opening(row))
        await self._record_opening(session, row)

    async def _post(self, session: AsyncSession, *postings: Posting) -> None:
        """Post at once, and have pages told when it commits; raises what the ledger refuses."""
        connection = await raw_connection(session)
        settled = await self._ledger.settle(connection, postings)
        for one in settled:
            if one.refusal is not None:
                raise one.refusal
            assert one.transaction is not None, "nobody posts it twice: the account is locked"
        await tell_accounts(connection, [money_moved(one.owner) for one in postings])

    async def _record_opening(self, session: AsyncSession, row: AccountRow) -> None:
        said = {
            "account_id": row.id,
            "kind": row.kind,
            "mode": row.mode,
            "currency": row.currency,
            "simulation": row.simulation,
        }
        user_id = UserId(row.user_id)
        await self._record(session, AuditEventType.ACCOUNT_OPENED, user_id, said)

    async def _record(
        self,
        session: AsyncSession,
        kind: AuditEventType,
        user_id: UserId,
        said: Mapping[str, object],
    ) -> None:
        event = AuditEvent(kind, self._clock.now(), current_correlation_id(), user_id, said)
        await append(session, event)


def _opening(row: AccountRow) -> Posting:
    assert row.simulation is not None, "a simulation account has options"
    amount = Decimal(row.simulation["starting_balance"])
    fact, memo = Deposited(amount), "Starting balance"
    return _posting(opening_transaction(row.id), row, row.created_at, fact, memo)


def _posting(id_: UUID, row: AccountRow, at: datetime, fact: Fact, memo: str) -> Posting:
    return Posting(id_, Book.TRADING, row.id, row.currency, at, fact, memo)


async def _locked(session: AsyncSession, user_id: UserId, account_id: UUID) -> AccountRow:
    """Return an open account of the user, which nobody else changes until the commit."""
    query = select(AccountRow).where(
        _MINE, AccountRow.id == account_id, AccountRow.user_id == user_id
    )
    # Not against those who only refer to it: an order's row does.
    row = await session.scalar(query.with_for_update(key_share=True))
    if row is None:
        raise AccountNotFound("There is no account with this id.")
    if row.status != AccountStatus.OPEN.value:
        raise AccountWasReset(
            "The account was reset, and another has taken its place.",
            [
                Problem(
                    "The account is kept for its history only.",
                    f"Use the account {row.replaced_by}.",
                    field="account_id",
                )
            ],
        )
    return row


async def _balances(session: AsyncSession, rows: Sequence[AccountRow]) -> dict[UUID, Balances]:
    connection = await raw_connection(session)
    found = await balances_of(connection, Book.TRADING, [row.id for row in rows])
    return {row.id: found.get(row.id, {}) for row in rows}


def _require_simulated(row: AccountRow) -> None:
    if row.mode != MODE:
        raise NotSimulated("This is done with simulation accounts only.")


def _check_balance(amount: Decimal, currency: str) -> None:
    digits = minor_digits(Book.TRADING, currency)
    if to_minor(amount, digits) != amount:
        message = f"{plain(amount)} {currency} has more than {digits} decimal places."
        remedy = f"Give at most {digits}."
        raise BadOptions(message, [Problem(message, remedy, field="simulation.starting_balance")])


def _check_deposit(row: AccountRow, body: DepositBody, paid_in: Decimal) -> None:
    def refused(message: str, remedy: str, field: str, code: str) -> BadDeposit:
        return BadDeposit(message, [Problem(message, remedy, field=field, code=code)])

    if body.currency != row.currency:
        message = f"The account is kept in {row.currency}, not in {body.currency}."
        raise refused(message, f"Deposit {row.currency}.", "currency", "foreign_currency")
    digits = minor_digits(Book.TRADING, row.currency)
    if to_minor(body.amount, digits) != body.amount:
        message = f"{plain(body.amount)} {row.currency} has more than {digits} decimal places."
        raise refused(message, f"Give at most {digits}.", "amount", "too_fine")
    with exactly():
        total = paid_in + body.amount
    if total > MOST:
        message = f"In all {plain(MOST)} {row.currency} may be paid in; {plain(paid_in)} were."
        raise refused(message, "Deposit less, or reset the account.", "amount", "too_much")


def _bound(cursor: str) -> tuple[datetime, UUID]:
    created_at, account_id = decode_cursor(cursor, 2)
    try:
        return as_utc(datetime.fromisoformat(created_at)), UUID(account_id)
    except ValueError as error:
        raise bad_cursor() from error
