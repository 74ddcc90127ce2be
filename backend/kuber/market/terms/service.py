"""Instruments: list, look at, change, reset."""

from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy.ext.asyncio import AsyncSession

from kuber.identity.limits import one_at_a_time
from kuber.infra.db import RawPool
from kuber.kernel.clock import Clock
from kuber.kernel.cursors import decode_cursor, encode_cursor
from kuber.kernel.errors import Problem
from kuber.kernel.ids import UserId
from kuber.market.errors import InstrumentRefused, ProviderUnavailable, TooManyInstruments
from kuber.market.instruments import symbols_named
from kuber.market.providers.port import ListingProvider
from kuber.market.symbols import PRICED_IN, BadSymbol, canonical_symbol
from kuber.market.terms import repository
from kuber.market.terms.changes import Changes
from kuber.market.terms.defaults import effective_terms
from kuber.market.terms.markets import MARKETS, market_name
from kuber.market.terms.repository import Dataset
from kuber.market.terms.schemas import (
    DatasetOut,
    InstrumentBody,
    InstrumentDetail,
    InstrumentList,
    InstrumentNote,
    InstrumentOut,
)
from kuber.market.terms.types import Change, Terms, TermsField
from kuber.market.types import DatasetKind, Instrument, Source

MAX_CHANGED = 5000
"""Of how many instruments one user may change something."""

_CLOSES_STAY = (
    "Bars of {symbol} that are stored already keep the closes they were imported with. Import them"
    " again for the closes of {market}."
)
_SAMPLE_STAYS = "The bars of the sample keep the closes they came with."


@dataclass(frozen=True, slots=True)
class Changed:
    """What became of an instrument, and which fields are others than before."""

    terms: Terms
    fields: tuple[TermsField, ...]


class InstrumentService:
    """What can be done with instruments. Every method sees one user's changes and imports only."""

    def __init__(
        self, pool: RawPool, clock: Clock, provider: ListingProvider, changes: Changes
    ) -> None:
        self._pool = pool
        self._clock = clock
        self._provider = provider
        self._changes = changes

    async def page(
        self, user_id: UserId, query: str = "", *, limit: int, cursor: str | None = None
    ) -> InstrumentList:
        """Return a page of the instruments whose symbol or name contains `query`, by symbol.

        They are those with bars of the user's, those of the sample, those that the provider lists,
        and those of which the user changed something. Raises BadCursor.
        """
        wanted = query.strip().upper()
        (after,) = ("",) if cursor is None else decode_cursor(cursor, 1)
        listed = await self._provider.search(user_id, wanted, after=after, limit=limit + 1)
        found = await repository.page(
            self._pool,
            user_id,
            wanted,
            named=_named(wanted),
            listed=[one.symbol for one in listed],
            after=after,
            limit=limit + 1,
        )
        return InstrumentList(
            items=[
                InstrumentOut.of(
                    effective_terms(one.symbol, one.change),
                    self._datasets(one.datasets, self._provider.listed(one.symbol)),
                )
                for one in found[:limit]
            ],
            next_cursor=encode_cursor(found[limit - 1].symbol) if len(found) > limit else None,
        )

    async def get(self, user_id: UserId, symbol: str) -> InstrumentDetail:
        """Return one instrument, also one that has no prices yet. Raises InstrumentRefused."""
        plain = checked_symbol(symbol)
        notes = []
        provided: Instrument | None = None
        try:
            provided = await self._provider.instrument(user_id, plain)
        except ProviderUnavailable as error:
            message = f"Whether the provider has prices could not be asked: {error.detail}"
            notes.append(InstrumentNote(code="provider_unavailable", message=message))
        found = await repository.page(
            self._pool, user_id, plain, named=(), listed=[plain], after="", limit=1
        )
        (one,) = found
        terms = effective_terms(plain, one.change)
        shown = InstrumentDetail.of(terms, self._datasets(one.datasets, provided))
        return shown.model_copy(update={"notes": notes})

    async def change(
        self, session: AsyncSession, user_id: UserId, symbol: str, body: InstrumentBody
    ) -> Changed:
        """Make the instrument what `body` says; what it leaves out stays.

        Raises InstrumentRefused naming fields and remedies, TooManyInstruments.
        """
        plain = checked_symbol(symbol)
        said = _checked(body)
        if body.dataset is not None:
            await self._require_dataset(user_id, plain, body.dataset)
        await one_at_a_time(session, user_id, "instruments")
        before = await repository.change_of(session, user_id, plain)
        after = replace(before or Change(plain), **said)
        if before is None and after.fields:
            await self._require_room(session, user_id)
        return await self._store(session, user_id, before, after)

    async def reset(self, session: AsyncSession, user_id: UserId, symbol: str) -> Changed:
        """Make the instrument what its symbol tells. Raises InstrumentRefused."""
        plain = checked_symbol(symbol)
        await one_at_a_time(session, user_id, "instruments")
        before = await repository.change_of(session, user_id, plain)
        return await self._store(session, user_id, before, Change(plain))

    async def _store(
        self, session: AsyncSession, user_id: UserId, before: Change | None, after: Change
    ) -> Changed:
        if after.fields:
            await repository.put(session, user_id, after, self._clock.now())
        else:
            await repository.drop(session, user_id, after.symbol)
        self._changes.forget_after_commit(session, user_id)
        old, new = effective_terms(after.symbol, before), effective_terms(after.symbol, after)
        fields = tuple(one for one in TermsField if getattr(old, one) != getattr(new, one))
        return Changed(new, fields)

    async def _require_room(self, session: AsyncSession, user_id: UserId) -> None:
        if await repository.count(session, user_id) >= MAX_CHANGED:
            raise TooManyInstruments(
                f"You have changed {MAX_CHANGED:,} instruments, which is the most. Reset one that"
                " you do not need first."
            )

    async def _require_dataset(self, user_id: UserId, symbol: str, dataset: DatasetKind) -> None:
        if dataset is DatasetKind.PROVIDER:
            return
        (found,) = await repository.page(
            self._pool, user_id, symbol, named=(), listed=[symbol], after="", limit=1
        )
        if dataset.value not in {one.source.value for one in found.datasets}:
            which = "import" if dataset is DatasetKind.IMPORTED else "sample"
            message = f"There is no {which} of {symbol} whose prices could answer."
            remedy = "Choose one of the datasets of the instrument, or null for the moment's."
            problem = Problem(message, remedy, field="dataset", code="no_such_dataset")
            raise InstrumentRefused(message, [problem])

    def _datasets(
        self, stored: tuple[Dataset, ...], provided: Instrument | None
    ) -> list[DatasetOut]:
        found = [DatasetOut.of(one) for one in stored]
        if provided is not None:
            ends = provided.first_at, provided.last_at
            offered = Dataset(provided.source, provided.timeframes, *ends, None)
            found.append(DatasetOut.of(offered))
        return found


