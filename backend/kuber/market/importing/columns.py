"""Which column of a file is what: by its name in any usual spelling, or, where a file has no names,
by the shape of its first line. Recognising maps columns and nothing else."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from kuber.market.importing.clocks import Clock, clock_of, holds_clocks, is_clock, joined_clock
from kuber.market.importing.faults import Faults
from kuber.market.importing.notes import Notes
from kuber.market.symbols import BadSymbol, Symbol, parse_symbol

PRICES = ("open", "high", "low", "close")

# Names without signs and in lower case, in German, French, Spanish, Italian and Portuguese too, of
# which letters with accents fall away; of several columns for one thing the first name counts.
BAR_NAMES: dict[str, tuple[str, ...]] = {
    "symbol": ("symbol", "ticker", "instrument", "pair", "sym", "code"),
    "time": (
        *("time", "timestamp", "datetime", "opentime", "unix", "unixtime", "unixtimestamp"),
        *("timeperiodstart", "starttime", "gmttime", "timeutc", "dateandtime", "begin"),
        *("windowstart", "t"),
        *("zeit", "uhrzeit", "zeitpunkt", "zeitstempel", "datumzeit", "datumuhrzeit"),
        *("heure", "horaire", "horodatage", "dateheure", "dateetheure"),
        *("hora", "horario", "horrio", "fechahora", "fechayhora", "datahora", "dataehora"),
        *("ora", "orario", "dataora", "dataeora"),
    ),
    "date": (
        "date",
        "day",
        "tradingday",
        "tradedate",
        "dtyyyymmdd",
        "yyyymmdd",
        "datum",
        "fecha",
        "data",
    ),
    "open": (
        *("open", "openprice", "o", "erster", "erffnung", "erffn", "eroeffnung", "erffnungskurs"),
        *("eroeffnungskurs", "ouverture", "ouv", "apertura", "abertura"),
    ),
    "high": (
        *("high", "highprice", "max", "h", "hoch", "tageshoch", "hchst", "hoechst", "hchstkurs"),
        *("plushaut", "haut", "mximo", "maximo", "mxima", "maxima", "massimo"),
    ),
    "low": (
        *("low", "lowprice", "min", "l", "tief", "tagestief", "tiefst", "tiefstkurs"),
        *("plusbas", "bas", "mnimo", "minimo", "mnima", "minima"),
    ),
    "close": (
        *("close", "closelast", "closeprice", "last", "price", "c", "schluss", "schlu"),
        *("schlusskurs", "schlukurs", "letzter", "zuletzt", "clture", "cloture", "dernier"),
        *("cierre", "ltimo", "ultimo", "chiusura", "fechamento"),
    ),
    "volume": (
        *("volume", "vol", "basevolume", "volumefrom", "volumebase", "v", "tickvol"),
        *("tickvolume", "totalvolume", "stcke", "stck", "stuecke", "volumen"),
    ),
    "adj_close": ("adjclose", "adjustedclose", "adjcloseprice", "closeadj", "closeadjusted"),
    "dividends": ("dividends", "dividend", "dividendamount", "divcash"),
    "splits": (
        *("stocksplits", "stocksplit", "splitcoefficient", "splitfactor"),
        *("splitratio", "splits", "split"),
    ),
}
KNOWN_NAMES = tuple(name for names in BAR_NAMES.values() for name in names)
"""Every name of a column that is read, in lower case and without signs."""

_NUMBERED = re.compile(r"^\d+")
_VOLUME_OF = re.compile(r"volume([a-z0-9]{2,10})")
_NUMBER = re.compile(r"[+-]?\d[\d.,]*(?:[eE][+-]?\d+)?")
_PLAIN_DATE = re.compile(r"\d{4}[.\-/]?\d{2}[.\-/]?\d{2}|\d{1,2}([./-])\d{1,2}\1\d{4}")


@dataclass(frozen=True, slots=True)
class Columns:
    """Places of the columns that count; `clock` is one with the time of day beside a date."""

    places: dict[str, int]
    """By role: symbol, time, date, open, high, low, close, volume, adj_close, dividends, splits."""
    clock: Clock | None = None
    has_header: bool = True
    unread_clock: str | None = None
    """The name of a column that holds times of the day and was passed over, of a file whose dates
    have none beside them."""

    @property
    def when(self) -> str:
        """The role of the column that tells the time."""
        return "time" if "time" in self.places else "date"


def read_columns(
    header: Sequence[str],
    rows: Sequence[Sequence[str]],
    line: int,
    notes: Notes,
    symbol: str | None = None,
) -> Columns:
    """Return what each column is, from the names and the rows of values that are looked at.

    `symbol` is whose bars these are, where no column says so.

    Raises ImportRefused naming every column that is missing or there twice.
    """
    if _is_values(header):
        return _without_names(header, line)
    names = [plain_name(name) for name in header]
    faults = Faults()
    places: dict[str, int] = {}
    for role, known in BAR_NAMES.items():
        found = [name for name in known if name in names]
        if role == "volume" and not found:
            found = [name for name in names if _VOLUME_OF.fullmatch(name)]
        if not found:
            continue
        usual, in_base = found[0], list[str]()
        if role == "volume":
            pair = _pair_of(rows, places.get("symbol"), symbol)
            in_base = [name for name in found if _counts_base(name, pair)]
            found = (
                in_base + [name for name in found if name not in in_base]
                if in_base
                else _filled_first(found, names, rows)
            )
        places[role] = names.index(found[0])
        if names.count(found[0]) > 1:
            title = header[places[role]].strip()
            faults.add(
                "duplicate_column",
                f"The column {title.lower()!r} is there twice.",
                "Name each column once.",
                line,
                title.lower(),
            )
        titles = [header[names.index(name)] for name in found]
        _tell_unused(role, titles, notes, others_empty=not in_base and found[0] != usual)
    if "date" not in places and "time" not in places and names and not names[0]:
        places["date"] = 0  # the index that pandas writes without a name
    clock = _clock_beside(places, rows)
    _require(places, line, faults)
    faults.refuse_if_any()
    alone = clock is None and "time" not in places
    return Columns(
        places, clock, unread_clock=_unread_clock(header, rows, places) if alone else None
    )


def plain_name(name: str) -> str:
    """Return the name of a column in lower case and without signs."""
    plain = re.sub(r"[^a-z0-9]", "", name.strip().lower())
    return _NUMBERED.sub("", plain) or plain


def _pair_of(rows: Sequence[Sequence[str]], place: int | None, said: str | None) -> Symbol | None:
    """Return the one symbol that these rows are of; None where there are several, or none."""
    written = {said} if place is None else {row[place].strip() for row in rows if place < len(row)}
    if len(written) != 1:
        return None
    try:
        return parse_symbol(written.pop() or "")
    except BadSymbol:
        return None


def _counts_base(name: str, pair: Symbol | None) -> bool:
    """Return whether a column such as `volumebtc` counts what the pair trades, not its price."""
    coin = _VOLUME_OF.fullmatch(name)
    if coin is None or pair is None or not pair.base:
        return False
    try:
        counted = parse_symbol(f"{coin[1]}/{pair.quote}")
    except BadSymbol:
        return False
    return counted.base == pair.base


def _filled_first(
    found: list[str], names: Sequence[str], rows: Sequence[Sequence[str]]
) -> list[str]:
    """Put columns of nothing but zeros last: MetaTrader 5 counts ticks in TICKVOL, and VOL is 0
    where no exchange tells a volume."""

    def is_empty(name: str) -> bool:
        at = names.index(name)
        return not any(at < len(row) and row[at].strip().strip("0.,") for row in rows)

    return sorted(found, key=is_empty)


def _tell_unused(
    role: str, found: Sequence[str], notes: Notes, *, others_empty: bool = False
) -> None:
    if len(found) > 1 and role in ("close", "volume", "adj_close"):
        used, *others = (repr(name.strip()) for name in found)
        why = ", where nothing but zeros was found" if others_empty else ""
        left = " and ".join(others)
        notes.add("column_left_out", f"{used} is read as {role}, {left} is not{why}.")


def _clock_beside(places: dict[str, int], rows: Sequence[Sequence[str]]) -> Clock | None:
    """Take a column that holds only the time of day for what stands beside the date, and leave it
    out where it holds nothing but zeros: the bars are whole days."""
    if "time" not in places or "date" not in places:
        return None
    at = places["time"]
    values = [row[at].strip() for row in rows if at < len(row)]
    if is_clock(values):
        del places["time"]
        return clock_of(at, values)
    del places["date"]  # both tell the whole time
    return None


def _unread_clock(
    header: Sequence[str], rows: Sequence[Sequence[str]], places: dict[str, int]
) -> str | None:
    """Return the name of a column that is not read and holds times of the day."""
    for at, name in enumerate(header):
        values = [row[at].strip() for row in rows if at < len(row)]
        if at not in places.values() and holds_clocks(values):
            return name.strip()
    return None


def _require(places: dict[str, int], line: int, faults: Faults) -> None:
    if "time" not in places and "date" not in places:
        faults.add(
            "missing_column",
            "No column tells the time.",
            "Add a column 'time', 'timestamp' or 'date' to the header.",
            line,
            "time",
        )
    for role in PRICES:
        if role not in places:
            faults.add(
                "missing_column",
                f"The column {role!r} is missing.",
                f"Add a column {role!r} to the header.",
                line,
                role,
            )


def _is_values(header: Sequence[str]) -> bool:
    """Return whether the first line already holds a bar: a time, then numbers."""
    cells = [cell.strip() for cell in header]
    numbers = [cell for cell in cells if _NUMBER.fullmatch(cell)]
    return len(cells) >= 5 and len(numbers) >= 5


def _without_names(cells: Sequence[str], line: int) -> Columns:
    """Return the columns of a file without names: a time first, or a date and a time of day, then
    open, high, low, close and perhaps volume, as Binance, Kraken and MetaTrader 4 write it."""
    two = bool(_PLAIN_DATE.fullmatch(cells[0].strip())) and joined_clock(cells)
    start = 2 if two else 1
    roles = (*PRICES, "volume")
    places = {role: start + at for at, role in enumerate(roles) if start + at < len(cells)}
    if "close" not in places:
        faults = Faults()
        faults.add(
            "missing_column",
            "The file has no line with the names of its columns, and too few columns for a bar.",
            "Write the names into the first line: symbol,time,open,high,low,close,volume.",
            line,
        )
        faults.refuse_if_any()
    clock = Clock(1) if two else None
    return Columns({("date" if two else "time"): 0, **places}, clock, has_header=False)
