"""Columns of splits and dividends beside bars, as yfinance writes them."""

from datetime import date

import polars as pl

from kuber.market.actions.types import ToldSplit
from kuber.market.importing.actions.collecting import Actions, Place
from kuber.market.importing.actions.values import BadValue, read_amount, read_ratio
from kuber.market.importing.checks import IndexArray
from kuber.market.importing.notes import Notes
from kuber.market.importing.tables import Table
from kuber.market.importing.times import Times
from kuber.market.types import TimeArray, Timeframe

_ROLES = ("splits", "dividends")


class ActionsBeside:
    """Takes what the rows of bars tell of splits and dividends."""

    def __init__(self, actions: Actions, notes: Notes) -> None:
        self._actions = actions
        self._notes = notes

    def take(
        self, symbol: str, table: Table, times: Times, rows: IndexArray, timeframe: Timeframe
    ) -> list[ToldSplit]:
        """Take the values of these rows that tell of something; return the splits among them."""
        splits: list[ToldSplit] = []
        for role in _ROLES:
            if role not in table.frame.columns:
                continue
            for at in _telling(table.frame[role], rows, role):
                if timeframe in (Timeframe.W1, Timeframe.MO1):
                    self._notes.add(
                        "no_day",
                        f"The {role} of this file name no day, only a week or month: they are not"
                        " used. Import those of a file of days.",
                    )
                    break
                split = self._one(symbol, table, _day(times.written, at), at, role)
                if split is not None:
                    splits.append(split)
        return splits

    def _one(self, symbol: str, table: Table, day: date, at: int, role: str) -> ToldSplit | None:
        text, place = table.frame[role][at], Place(role, table.lines[at])
        try:
            if role == "splits":
                ratio = read_ratio(text)
                self._actions.split(symbol, day, ratio, place)
                return ToldSplit(day, ratio)
            amount, rounded = read_amount(text)
        except BadValue as bad:
            self._actions.bad(bad, place)
            return None
        if rounded:
            self._actions.rounded(text)
        self._actions.dividend(symbol, day, amount, None, place)
        return None


def _telling(column: pl.Series, rows: IndexArray, role: str) -> list[int]:
    """Return the rows whose value is not none: 0, for a split also 1, or an empty cell."""
    text = column.gather(rows).fill_null("").str.to_lowercase()
    number = text.cast(pl.Float64, strict=False).fill_nan(None)
    nothing = (number == 0).fill_null(value=False) | text.is_in(["", "nan", "null", "none", "-"])
    if role == "splits":
        nothing = nothing | (number == 1).fill_null(value=False)
    found: list[int] = rows[~nothing.to_numpy()].tolist()
    return found


def _day(written: TimeArray, at: int) -> date:
    day: date = written[at].astype("datetime64[D]").astype(date)
    return day