def notes_of(changed: Changed, datasets: list[DatasetOut]) -> list[InstrumentNote]:
    """Return what to know once an instrument was changed: stored bars do not follow its market."""
    if TermsField.MARKET not in changed.fields:
        return []
    notes = []
    sources = {one.source for one in datasets}
    if Source.IMPORTED in sources:
        market = market_name(changed.terms.market)
        message = _CLOSES_STAY.format(symbol=changed.terms.symbol, market=market)
        notes.append(InstrumentNote(code="stored_closes_stay", message=message))
    if Source.SAMPLE in sources:
        notes.append(InstrumentNote(code="sample_closes_stay", message=_SAMPLE_STAYS))
    return notes


def checked_symbol(symbol: str) -> str:
    """Return the canonical symbol; raises InstrumentRefused."""
    try:
        return canonical_symbol(symbol)
    except BadSymbol as error:
        message = f"{error}."
        remedy = "Write the symbol of one instrument."
        raise InstrumentRefused(message, [Problem(message, remedy, field="symbol")]) from error


def _named(query: str) -> list[str]:
    """Return the symbols whose usual name contains `query`, and the one that it writes otherwise,
    as EUR/USD does EURUSD."""
    if not query:
        return []
    try:
        return [*symbols_named(query), canonical_symbol(query)]
    except BadSymbol:
        return symbols_named(query)


def _checked(body: InstrumentBody) -> dict[str, Any]:
    """Return what `body` gives, in normal form; raises InstrumentRefused with every fault."""
    said = {name: getattr(body, name) for name in body.model_fields_set}
    problems = []
    if body.market is not None:
        said["market"] = body.market.strip().upper()
        if said["market"] not in MARKETS:
            message = f"There is no market {body.market!r}."
            remedy = f"Use one of {', '.join(MARKETS)}; GET /api/v1/market/calendars has the names."
            problems.append(Problem(message, remedy, field="market", code="unknown_market"))
    if body.currency is not None:
        said["currency"] = body.currency.strip().upper()
        if said["currency"] not in PRICED_IN:
            message = f"{body.currency!r} is no currency."
            remedy = (
                "Use a code of ISO 4217 such as USD, EUR or JPY, one of GBX, ILA and ZAC for"
                " hundredths, or a coin such as USDT or BTC."
            )
            problems.append(Problem(message, remedy, field="currency", code="unknown_currency"))
    if problems:
        raise InstrumentRefused(" ".join(one.message for one in problems), problems)
    return said
