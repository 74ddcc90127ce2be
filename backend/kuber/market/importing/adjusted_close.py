"""Where a file's adjusted close may tell of splits: where nothing else in the file speaks of them.

A special dividend of a fifth of the price moves the adjusted close as a 5:4 split does.
"""

from collections.abc import Collection
from dataclasses import replace

import numpy as np

from kuber.market.actions.types import Prices
from kuber.market.importing.checks import Numbers
from kuber.market.importing.numerals import plain_numbers
from kuber.market.importing.tables import Table
from kuber.market.types import Timeframe

LARGE_DIVIDEND = 0.1
"""Of the price: from here on a dividend moves the adjusted close nearly as the smallest split."""


def tells_of_splits(columns: Collection[str], timeframe: Timeframe, prices: Prices | None) -> bool:
    """Return whether an adjusted close beside these columns may tell of splits at all."""
    told = "splits" in columns and timeframe not in (Timeframe.W1, Timeframe.MO1)
    return not told and prices is not Prices.ADJUSTED


def adjusted_close_of(
    numbers: Numbers, table: Table, timeframe: Timeframe, prices: Prices | None, *, comma: bool
) -> Numbers:
    """Return the numbers with an adjusted close only where its steps are splits.

    It tells of none where a column of days does, where the user said that prices are adjusted
    already, and on the day of a large dividend. `comma`: decimals stand behind one.
    """
    adj_close = numbers.adj_close
    if adj_close is None:
        return numbers
    if not tells_of_splits(table.frame.columns, timeframe, prices):
        return replace(numbers, adj_close=None)
    if "dividends" not in table.frame.columns:
        return numbers
    text = plain_numbers(table.frame["dividends"].fill_null(""), decimal_comma=comma)
    paid = text.cast(float, strict=False).fill_null(0.0).fill_nan(0.0).to_numpy()
    large = paid >= LARGE_DIVIDEND * numbers.close
    return replace(numbers, adj_close=np.where(large, np.nan, adj_close))
