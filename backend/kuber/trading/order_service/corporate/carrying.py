"""Carries out what is due: in memory, on the ledger, on record, and told, in one transaction."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from uuid import UUID, uuid5

from psycopg.types.json import Jsonb

from kuber.audit.entries import audit_insert_of, audit_json
from kuber.audit.types import AuditEvent, AuditEventType, current_correlation_id
from kuber.infra.db import JsonObject, RawConnection
from kuber.ledger.facts import DividendPaid, Fact, Posting, Reversed
from kuber.ledger.store import Ledger
from kuber.ledger.types import Book
from kuber.ledger.units import PLACES, exactly, plain, quotient
from kuber.market.actions.types import ActionKind
from kuber.notifications.outbox import NOTICE_INSERT, notice_json
from kuber.trading.account_news import News
from kuber.trading.journal import intent_row
from kuber.trading.order_service.corporate.splitting import forget_old_price, split_position
from kuber.trading.order_service.corporate.telling import action_notice
from kuber.trading.order_service.corporate.types import Done, Due, Outcome
from kuber.trading.order_service.round import Round
from kuber.trading.order_service.statements import ORDERS_CHANNEL
from kuber.trading.statements import INTENDED, WANTED_COLUMNS
from kuber.trading.types import Ticket

_IDS = UUID("5b1d0a62-7b3e-5c0a-8a3b-0e6b2d5c9f46")
_LEDGER = Ledger(Book.TRADING)
_PLACE = f"""
    with wanted as (select * from jsonb_to_recordset(%(intents)s) as i({WANTED_COLUMNS})),
    {INTENDED}
    select 1
"""  # noqa: S608  put together from constants
_WAKE = "select pg_notify(%(channel)s, '')"
_KEEP = f"""
    with wanted as (
        select * from jsonb_to_recordset(%(rows)s) as w(
            position_id uuid, kind text, ex_date date, told text, number int, outcome text,
            note text, before numeric, after numeric, cash numeric, factor numeric,
            effective_at timestamptz, at timestamptz, entries jsonb)
    ), kept as (
        insert into position_actions as a (position_id, kind, ex_date, told, number, outcome, note,
            before, after, cash, factor, effective_at, at)
        select position_id, kind, ex_date, told, number, outcome, note, before, after, cash,
            factor, effective_at, at
        from wanted
        on conflict (position_id, kind, ex_date) do update set told = excluded.told,
            number = excluded.number, outcome = excluded.outcome, note = excluded.note,
            before = excluded.before, after = excluded.after, cash = excluded.cash,
            factor = excluded.factor, at = excluded.at
        where a.number = excluded.number - 1
    ),
    {audit_insert_of("wanted")}
    select 1
