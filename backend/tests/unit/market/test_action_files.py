"""Files of splits and dividends: recognised by their shape, read exactly, refused with a remedy."""

import json
from datetime import date
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest

from kuber.market.actions.types import ActionKind, CorporateAction
from kuber.market.errors import ImportRefused
from kuber.market.importing.actions.values import BadValue, read_amount, read_ratio
from kuber.market.importing.facts import FileFacts
from kuber.market.importing.passes import check
from kuber.market.importing.said import Said

SPLIT, DIVIDEND = ActionKind.SPLIT, ActionKind.DIVIDEND
DAY = date(2020, 8, 31)


@pytest.fixture
def read(tmp_path: Path) -> Any:
    def reading(text: str, name: str = "file.csv", symbol: str | None = "ACME") -> FileFacts:
        path = tmp_path / "file"
        path.write_text(text)
        *_, facts = check(name, path, Said(symbol=symbol))
        assert isinstance(facts, FileFacts)
        return facts

    return reading


def told(facts: FileFacts) -> list[tuple[str, date, Fraction | Decimal | None]]:
    return [(one.symbol, one.ex_date, one.ratio or one.amount) for one in facts.actions]


@pytest.mark.parametrize(
    ("written", "ratio"),
    [
        ("4:1", Fraction(4)),
        ("4/1", Fraction(4)),
        ("4.0", Fraction(4)),
        ("4 for 1", Fraction(4)),
        ("2-for-1", Fraction(2)),
        ("1:35", Fraction(1, 35)),
        ("0.0285714", Fraction(1, 35)),
        ("1.05", Fraction(21, 20)),
        ("21:20", Fraction(21, 20)),
        ("1000:1003", Fraction(1000, 1003)),
        ("0.997009", Fraction(1000, 1003)),
        ("1.333333", Fraction(4, 3)),
        ("0.1", Fraction(1, 10)),
        ("1.5:1", Fraction(3, 2)),
        ("1e-1", Fraction(1, 10)),
    ],
)
def test_ratios_are_read_exactly(written: str, ratio: Fraction) -> None:
    assert read_ratio(written) == ratio


@pytest.mark.parametrize(
    "written",
    ["0", "0.0", "-4", "4:0", "0:4", "-4:1", "4:-1", "four", "4:1:2", "nan", "inf", "1e99", ":"],
)
def test_what_is_no_ratio_is_refused(written: str) -> None:
    with pytest.raises(BadValue) as refused:
        read_ratio(written)
    assert refused.value.code == "bad_ratio"
    assert repr(written)[1:-1] in refused.value.message


@pytest.mark.parametrize(
    ("written", "says"),
    [
        ("$0.24", "names a currency"),
        ("0.24 USD", "names a currency"),
        ("0,24", "has a comma"),
        ("-0.24", "is negative"),
        ("0", "is zero"),
        ("0.000000001", "smaller"),
        ("1e10", "too large"),
        ("nan", "names a currency|not a number"),
        ("", "not a number"),
    ],
)
def test_what_is_no_amount_is_refused(written: str, says: str) -> None:
    with pytest.raises(BadValue) as refused:
        read_amount(written)
    assert any(one in refused.value.message for one in says.split("|"))


def test_amounts_are_exact_or_rounded_to_eight_decimals_and_said_so() -> None:
    assert read_amount("0.1") == (Decimal("0.1"), False)
    assert read_amount("0.123456785") == (Decimal("0.12345678"), True)


@pytest.mark.parametrize(
    "text",
    [
        "Date,Stock Splits\n2020-08-31,4:1\n",
        "Date,Stock Splits\n2020-08-31,4/1\n",
        "Date,Stock Splits\n2020-08-31 00:00:00-04:00,4.0\n",
        "Date,Dividends,Stock Splits\n2020-08-28,0.0,0.0\n2020-08-31,0.0,4.0\n",
        "symbol,ex_date,ratio\nacme,31.08.2020,4:1\n",
        "symbol;date;from;to\nNYSE:ACME;2020-08-31;1;4\n",
        '"Aug 31, 2020",x\n'.replace('"Aug 31, 2020",x\n', "") + "date,ratio\n20200831,4 for 1\n",
        "ticker,execution_date,split_from,split_to\nACME,2020-08-31,1,4\n",
        "date,type,ratio,amount\n2020-08-31,split,4:1,\n",
    ],
)
def test_splits_are_recognised_by_the_shape_of_the_file(read: Any, text: str) -> None:
    facts = read(text)
    assert told(facts) == [("ACME", DAY, Fraction(4))]
    assert (facts.timeframe, facts.symbols, facts.all_symbols) == (None, (), ["ACME"])


