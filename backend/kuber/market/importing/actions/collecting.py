"""Corporate actions of one file, each once."""

from collections import Counter
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from fractions import Fraction

from kuber.market.actions.types import ActionKind, CorporateAction, ratio_text
from kuber.market.errors import ImportTooLarge
from kuber.market.importing.actions.values import BadValue
from kuber.market.importing.faults import Faults, refuse
from kuber.market.importing.notes import Notes
from kuber.market.symbols import canonical_symbol

MOST_ACTIONS = 100_000
MAX_SYMBOLS = 2000
_FIRST_YEAR, _LAST_YEAR = 1970, 2099
_Key = tuple[str, ActionKind, date]


@dataclass(frozen=True, slots=True)
class Place:
    """Where something stands: in a line of a table, or in an entry of a list."""

    field: str
    line: int | None = None

    @property
    def words(self) -> str:
        return f"line {self.line}" if self.line is not None else self.field


class Actions:
    """Takes what a file tells; what contradicts itself is noted as a fault."""

    def __init__(self, faults: Faults, notes: Notes) -> None:
        self._faults = faults
        self._notes = notes
        self._found: dict[_Key, tuple[CorporateAction, Place]] = {}
        self._unused: Counter[str] = Counter()
        self._symbols: dict[str, str | None] = {}

    def split(self, symbol: str, day: date, ratio: Fraction, place: Place) -> None:
        """Take a split. One of 1:1 is none."""
        if ratio != 1:
            self._take(CorporateAction(symbol, ActionKind.SPLIT, day, ratio), place)

    def dividend(
        self, symbol: str, day: date, amount: Decimal, currency: str | None, place: Place
    ) -> None:
        """Take a dividend of an amount for one share."""
        self._take(
            CorporateAction(symbol, ActionKind.DIVIDEND, day, amount=amount, currency=currency),
            place,
        )

    def add_up(self, one: CorporateAction, place: Place) -> None:
        """Take a dividend that is paid beside another of the same day: the two are one."""
        key = one.symbol, one.kind, one.ex_date
        if key in self._found and one.amount is not None:
            before = self._found[key][0]
            assert before.amount is not None, "a dividend"
            self._found[key] = (
                CorporateAction(
                    one.symbol,
                    one.kind,
                    one.ex_date,
                    amount=before.amount + one.amount,
                    currency=one.currency,
                ),
                place,
            )
            self._notes.add(
                "dividends_added",
                f"{one.symbol} {one.ex_date}: two dividends of one day were added up.",
            )
        else:
            self._take(one, place)

    def rounded(self, value: str) -> None:
        """Note that an amount was rounded."""
        self._notes.add("amount_rounded", f"The amount {value[:40]} was rounded to 8 decimals.")

    def unused(self, kind: str, count: int = 1) -> None:
        """Count what is no split and no dividend."""
        self._unused[kind] += count

    def bad(self, value: BadValue, place: Place) -> None:
        self._faults.add(value.code, value.message, value.remedy, place.line, place.field)

    def symbol(self, written: str, place: Place) -> str | None:
        """Return the normal form of a symbol; a bad one is noted at its first place."""
        if written not in self._symbols:
            try:
                self._symbols[written] = canonical_symbol(written)
            except ValueError as error:
                message = f"{error}." if written else "The symbol is missing."
                self._faults.add(
                    "bad_symbol",
                    message,
                    "Write the ticker, such as AAPL.",
                    place.line,
                    place.field,
                )
                self._symbols[written] = None
        return self._symbols[written]

    def all(self) -> tuple[CorporateAction, ...]:
        """Return what was taken, by symbol and day, and note what was not used."""
        for kind, count in sorted(self._unused.items()):
            noun = "entry of the kind {} is" if count == 1 else "entries of the kind {} are"
            self._notes.add(
                "not_used",
                f"{count:,} {noun.format(repr(kind[:40]))} not used: only splits and cash dividends"
                " are.",
            )
        return tuple(self._found[key][0] for key in sorted(self._found))

    def _take(self, one: CorporateAction, place: Place) -> None:
        if not _FIRST_YEAR <= one.ex_date.year <= _LAST_YEAR:
            self._faults.add(
                "bad_time",
                f"The year of {one.ex_date} is not between {_FIRST_YEAR} and {_LAST_YEAR}.",
                "Write dates like 2024-01-31.",
                place.line,
                place.field,
            )
            return
        key = one.symbol, one.kind, one.ex_date
        before = self._found.get(key)
        if before is None:
            self._found[key] = one, place
            self._require_few()
        elif before[0] == one:
            self._notes.add("repeated", f"{one.symbol} {one.ex_date}: told twice, it counts once.")
        else:
            self._faults.add(
                "different_values",
                f"{one.symbol} has two {one.kind}s on {one.ex_date}: {_value(before[0])} in"
                f" {before[1].words}, {_value(one)} here.",
                "Keep the one that is true; if both dividends were paid, write one with their sum."
                if one.kind is ActionKind.DIVIDEND
                else "Keep the one that is true.",
                place.line,
                place.field,
            )

    def _require_few(self) -> None:
        if len(self._found) > MOST_ACTIONS:
            raise ImportTooLarge(f"The file has more than {MOST_ACTIONS:,} splits and dividends.")
        if len(self._symbols) > MAX_SYMBOLS:
            raise refuse(
                "too_many_symbols",
                f"The file names more than {MAX_SYMBOLS:,} symbols.",
                "Split it by symbol.",
                field="symbol",
            )


def _value(one: CorporateAction) -> str:
    return ratio_text(one.ratio) if one.ratio is not None else f"{one.amount:f}".rstrip("0")
