"""What notices say."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kuber.notifications.types import CHOOSABLE, RULES, NoticeKind
from kuber.notifications.words import words_of

ORDER = {"run_id": "r1", "mode": "paper", "symbol": "AAPL", "side": "buy", "quantity": "1370.00"}


def test_a_filled_order_reads_as_what_was_done() -> None:
    words = words_of(NoticeKind.ORDER_FILLED, ORDER | {"price": "1230.50000000"}, 1)
    assert words.title == "Bought 1,370 AAPL at 1,230.5"
    assert words.text == "In paper mode."
    assert words.path == "/runs/r1"
    sold = words_of(NoticeKind.ORDER_FILLED, ORDER | {"side": "sell", "price": "7"}, 1)
    assert sold.title == "Sold 1,370 AAPL at 7"


def test_one_that_stands_for_several_says_how_many() -> None:
    words = words_of(NoticeKind.ORDER_FILLED, ORDER | {"price": "1"}, 12)
    assert words.text == "The last of 12 orders for AAPL. In paper mode."
    failed = {"pipeline_name": "Cross", "symbol": "AAPL", "message": "No bars.", "run_id": "r"}
    assert words_of(NoticeKind.RUN_FAILED, failed, 3).text == (
        "The last of 3 runs that failed: No bars."
    )


def test_a_deposit_says_how_much_and_where() -> None:
    said = {"account_name": "Mine", "amount": "1250.50", "currency": "USD"}
    words = words_of(NoticeKind.DEPOSIT, said, 1)
    assert (words.title, words.text, words.name) == (
        *("1,250.5 USD deposited", "Paid into Mine."),
        "Mine",
    )
    several = words_of(NoticeKind.DEPOSIT, said, 3)
    assert several.text == "The last of 3 deposits. Paid into Mine."


def test_one_that_stands_for_several_leads_to_all_of_them() -> None:
    said = ORDER | {"pipeline_id": "p", "pipeline_name": "Cross", "price": "1"}
    paths = [words_of(NoticeKind.ORDER_FILLED, said, count).path for count in (1, 3)]
    assert paths == ["/runs/r1", "/runs?pipeline=p"]
    assert words_of(NoticeKind.ORDER_REJECTED, said, 3).path == "/runs?pipeline=p"
    failed = words_of(NoticeKind.RUN_FAILED, said, 1200)
    assert failed.title == "Cross failed 1,200 times, last on AAPL"
    assert failed.path == "/runs?pipeline=p&status=failed"
    older = words_of(NoticeKind.ORDER_FILLED, ORDER | {"price": "1"}, 3)
    assert older.path == "/runs/r1", "it does not know its pipeline"


def test_a_name_is_told_as_it_stands_in_the_sentence() -> None:
    said = ORDER | {"pipeline_id": "p", "pipeline_name": "b" * 100, "source_name": "Scripts"}
    for kind in NoticeKind:
        words = words_of(kind, said, 1)
        assert words.name is None or words.name in words.title + words.text
    assert words_of(NoticeKind.WEBHOOK_REFUSED, said, 1).name == "Scripts"
    assert words_of(NoticeKind.TEST, said, 1).name is None


def test_a_rejected_order_gives_the_reason_of_the_venue() -> None:
    words = words_of(NoticeKind.ORDER_REJECTED, ORDER | {"reason": "Not enough cash."}, 1)
    assert (words.title, words.text) == ("Order to buy 1,370 AAPL rejected", "Not enough cash.")
    assert words_of(NoticeKind.ORDER_REJECTED, ORDER, 1).text == "The venue gave no reason."


def test_an_order_names_its_pipeline() -> None:
    said = ORDER | {"pipeline_name": "Cross", "price": "1", "reason": "Not enough cash."}
    assert [words_of(NoticeKind.ORDER_FILLED, said, count).text for count in (1, 3)] == [
        "By Cross, in paper mode.",
        "The last of 3 orders. By Cross, in paper mode.",
    ]
    assert [words_of(NoticeKind.ORDER_REJECTED, said, count).text for count in (1, 3)] == [
        "Cross: Not enough cash.",
        "The last of 3 orders of Cross: Not enough cash.",
    ]


def test_a_spent_budget_says_how_much_and_until_when() -> None:
    data = {"day": "2026-11-29", "spent": "25.00400000", "limit": "25"}
    words = words_of(NoticeKind.BUDGET_EXHAUSTED, data, 1)
    assert words.text == (
        "$25.00 of $25.00. Nothing starts by itself before 00:00 UTC on 30 November 2026,"
        " unless you raise the budget."
    )
    assert words.path == "/account"


@pytest.mark.parametrize(
    ("day", "title", "next_day"),
    [
        ("2026-12-31", "The budget of 31 December 2026 is spent", "1 January 2027"),
        ("9999-12-31", "The budget of 31 December 9999 is spent", "the next day, at 00:00 UTC"),
        (None, "The budget of the day is spent", "the next day, at 00:00 UTC"),
    ],
)
def test_a_spent_budget_names_its_day(day: str | None, title: str, next_day: str) -> None:
    words = words_of(NoticeKind.BUDGET_EXHAUSTED, {"day": day, "spent": "1", "limit": "1"}, 1)
    assert words.title == title
    assert next_day in words.text


@pytest.mark.parametrize("kind", list(NoticeKind))
def test_no_kind_speaks_of_the_time_when_it_is_read(kind: NoticeKind) -> None:
    data = {"day": "2026-11-29", "spent": "1", "limit": "1", "pipeline_name": "Cross"}
    words = words_of(kind, data | ORDER, 1)
    said = f"{words.title} {words.text}".lower()
    assert not re.search(r"\b(today|tomorrow|yesterday|now|no longer)\b", said)


def test_a_name_is_kept_on_one_line_and_cut() -> None:
    data = {"pipeline_id": "p", "pipeline_name": "a\r\nBcc: x " + "b" * 200, "reason": "Why."}
    title = words_of(NoticeKind.PIPELINE_SWITCHED_OFF, data, 1).title
    assert "\n" not in title
    assert "\r" not in title
    assert title.endswith("… was switched off")
    assert len(title) == 80 + len(" was switched off")


@pytest.mark.parametrize("kind", list(NoticeKind))
def test_every_kind_has_rules_and_reads_without_any_data(kind: NoticeKind) -> None:
    assert RULES[kind].title
    words = words_of(kind, {}, 2)
    assert words.title
    assert words.path in (None, "/account", "/notifications", "/switches", "/reconciliations")


@given(
    st.sampled_from(list(NoticeKind)),
    st.dictionaries(
        st.sampled_from(["symbol", "side", "quantity", "price", "spent", "limit", "run_id", "day"]),
        st.none() | st.text(max_size=20).map(lambda said: said * 100) | st.floats() | st.integers(),
    ),
)
def test_whatever_the_data_holds_there_is_a_line_and_a_text(
    kind: NoticeKind, data: dict[str, object]
) -> None:
    words = words_of(kind, data, 1)
    assert 0 < len(words.title) <= 160
    assert len(words.text) <= 500


def test_alarms_are_mailed_unless_their_user_says_otherwise() -> None:
    assert [kind for kind in CHOOSABLE if RULES[kind].alarm and not RULES[kind].mail] == []
