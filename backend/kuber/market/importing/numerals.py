"""How a file writes its numbers: with a point or a comma before the decimals, in thousands, with
currency signs, in millions."""

import re
from collections.abc import Iterable

import polars as pl

from kuber.market.importing.faults import refuse
from kuber.market.importing.notes import Notes

_COMMA_ONLY = re.compile(r"[+-]?\d+,\d+")
_GROUPED_BY_COMMA = re.compile(r"[+-]?\d{1,3}(,\d{3})+")
_GROUPED_BY_POINT = re.compile(r"[+-]?\d{1,3}(\.\d{3}){2,}")
_POINT_ONLY = re.compile(r"[+-]?\d+\.\d+")
_GROUPS_BY_COMMA = r"^[+-]?\d{1,3}(,\d{2,3})*,\d{3}(\.\d*)?\s*[KMB]?$"
_GROUPS_BY_POINT = r"^[+-]?\d{1,3}(\.\d{3})+(,\d*)?\s*[KMB]?$"
"""Thousands; in India every two digits but for the last three."""
_SIGNS = r"^[$\u20ac\u00a3\u00a5]\s*|\s*[$\u20ac\u00a3\u00a5]$"
_SAMPLE = 5_000
"""Values that are looked at; a file writes all its numbers alike."""
_UNITS = {"K": 1e3, "M": 1e6, "B": 1e9}
_IN_UNITS = r"^([+-]?[\d.]+)\s*([KMB])$"


def is_decimal_comma(values: Iterable[str | None], line: int) -> bool:
    """Return whether the decimals of these prices stand behind a comma.

    Raises ImportRefused when they contradict each other, or when thousands and decimals cannot be
    told apart.
    """
    comma = point = doubtful = False
    for value in values:
        text = (value or "").strip().lstrip("$\u20ac\u00a3\u00a5 ")
        if "," in text and "." in text:
            comma |= text.rfind(",") > text.rfind(".")
            point |= text.rfind(".") > text.rfind(",")
        elif _GROUPED_BY_COMMA.fullmatch(text):
            doubtful = True
        elif _COMMA_ONLY.fullmatch(text) or _GROUPED_BY_POINT.fullmatch(text):
            comma = True
        elif _POINT_ONLY.fullmatch(text):
            point = True
    if comma and point:
        raise refuse(
            "mixed_decimals",
            "Some prices have their decimals behind a comma, others behind a point.",
            "Write all of them alike, with a point: 1234.5.",
            line,
        )
    if doubtful and not comma and not point:
        raise refuse(
            "doubtful_decimals",
            "Prices such as 1,234 may be a thousand or a little more than one.",
            "Write prices with a point before the decimals and nothing between thousands: 1234.0.",
            line,
        )
    return comma


def plain_numbers(column: pl.Series, *, decimal_comma: bool) -> pl.Series:
    """Return the texts of a column as plain numbers are written, as far as they can be read.

    A sign between thousands goes away where it stands between thousands; anywhere else it stays,
    and what has it is no number.
    """
    text = column.str.strip_chars().str.replace_all(_SIGNS, "")
    between, grouped = (".", _GROUPS_BY_POINT) if decimal_comma else (",", _GROUPS_BY_COMMA)
    if text.str.contains(between, literal=True).any():
        plain = text.str.replace_all(between, "", literal=True)
        text = pl.select(
            pl.when(text.str.contains(grouped)).then(plain).otherwise(text)
        ).to_series()
    return text.str.replace_all(",", ".", literal=True) if decimal_comma else text


def plain_volumes(column: pl.Series, *, decimal_comma: bool, notes: Notes) -> pl.Series:
    """Return volumes as plain numbers; none, `NaN` and a dash are 0, `82.49M` is read."""
    text = plain_numbers(column, decimal_comma=decimal_comma).fill_null("")
    missing = text.str.to_lowercase().is_in(["", "nan", "null", "none", "n/a", "-", "--"])
    if missing.any():
        notes.count(
            "no_volume",
            int(missing.sum()),
            "One line has no volume, which counts as 0.",
            "{count} lines have no volume, which counts as 0.",
        )
    text = pl.select(pl.when(missing).then(pl.lit("0")).otherwise(text)).to_series()
    units = text.str.extract(_IN_UNITS, 2)
    if units.is_null().all():
        return text
    amounts = text.str.extract(_IN_UNITS, 1).cast(pl.Float64, strict=False)
    scaled = amounts * units.replace_strict(_UNITS, default=None, return_dtype=pl.Float64)
    return pl.select(
        pl.when(units.is_not_null()).then(scaled.cast(pl.String)).otherwise(text)
    ).to_series()


def sample_of(columns: Iterable[pl.Series]) -> Iterable[str | None]:
    """Give some values of each column."""
    for column in columns:
        yield from column.head(_SAMPLE).to_list()
