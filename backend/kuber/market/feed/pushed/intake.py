"""Takes quotes that users send: by the rules of the feed, and each for its sender alone."""

from dataclasses import replace
from datetime import datetime, timedelta
from decimal import ROUND_HALF_EVEN, Decimal

from sqlalchemy.ext.asyncio import AsyncSession

from kuber.identity.limit_kinds import LimitName
from kuber.identity.limits import limit_of, one_at_a_time, quota_reached
from kuber.kernel.clock import Clock
from kuber.kernel.errors import Problem
from kuber.kernel.ids import UserId
from kuber.market.calendars import calendar_for
from kuber.market.errors import QuoteRefused
from kuber.market.feed.pushed.schemas import QuotePush
from kuber.market.feed.pushed.store import (
    Pushed,
    forget_old,
    pushed_symbols,
    read_pushed,
    remember,
    store_pushed,
)
from kuber.market.feed.rules import IntakeLimits, Refusal, SymbolMemory, judge
from kuber.market.feed.types import FeedSource, Quote
from kuber.market.feed.watch import traded_until
from kuber.market.instruments import traits_of

_STEP = Decimal("1e-8")
"""What the column of a price tells apart."""
_PAUSE = timedelta(hours=1)
"""After a pause the last price alone says what is far away, as for a feed that was restarted."""
_UNUSED_FOR = timedelta(days=7)

_WHY: dict[Refusal, tuple[str, str, str]] = {
    Refusal.BAD_NUMBER: (
        "last_price",
        "A price is not above zero or too large, or the volume is below zero.",
        "Send prices in the instrument's currency, above 0 and below 1e12.",
    ),
    Refusal.CROSSED: ("bid", "The bid is above the ask.", "Send the best bid and the best ask."),
    Refusal.FUTURE: ("ts", "The time of the quote has not come yet.", "Set the sender's clock."),
    Refusal.OUT_OF_ORDER: (
        "ts",
        "The quote is not newer than the one before.",
        "Send each quote once, with its own time, oldest first.",
    ),
    Refusal.STALE: (
        "ts",
        "The quote is too old by the time it came.",
        "Send quotes within a minute. Import older prices as bars.",
    ),
    Refusal.OUTLIER: (
        "last_price",
        "The price is too far from the recent ones to be believed.",
        "Check it. If the market has really moved, the third quote in a row that agrees is taken.",
    ),
}


class PushedQuotes:
    """The quotes that users send. One user's are read by that user alone, see ADR 0042."""

    def __init__(self, clock: Clock, limits: IntakeLimits | None = None) -> None:
        self._clock = clock
        self._limits = limits or IntakeLimits()

    async def take(self, session: AsyncSession, user_id: UserId, push: QuotePush) -> Quote:
        """Store a quote and return it.

        Raises QuotaReached, and QuoteRefused naming the field: commit that too, for what was
        doubted is remembered. A quote that is stored already is taken again without effect.
        """
        now = self._clock.now()
        quote = _quote(push)
        await one_at_a_time(session, user_id, f"quotes of {quote.symbol}")
        known = await read_pushed(session, user_id, quote.symbol)
        if known is not None and _is_same(known.quote, quote):
            return known.quote
        memory = SymbolMemory() if known is None else _memory(known, quote.quoted_at)
        until = traded_until(calendar_for(traits_of(quote.symbol).calendar), now)
        judgement = judge(quote, memory, now, until, self._limits)
        if judgement.refusal is not None:
            if known is not None:
                await remember(session, user_id, quote.symbol, judgement.memory)
            raise _refused(judgement.refusal)
        if known is None:
            await self._require_room(session, user_id, now)
        rounded = replace(
            quote,
            price=_rounded(quote.price),
            bid=quote.bid and _rounded(quote.bid),
            ask=quote.ask and _rounded(quote.ask),
            volume=quote.volume and _rounded(quote.volume),
        )
        await store_pushed(session, user_id, rounded, push.source, now, judgement.memory)
        return rounded

    async def _require_room(self, session: AsyncSession, user_id: UserId, now: datetime) -> None:
        await one_at_a_time(session, user_id, "quoted symbols")
        most = await limit_of(session, user_id, LimitName.QUOTED_SYMBOLS)
        if await pushed_symbols(session, user_id) < most:
            return
        await forget_old(session, user_id, now - _UNUSED_FOR)
        if await pushed_symbols(session, user_id) >= most:
            raise quota_reached(
                LimitName.QUOTED_SYMBOLS,
                most,
                f"You have quoted {most:,} symbols, as many as you may.",
                "Quote fewer: a symbol without a quote for a week makes room.",
            )


def _quote(push: QuotePush) -> Quote:
    return Quote(
        push.symbol,
        push.last_price,
        push.bid,
        push.ask,
        push.volume,
        FeedSource.PUSHED,
        push.ts,
    )


def _is_same(known: Quote, quote: Quote) -> bool:
    return known.quoted_at == quote.quoted_at and known.price == quote.price


def _memory(known: Pushed, at: datetime) -> SymbolMemory:
    if known.memory.last_at is not None and at - known.memory.last_at > _PAUSE:
        return SymbolMemory(known.memory.last_at, (known.quote.price,))
    return known.memory


def _rounded(value: Decimal) -> Decimal:
    return value.quantize(_STEP, ROUND_HALF_EVEN)


def _refused(refusal: Refusal) -> QuoteRefused:
    field, message, remedy = _WHY[refusal]
    return QuoteRefused(message, [Problem(message, remedy, field=field, code=refusal.value)])
