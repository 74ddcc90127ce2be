"""No cell of a statement is taken for a formula; amounts stay amounts."""

import csv
import io
from datetime import UTC, datetime
from decimal import Decimal
from uuid import UUID

import pytest

from kuber.ledger.report import Moved, Place
from kuber.trading.accounts.statement import _COLUMNS, _csv, _row

AT = datetime(2026, 1, 2, tzinfo=UTC)


def cells(**said: str) -> dict[str, str]:
    moved = Moved(
        place=Place(1, 1),
        transaction_id=UUID(int=1),
        at=AT,
        kind="fee",
        state="posted",
        debit="fees",
        credit="cash",
        amount=Decimal("1.50"),
        unit=said.get("unit", "USD"),
        symbol=said.get("symbol"),
        order_id=None,
        venue_execution_id=said.get("venue_execution_id"),
        memo=said.get("memo", ""),
        change=Decimal("-1.50"),
    )
    page = _csv([_COLUMNS, _row(moved, Decimal(-2), "USD")]).decode()
    (row,) = csv.DictReader(io.StringIO(page))
    return row


@pytest.mark.parametrize("name", ["memo", "symbol", "venue_execution_id", "unit"])
@pytest.mark.parametrize("text", ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "\n=1"])
def test_a_text_that_begins_a_formula_is_neutralised(name: str, text: str) -> None:
    column = {"memo": "description"}.get(name, name)
    assert cells(**{name: text})[column] == f"'{text}"


def test_amounts_keep_their_sign_and_plain_texts_stay() -> None:
    row = cells(memo='a "note", with commas', symbol="BRK.B")
    assert (row["change"], row["balance"], row["amount"]) == ("-1.5", "-2", "1.5")
    assert (row["description"], row["symbol"]) == ('a "note", with commas', "BRK.B")