@pytest.mark.parametrize(
    "text",
    [
        "Date,Dividends\n2020-08-31,0.205\n",
        "symbol,ex_date,amount,currency\nACME,2020-08-31,0.205,usd\n",
        "date,kind,amount\n2020-08-31,dividend,0.205\n",
    ],
)
def test_dividends_are_recognised_by_the_shape_of_the_file(read: Any, text: str) -> None:
    facts = read(text)
    assert told(facts) == [("ACME", DAY, Decimal("0.205"))]
    assert facts.actions[0].currency == ("USD" if "usd" in text else None)


def alpaca(**kinds: list[dict[str, object]]) -> dict[str, object]:
    return {"corporate_actions": kinds, "next_page_token": None}


FORWARD = {
    "symbol": "ACME",
    "new_rate": 4,
    "old_rate": 1,
    "process_date": "2020-08-31",
    "ex_date": "2020-08-31",
    "record_date": "2020-08-24",
}


@pytest.mark.parametrize("inner", [True, False])
def test_alpacas_answer_is_read_exactly(read: Any, inner: bool) -> None:
    whole = alpaca(
        forward_splits=[FORWARD],
        reverse_splits=[FORWARD | {"ex_date": "2021-01-04", "new_rate": 1, "old_rate": 35}],
        cash_dividends=[{"symbol": "ACME", "rate": 0.1, "special": False, "ex_date": "2021-01-05"}],
        spin_offs=[{}, {}],
    )
    facts = read(json.dumps(whole["corporate_actions"] if inner else whole), "a.json", None)
    assert facts.actions == (
        CorporateAction("ACME", DIVIDEND, date(2021, 1, 5), amount=Decimal("0.1")),
        CorporateAction("ACME", SPLIT, DAY, Fraction(4)),
        CorporateAction("ACME", SPLIT, date(2021, 1, 4), Fraction(1, 35)),
    )
    assert [one.message for one in facts.notes if one.code == "not_used"] == [
        "2 entries of the kind 'spin_offs' are not used: only splits and cash dividends are."
    ]


@pytest.mark.parametrize("first", [True, False])
def test_a_special_dividend_is_added_to_the_usual_one_of_its_day(read: Any, first: bool) -> None:
    usual = {"symbol": "ACME", "rate": 0.25, "special": False, "ex_date": "2020-08-31"}
    both = [usual | {"rate": 3, "special": True}, usual]
    facts = read(json.dumps(alpaca(cash_dividends=both if first else both[::-1])), "a.json", None)
    assert told(facts) == [("ACME", DAY, Decimal("3.25"))]
    assert "dividends_added" in {one.code for one in facts.notes}


