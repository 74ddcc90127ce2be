"""What is told of the splits and dividends of an import: what was found, and what became of it."""

from collections.abc import Iterable, Sequence
from datetime import UTC, date, datetime

from kuber.infra.db import JsonObject
from kuber.market.actions.applying import SeriesJudgement
from kuber.market.actions.judging import Basis, JudgedSplit
from kuber.market.actions.types import ActionKind, CorporateAction, Origin, Use, ratio_text
from kuber.market.importing.facts import FileFacts, FoundSplit, start_of
from kuber.market.importing.notes import Note, Notes
from kuber.market.importing.said import How
from kuber.market.types import to_datetime

_MOST_SPLITS = 200
_ORDER = (Use.APPLIED, Use.UNDECIDED, Use.ADJUSTED, Use.WITHIN_BAR, Use.OUTSIDE)
"""Of several series of a symbol the first of these is told."""


def splits_told(
    symbol: str, found: Sequence[FoundSplit], facts: FileFacts, judged: Sequence[SeriesJudgement]
) -> list[JsonObject]:
    """Return the splits of a symbol, by day: those of files, and those that only an adjusted
    close of its bars tells of."""
    by_day: dict[date, list[tuple[SeriesJudgement, JudgedSplit]]] = {}
    for series in judged:
        if series.symbol == symbol:
            for split in series.found.splits:
                by_day.setdefault(split.split.ex_date, []).append((series, split))
    told = [_told(each) for each in by_day.values()]
    known = {str(one["at"]) for one in told if one["origin"] == Origin.ADJUSTED_CLOSE}
    told += [one for seen in found if (one := _of_adjusted(seen))["at"] not in known]
    told += [
        _unjudged(one)
        for one in facts.actions
        if one.symbol == symbol and one.kind is ActionKind.SPLIT and one.ex_date not in by_day
    ]
    told.sort(key=lambda one: str(one["at"]))
    return told[:_MOST_SPLITS]


def dividends_told(symbol: str, actions: Iterable[CorporateAction]) -> JsonObject | None:
    """Return how many dividends of a symbol a file tells of, and from when to when."""
    days = [
        one.ex_date for one in actions if one.symbol == symbol and one.kind is ActionKind.DIVIDEND
    ]
    if not days:
        return None
    return {"count": len(days), "first": min(days).isoformat(), "last": max(days).isoformat()}


def prices_told(judged: Sequence[SeriesJudgement]) -> JsonObject | None:
    """Return on which basis prices stand, and how that is known; None where no split asks."""
    asking = [one.found for one in judged if _asking(one)]
    if not asking:
        return None
    if any(one.asked for one in asking):
        return {"value": "unknown", "how": How.GUESS.value}
    values = {one.prices.value for one in asking if one.prices is not None}
    how = How.SAID if any(one.basis is Basis.SAID for one in asking) else How.FILE
    return {"value": values.pop() if len(values) == 1 else "both", "how": how.value}


def notes_told(judged: Sequence[SeriesJudgement], facts: FileFacts) -> tuple[Note, ...]:
    """Return what there is to say of the splits that files tell of."""
    notes = Notes()
    for one in judged:
        _note(one, notes)
    with_bars = {one.symbol for one in judged} | {one.symbol for one in facts.symbols}
    waiting = {one.symbol for one in facts.actions if one.kind is ActionKind.SPLIT} - with_bars
    for symbol in sorted(waiting):
        notes.add(
            "splits_wait",
            f"You have no bars of {symbol} yet: its splits wait until you import them.",
        )
    return notes.all()


def _note(one: SeriesJudgement, notes: Notes) -> None:
    count = {use: sum(split.use is use for split in one.found.splits) for use in Use}
    name = f"{one.symbol}, bars of {one.timeframe}"
    applied = sum(
        split.use is Use.APPLIED and split.origin is Origin.FILE for split in one.found.splits
    )
    if applied:
        how = "as you said" if one.found.basis is Basis.SAID else "as their jumps show"
        notes.add(
            "splits_applied",
            f"{name}: the prices are as traded, {how}; {_splits(applied)} applied.",
        )
    if count[Use.ADJUSTED]:
        how = "as you said" if one.found.basis is Basis.SAID else "they do not jump"
        notes.add(
            "prices_adjusted",
            f"{name}: the prices are adjusted already, {how};"
            f" {_splits(count[Use.ADJUSTED])} not applied.",
        )
    if count[Use.UNDECIDED]:
        notes.add(
            "prices_unknown",
            f"{name}: the prices do not show whether they are as traded or adjusted already."
            f" {_splits(count[Use.UNDECIDED])} not applied until you say which.",
        )
    for split in one.found.splits:
        if split.use is Use.WITHIN_BAR:
            notes.add(
                "split_within_bar",
                f"{name}: the split of {split.split.ex_date} took effect in the middle of a bar,"
                " and is not applied. Bars of days or shorter can be adjusted for it.",
            )


def _splits(count: int) -> str:
    return "1 split of files is" if count == 1 else f"{count} splits of files are"


def _asking(one: SeriesJudgement) -> bool:
    return any(
        split.use in (Use.APPLIED, Use.ADJUSTED, Use.UNDECIDED) and split.origin is Origin.FILE
        for split in one.found.splits
    )


def _told(each: Sequence[tuple[SeriesJudgement, JudgedSplit]]) -> JsonObject:
    """Return one split as it is for all series of its symbol."""
    use = min((split.use for _, split in each), key=_ORDER.index)
    shown = next(split for _, split in each if split.use is use)
    ex_date = shown.split.ex_date
    at = start_of(ex_date) if shown.opened_at is None else to_datetime(shown.opened_at)
    return {
        "at": _time(at),
        "ratio": ratio_text(shown.split.ratio),
        "ex_date": ex_date.isoformat(),
        "origin": shown.origin.value,
        "use": use.value,
        "timeframes": [one.timeframe.value for one, split in each if split.use is use],
    }


def _unjudged(one: CorporateAction) -> JsonObject:
    assert one.ratio is not None, "a split has a ratio"
    return {
        "at": _time(start_of(one.ex_date)),
        "ratio": ratio_text(one.ratio),
        "ex_date": one.ex_date.isoformat(),
        "origin": Origin.FILE.value,
        "use": Use.OUTSIDE.value,
        "timeframes": [],
    }


def _of_adjusted(split: FoundSplit) -> JsonObject:
    return {
        "at": _time(split.at),
        "ratio": ratio_text(split.ratio),
        "ex_date": None,
        "origin": Origin.ADJUSTED_CLOSE.value,
        "use": Use.APPLIED.value,
        "timeframes": [],
    }


def _time(at: datetime) -> str:
    return at.astimezone(UTC).isoformat().replace("+00:00", "Z")
