"""What is kept of an import: what was said, understood and found, as JSON and back."""

from collections.abc import Sequence
from datetime import UTC, datetime
from uuid import UUID

from kuber.infra.db import JsonObject
from kuber.kernel.errors import KuberError, Problem
from kuber.kernel.ids import UserId
from kuber.market.actions.applying import SeriesJudgement
from kuber.market.actions.types import Prices
from kuber.market.importing.facts import FileFacts, SymbolFacts, start_of
from kuber.market.importing.outcome import (
    dividends_told,
    notes_told,
    prices_told,
    splits_told,
)
from kuber.market.importing.said import DateOrder, Label, Said
from kuber.market.importing.uploads import StoredUpload
from kuber.market.instruments import traits_of
from kuber.market.models import BarImport
from kuber.market.types import Source, Timeframe

_FIELDS = ("timeframe", "timezone", "symbol", "market", "label", "prices", "date_order")
_MOST_SYMBOLS = 200
"""Of whose bars the first and last are kept; of more only how many there are."""


def said_as_json(said: Said) -> JsonObject:
    """Return what a user said beside a file, without what was left open."""
    return {name: str(value) for name in _FIELDS if (value := getattr(said, name)) is not None}


def said_from_json(kept: JsonObject) -> Said:
    """Return what a user said beside a file."""
    texts = {name: str(kept[name]) for name in _FIELDS if name in kept}
    timeframe, label, prices = (texts.get(name) for name in ("timeframe", "label", "prices"))
    order = texts.get("date_order")
    return Said(
        Timeframe(timeframe) if timeframe else None,
        texts.get("timezone"),
        texts.get("symbol"),
        texts.get("market"),
        Label(label) if label else None,
        Prices(prices) if prices else None,
        date_order=DateOrder(order) if order else None,
    )


def new_import(
    import_id: UUID,
    user_id: UserId | None,
    upload: StoredUpload,
    status: str,
    now: datetime,
    *,
    said: Said,
    source: Source = Source.IMPORTED,
    expires_at: datetime | None = None,
) -> BarImport:
    """Return the row of an import whose file has arrived."""
    return BarImport(
        id=import_id,
        user_id=user_id,
        status=status,
        source=source.value,
        filename=upload.label,
        sha256=upload.sha256,
        size_bytes=upload.size_bytes,
        done_bytes=0,
        said=said_as_json(said),
        found={},
        problems=[],
        timeframe=said.timeframe,
        timezone=said.timezone,
        symbols=[],
        bar_count=0,
        first_at=None,
        last_at=None,
        created_at=now,
        claimed_until=None,
        expires_at=expires_at,
    )


def take_facts(row: BarImport, facts: FileFacts, judged: Sequence[SeriesJudgement] = ()) -> None:
    """Write into an import what was found in its file, and what becomes of splits."""
    row.timeframe = None if facts.timeframe is None else facts.timeframe.value
    row.symbols = facts.all_symbols
    row.bar_count = facts.bars if facts.whole else 0
    row.first_at, row.last_at = facts.first_at, facts.last_at
    row.found = _found(facts, judged)
    row.problems = []


def take_problems(row: BarImport, error: KuberError) -> None:
    """Write into an import why its file is refused."""
    problems = error.problems or (Problem(str(error), "Choose another file.", code=error.code),)
    row.problems = [
        {
            "message": one.message,
            "remedy": one.remedy,
            "field": one.field,
            "line": one.line,
            "code": one.code,
        }
        for one in problems
    ]


def _found(facts: FileFacts, judged: Sequence[SeriesJudgement]) -> JsonObject:
    prices = prices_told(judged)
    notes = (*facts.notes, *notes_told(judged, facts))
    return {
        "checked": facts.whole,
        "understood": {
            name: {"value": str(one.value), "how": one.how.value}
            for name, one in facts.understood.items()
        }
        | ({} if prices is None else {"prices": prices}),
        "notes": [{"code": one.code, "message": one.message} for one in notes],
        "symbols": [
            {
                "symbol": one.symbol,
                "market": one.calendar,
                "bars": one.bars,
                "from": _time(one.first_at),
                "to": _time(one.last_at),
                "gaps": one.gaps,
                "splits": splits_told(one.symbol, one.splits, facts, judged),
                "dividends": dividends_told(one.symbol, facts.actions),
            }
            for one in (facts.symbols or _of_actions(facts))[:_MOST_SYMBOLS]
        ],
        "first_bars": [
            {
                "symbol": one.symbol,
                "opened_at": _time(one.opened_at),
                "closed_at": _time(one.closed_at),
                **{
                    name: f"{getattr(one, name):.8f}".rstrip("0").removesuffix(".")
                    for name in ("open", "high", "low", "close", "volume")
                },
            }
            for one in facts.first_bars
        ],
    }


def _of_actions(facts: FileFacts) -> Sequence[SymbolFacts]:
    """Return the symbols of a file of splits and dividends, with the span of these."""
    found = []
    for symbol in facts.all_symbols[:_MOST_SYMBOLS]:
        days = [one.ex_date for one in facts.actions if one.symbol == symbol]
        first, last = start_of(min(days)), start_of(max(days))
        found.append(SymbolFacts(symbol, traits_of(symbol).calendar, 0, first, last, 0, ()))
    return found


def _time(at: datetime) -> str:
    return at.astimezone(UTC).isoformat().replace("+00:00", "Z")


def owner_of(row: BarImport) -> UserId:
    """Return whose upload it is; the platform has none."""
    assert row.user_id is not None, "an upload has an owner"
    return UserId(row.user_id)