"""  # noqa: S608  put together from constants


async def carry_out(
    connection: RawConnection, due: Sequence[Due], rounds: Mapping[str, Round], now: datetime
) -> list[News]:
    """Do what is due to positions; return the news of it for open pages.

    Management hears of splits with the next `work` of its round. An open position whose instrument
    has no round now waits for one. What the ledger refuses is raised: then nothing is done.
    """
    done, postings = list[Done](), list[Posting]()
    for one in due:
        if one.holding.open and _tracked_in(rounds, one) is None:
            continue
        found, facts = _carry_out(rounds, one)
        done.append(found)
        postings += [_posting(found, part, fact, now) for part, fact in facts]
    for one in due:
        there = _tracked_in(rounds, one)
        if there is not None and one.action.kind is ActionKind.SPLIT:
            forget_old_price(there, one)
    for settled in await _LEDGER.settle(connection, postings):
        if settled.refusal is not None:
            raise settled.refusal
    await _place(connection, [one.again for one in done if one.again is not None], now)
    rows = [_row(one, now) for one in done]
    if rows:
        await connection.execute(_KEEP.encode(), {"rows": Jsonb(rows)})
        notices = [action_notice(one, now) for one in done]
        await connection.execute(NOTICE_INSERT.encode(), {"notices": Jsonb(notice_json(notices))})
    return [news for one in done for news in _news(one)]


async def _place(connection: RawConnection, again: Sequence[Ticket], now: datetime) -> None:
    """Commit entries as intents of now: the next round admits them as any other."""
    if not again:
        return
    values = {"intents": Jsonb([intent_row(one, now) for one in again]), "now": now}
    await connection.execute(_PLACE.encode(), values)
    await connection.execute(_WAKE, {"channel": ORDERS_CHANNEL})


def _carry_out(rounds: Mapping[str, Round], due: Due) -> tuple[Done, list[tuple[str, Fact]]]:
    if due.action.kind is ActionKind.DIVIDEND:
        return _dividend(due)
    there = _tracked_in(rounds, due)
    if there is None:
        note = (
            "The split was found after the position was closed; its profit or loss is reckoned with"
            " the quantity of before."
        )
        return Done(due, Outcome.NOT_APPLIED, note, due.held), []
    done, fact = split_position(there, due)
    return done, [] if fact is None else [("", fact)]


def _tracked_in(rounds: Mapping[str, Round], due: Due) -> Round | None:
    """Return the round in which a position is managed, None where it is in none."""
    found = rounds.get(due.action.symbol)
    here = found is not None and str(due.holding.position_id) in found.hosted.tracked
    return found if here else None


def _dividend(due: Due) -> tuple[Done, list[tuple[str, Fact]]]:
    """Pay a dividend, or charge it to a short; of one that was corrected, take back what it was."""
    action, facts = due.action, list[tuple[str, Fact]]()
    assert action.amount is not None, "a dividend has its amount"
    note = ""
    if due.before is not None and due.before.outcome == Outcome.APPLIED:
        facts.append(("/reversal", Reversed(_id(due, due.before.number))))
        note = f"It was told as {due.before.told} first; that was taken back."
    if action.currency not in (None, due.holding.currency):
        note = f"It is in {action.currency}, the account is kept in {due.holding.currency}."
        return Done(due, Outcome.NOT_APPLIED, note, due.held, due.held), facts
    if due.held:
        facts.append(("", DividendPaid(action.symbol, action.amount, due.held)))
    with exactly():
        cash = due.held * action.amount
    return Done(due, Outcome.APPLIED, note, due.held, due.held, cash), facts


def _id(due: Due, number: int) -> UUID:
    action = due.action
    key = f"{due.holding.position_id}/{action.kind}/{action.ex_date}/{number}"
    return uuid5(_IDS, key)


def _posting(done: Done, part: str, fact: Fact, now: datetime) -> Posting:
    due = done.due
    id_ = _id(due, due.number)
    return Posting(
        uuid5(id_, part) if part else id_,
        Book.TRADING,
        due.holding.account_id,
        due.holding.currency,
        now,
        fact,
        f"{due.action.kind.value} {due.action.text} {due.action.symbol}, {due.action.ex_date}",
    )


def _row(done: Done, now: datetime) -> JsonObject:
    due = done.due
    said: JsonObject = {
        "position_id": str(due.holding.position_id),
        "kind": due.action.kind.value,
        "ex_date": due.action.ex_date.isoformat(),
        "told": due.action.text,
        "number": due.number,
        "outcome": done.outcome.value,
        "before": plain(done.before),
        "after": plain(done.after),
        "cash": _plain(done.cash),
    }
    on_record = AuditEvent(
        AuditEventType.CORPORATE_ACTION_TAKEN,
        now,
        current_correlation_id(),
        due.holding.user_id,
        {**said, "account_id": str(due.holding.account_id), "symbol": due.action.symbol},
    )
    return {
        **said,
        "note": done.note,
        "factor": plain(_factor(done)),
        "effective_at": due.effective_at.isoformat(),
        "at": now.isoformat(),
        "entries": audit_json([on_record]),
    }


def _factor(done: Done) -> Decimal:
    """Return what a price from before is multiplied by, for who holds what there is now."""
    ratio = done.due.action.ratio
    if ratio is None or done.outcome is not Outcome.APPLIED:
        return Decimal(1)
    return quotient(ratio.denominator * 10**PLACES, ratio.numerator)


def _plain(amount: Decimal | None) -> str | None:
    return None if amount is None else plain(amount)


def _news(done: Done) -> list[News]:
    holding = done.due.holding
    return [
        News(holding.account_id, "position_changed", str(holding.position_id)),
        News(holding.account_id, "account_changed", str(holding.account_id)),
    ]