def refusals(read: Any, text: str, name: str = "file.csv", **said: Any) -> list[tuple[Any, ...]]:
    with pytest.raises(ImportRefused) as refused:
        read(text, name, **said)
    assert all(one.remedy for one in refused.value.problems)
    return [(one.code, one.line, one.field) for one in refused.value.problems]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Date,Stock Splits\n2020-08-31,0\n", ("bad_ratio", 2, "stock splits")),
        ("Date,Stock Splits\n2020-08-28,2:1\n2020-08-31,-4\n", ("bad_ratio", 3, "stock splits")),
        ("Date,Stock Splits\n2020-08-31,\n", ("missing_value", 2, "stock splits")),
        ("Date,Dividends\n2020-08-31,$0.2\n", ("bad_amount", 2, "dividends")),
        ("Date,Dividends\nsoon,0.2\n", ("bad_time", 2, "date")),
        ("Date,Dividends\n1820-08-31,0.2\n", ("bad_time", 2, "dividends")),
        ("Date,Dividends\n03/04/2020,0.2\n", ("doubtful_dates", 2, "date_order")),
        ("symbol,date,ratio\n,2020-08-31,4:1\n", ("bad_symbol", 2, "symbol")),
        ("date,amount,currency\n2020-08-31,1,dollars\n", ("bad_currency", 2, "currency")),
        ("date,ratio\n2020-08-31,4:1\n2020-08-31,5:1\n", ("different_values", 3, "ratio")),
        ("date,amount\n2020-08-31,1\n2020-08-31,2\n", ("different_values", 3, "amount")),
        ("date,ratio\n2020-08-31,4:1,7\n", ("ragged_line", 2, None)),
        ("date,ratio\n", ("empty_file", None, None)),
        ("Date,Dividends,Stock Splits\n2020-08-31,0.0,0.0\n", ("empty_file", None, None)),
    ],
)
def test_faults_name_line_and_column(read: Any, text: str, expected: tuple[Any, ...]) -> None:
    assert refusals(read, text) == [expected]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("{", ("bad_json", 1, None)),
        ('{"bars": {}}', ("unknown_format", None, None)),
        ("[1]", ("unknown_format", None, None)),
        ('{"cash_dividends": [1]}', ("bad_entry", None, "cash_dividends[0]")),
        ("[" * 100_000, ("bad_json", None, None)),
        (
            '{"cash_dividends": [{"symbol": "A", "ex_date": "2020-08-31", "rate": 1e999999999}]}',
            ("bad_number", None, "cash_dividends[0]"),
        ),
        (
            '{"forward_splits": [{"symbol": "A", "ex_date": "2020-08-31", "new_rate": 4}]}',
            ("missing_value", None, "forward_splits[0]"),
        ),
        (
            '{"forward_splits": [{"symbol": "A", "ex_date": "x", "new_rate": 4, "old_rate": 1}]}',
            ("bad_time", None, "forward_splits[0]"),
        ),
    ],
)
def test_faults_in_json_name_the_entry(read: Any, text: str, expected: tuple[Any, ...]) -> None:
    assert refusals(read, text, "a.json") == [expected]


def test_the_same_word_twice_counts_once(read: Any) -> None:
    facts = read("date,ratio\n2020-08-31,4:1\n2020-08-31,8:2\n")
    assert told(facts) == [("ACME", DAY, Fraction(4))]
    assert "repeated" in {one.code for one in facts.notes}


def test_a_file_that_names_no_symbol_asks_for_it(read: Any) -> None:
    text = "Date,Stock Splits\n2020-08-31,4:1\n"
    assert refusals(read, text, symbol=None) == [("missing_column", None, "symbol")]
    assert told(read(text, "NASDAQ_ACME, 1D.csv", None))[0][0] == "ACME"


def test_other_kinds_are_named_and_not_used(read: Any) -> None:
    facts = read("date,kind,ratio\n2020-08-31,split,4:1\n2020-09-01,merger,1:1\n")
    assert told(facts) == [("ACME", DAY, Fraction(4))]
    assert any("'merger'" in one.message for one in facts.notes)


@pytest.mark.parametrize("text", ["date,close,dividends\n2020-08-31,1,2\n", "date,volume\n1,2\n"])
def test_a_file_with_prices_is_one_of_bars(read: Any, text: str) -> None:
    assert {code for code, _, _ in refusals(read, text)} == {"missing_column"}


BARS = "Date,Open,High,Low,Close,Volume,Dividends,Stock Splits\n"


def test_columns_beside_bars_are_read_where_they_tell_of_something(read: Any) -> None:
    days = (("2020-08-28", "0.0", "0.0"), ("2020-08-31", "0.0", "4.0"), ("2020-09-01", "0.25", ""))
    facts = read(BARS + "".join(f"{day},1,1,1,1,5,{paid},{split}\n" for day, paid, split in days))
    assert told(facts) == [
        ("ACME", date(2020, 9, 1), Decimal("0.25")),
        ("ACME", DAY, Fraction(4)),
    ]
    [one] = facts.symbols
    assert [(seen.split.ratio, seen.first) for seen in one.seen] == [(Fraction(4), 1)]


def test_a_bad_value_beside_bars_is_named(read: Any) -> None:
    text = BARS + "2020-08-28,1,1,1,1,5,0.0,0.0\n2020-08-31,1,1,1,1,5,x,-4\n"
    text += "2020-09-01,1,1,1,1,5,0.0,0.0\n"
    assert refusals(read, text) == [("bad_ratio", 3, "splits"), ("bad_amount", 3, "dividends")]


def test_columns_beside_weeks_name_no_day_and_are_not_used(read: Any) -> None:
    days = ("2020-08-17", "2020-08-24", "2020-08-31")
    facts = read(BARS + "".join(f"{day},1,1,1,1,5,0.5,0.0\n" for day in days))
    assert facts.actions == ()
    assert "no_day" in {one.code for one in facts.notes}
