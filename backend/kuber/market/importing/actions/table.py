"""Files of splits and dividends as tables: Yahoo's, yfinance's, and plain ones."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from kuber.market.errors import ImportRefused
from kuber.market.importing.actions.collecting import Actions, Place
from kuber.market.importing.actions.values import BadValue, ratio_of, read_amount, read_ratio
from kuber.market.importing.columns import BAR_NAMES, plain_name
from kuber.market.importing.faults import Faults
from kuber.market.importing.layout import Head, csv_rows, read_head
from kuber.market.importing.moments import day_first, read_moment
from kuber.market.importing.notes import Notes
from kuber.market.importing.text import Block

# As in `columns`: of several columns for one thing the first name counts.
_NAMES: dict[str, tuple[str, ...]] = {
    "symbol": ("symbol", "ticker", "instrument", "sym", "code"),
    "date": (
        *("exdate", "exdividenddate", "exday", "executiondate", "effectivedate"),
        *("date", "day", "datetime"),
    ),
    "ratio": (
        *("stocksplits", "stocksplit", "splits", "split", "splitratio", "ratio"),
        *("splitcoefficient", "splitfactor"),
    ),
    "from": ("from", "splitfrom", "fromfactor", "oldrate", "oldshares", "old"),
    "to": ("to", "splitto", "tofactor", "newrate", "newshares", "new"),
    "amount": (
        *("dividends", "dividend", "dividendamount", "cashamount", "divcash"),
        *("amount", "cashdividend"),
    ),
    "currency": ("currency", "ccy"),
    "kind": ("kind", "type", "action", "event"),
}
ACTION_NAMES = tuple(name for names in _NAMES.values() for name in names)
"""Every name of a column that is read, in lower case and without signs."""

_PRICES = ("open", "high", "low", "close")
_SPLIT_KINDS = ("split", "stocksplit", "forwardsplit", "reversesplit", "splits")
_DIVIDEND_KINDS = ("dividend", "cashdividend", "dividends", "cash", "specialdividend")
_NONE = ("", "nan", "null", "none", "n/a", "-", "--")
_EXAMPLE = "Write dates like 2024-01-31."


@dataclass(frozen=True, slots=True)
class ActionLayout:
    """Places of the columns that count, by role, and the first line with values."""

    places: Mapping[str, int]
    separator: str
    header: tuple[str, ...]
    first_line: int
    symbol: str | None

    @property
    def splits(self) -> bool:
        return "ratio" in self.places or "from" in self.places

    @property
    def both(self) -> bool:
        """Whether a line may tell of a split, of a dividend, of both or of none."""
        return self.splits and "amount" in self.places and "kind" not in self.places


def recognise(text: str, notes: Notes) -> ActionLayout | None:
    """Return the layout of a file of splits or dividends from its beginning, None of any other.

    It has a day, a ratio or an amount, and no price.
    """
    try:
        head = read_head(text, notes)
    except ImportRefused:
        return None  # whoever reads bars says what is wrong
    names = [plain_name(name) for name in head.rows[0]]
    if any(name in BAR_NAMES[role] for role in _PRICES for name in names):
        return None
    places = {
        role: names.index(found[0])
        for role, known in _NAMES.items()
        if (found := [name for name in known if name in names])
    }
    if "date" not in places and names and not names[0]:
        places["date"] = 0  # the index that pandas writes without a name
    if ("from" in places) != ("to" in places):
        places.pop("from", None)
        places.pop("to", None)
    layout = _layout(head, places)
    return layout if "date" in places and (layout.splits or "amount" in places) else None


def _layout(head: Head, places: Mapping[str, int]) -> ActionLayout:
    first_line = head.lines[1] if len(head.lines) > 1 else head.lines[0] + 1
    header = tuple(name.strip() for name in head.rows[0])
    return ActionLayout(places, head.separator, header, first_line, head.symbol)


class ActionTable:
    """Reads the rows of a file, block by block."""

    def __init__(
        self,
        layout: ActionLayout,
        symbol: str | None,
        actions: Actions,
        faults: Faults,
        *,
        day_is_first: bool | None = None,
    ) -> None:
        """`symbol` is that of a file without a column for it, in its normal form; `day_is_first` is
        what the user says of dates that do not tell."""
        self._said_first = day_is_first
        self._layout = layout
        self._symbol = symbol
        self._actions = actions
        self._faults = faults
        self._day_is_first: bool | None = None

    def read(self, block: Block) -> None:
        """Take the rows of a block; raises ImportRefused for what cannot be told apart."""
        layout, text, line = self._layout, block.text, block.first_line
        if line < layout.first_line:
            text = text.split("\n", layout.first_line - line)[-1]
            line = layout.first_line
        rows, lines = csv_rows(text, layout.separator, line)
        if self._day_is_first is None and rows:
            at = layout.places["date"]
            days = [row[at] for row in rows if at < len(row)]
            self._day_is_first = day_first(days, lines[0], said=self._said_first)
        for row, number in zip(rows, lines, strict=True):
            if len(row) != len(layout.header):
                self._faults.add(
                    "ragged_line",
                    f"The line has {len(row)} values, the first one {len(layout.header)}.",
                    "Give every line one value for each column.",
                    number,
                )
                continue
            self._row([value.strip() for value in row], number)

    def _row(self, row: Sequence[str], line: int) -> None:
        symbol = self._symbol
        if "symbol" in self._layout.places:
            symbol = self._actions.symbol(self._cell(row, "symbol"), self._place("symbol", line))
        day = self._day(self._cell(row, "date"), line)
        kind = plain_name(self._cell(row, "kind"))
        known = kind in _SPLIT_KINDS or kind in _DIVIDEND_KINDS
        if "kind" in self._layout.places and not known:
            self._actions.unused(self._cell(row, "kind"))
            return
        if symbol is None or day is None:
            return
        if self._layout.splits and kind not in _DIVIDEND_KINDS:
            self._split(symbol, day, row, line)
        if "amount" in self._layout.places and kind not in _SPLIT_KINDS:
            self._dividend(symbol, day, row, line)

    def _split(self, symbol: str, day: date, row: Sequence[str], line: int) -> None:
        role = "ratio" if "ratio" in self._layout.places else "to"
        place, text = self._place(role, line), self._cell(row, role)
        if self._says_none(text, place):
            return
        try:
            if role == "ratio":
                ratio = read_ratio(text)
            else:
                old = self._cell(row, "from")
                ratio = ratio_of(text, old, f"{text}:{old}")
        except BadValue as bad:
            self._actions.bad(bad, place)
        else:
            self._actions.split(symbol, day, ratio, place)

    def _dividend(self, symbol: str, day: date, row: Sequence[str], line: int) -> None:
        place, text = self._place("amount", line), self._cell(row, "amount")
        if self._says_none(text, place):
            return
        try:
            amount, rounded = read_amount(text)
        except BadValue as bad:
            self._actions.bad(bad, place)
            return
        if rounded:
            self._actions.rounded(text)
        currency = self._cell(row, "currency").upper()
        if currency and not (len(currency) == 3 and currency.isalpha()):
            self._faults.add(
                "bad_currency",
                f"The currency {currency[:20]!r} is no code of three letters.",
                "Write a code such as USD, or leave it empty.",
                line,
                self._title("currency"),
            )
            return
        self._actions.dividend(symbol, day, amount, currency or None, place)

    def _says_none(self, text: str, place: Place) -> bool:
        """Return whether a cell tells of nothing; one that should is noted."""
        empty = text.lower() in _NONE
        if self._layout.both and (empty or _is_zero(text)):
            return True
        if empty:
            bad = BadValue(
                "missing_value", "The value is missing.", "Fill it in, or leave the line out."
            )
            self._actions.bad(bad, place)
        return empty

    def _day(self, text: str, line: int) -> date | None:
        try:
            return read_moment(text, day_is_first=bool(self._day_is_first)).at.date()
        except (ValueError, OverflowError):
            message = f"{text[:40]!r} is not a date that can be read."
            if not text:
                message = "The date is missing."
            self._faults.add("bad_time", message, _EXAMPLE, line, self._title("date"))
            return None

    def _cell(self, row: Sequence[str], role: str) -> str:
        at = self._layout.places.get(role)
        return "" if at is None else row[at]

    def _place(self, role: str, line: int) -> Place:
        return Place(self._title(role), line)

    def _title(self, role: str) -> str:
        return self._layout.header[self._layout.places[role]].lower() or role


def _is_zero(text: str) -> bool:
    try:
        return float(text) == 0
    except ValueError:
        return False
