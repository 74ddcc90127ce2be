"""What an alert in plain text says, and what must not be taken for an order or a confidence."""

import pytest

from kuber.signals.gateway.alert_text import AmbiguousText, read_text
from kuber.signals.gateway.errors import GatewayError
from tests.unit.signals.gateway.test_messages import alert


@pytest.mark.parametrize(
    "text",
    [
        "AAPL Close Crossing Up 200",
        "AAPL close crossing 200",
        "AAPL Close > 200",
        "AAPL close at 187.20",
        "AAPL close: 187.20",
        "AAPL close 187.20 crossing up",
        "AAPL close 50 day high",
        "AAPL close - 187.20",
        "AAPL close price above average",
        "AAPL close-up",
        "AAPL exit signal pending",
        "AAPL flat market",
        "AAPL neutral on the RSI",
        "AAPL close long term high",
        "AAPL close (187.20)",
        "AAPL close now 187 points",
    ],
)
def test_a_word_of_another_sentence_leaves_no_position(text: str) -> None:
    with pytest.raises(AmbiguousText):
        read_text(text)


@pytest.mark.parametrize(
    ("text", "confidence"),
    [
        ("AAPL close", None),
        ("AAPL close  ", None),
        ("AAPL CLOSE\n", None),
        ("AAPL close\r\nby the desk", None),
        ("AAPL close 90", 90),
        ("AAPL close 90%", 90),
        ("AAPL close 90, target hit", 90),
        ("AAPL close.", None),
        ("AAPL close: target hit", None),
        ("AAPL close - target hit", None),
        ("AAPL close, target hit", None),
        ("AAPL close; done", None),
        ("AAPL close | done", None),
        ("AAPL close!", None),
        ("AAPL close (target)", None),
        ("AAPL close position", None),
        ("AAPL close the position now", None),
        ("AAPL close long", None),
        ("AAPL close short 90", 90),
        ("AAPL close now!", None),
    ],
)
def test_an_order_to_leave_ends_or_goes_on_with_a_confidence_or_a_sign(
    text: str, confidence: float | None
) -> None:
    for word in ("close", "exit", "flat", "neutral"):
        found = read_text(text.replace("close", word))
        assert found is not None
        assert found.ticker == "AAPL"
        assert found.confidence == confidence


@pytest.mark.parametrize(
    "behind",
    [
        "50 shares at 187.20",
        "50 contracts",
        "1500 shares",
        "1,000 shares",
        "3 lots",
        "2 units",
        "1 lot",
        "10 @ 187",
        "10 @187",
        "50 at 187",
        "10x",
        "10 x 187",
        "0.5 BTC",
        "100 usd",
        "100 CHF",
        "$500",
        "-5",
        ".5 lots",
        "@187.20",
        "80 187.20",
        "80,187.20",
        "80|187.20",
        "80-90",
        "10:30",
        "50% of the position",
        "50 day high",
        "50k",
        "5 * 10",
        "10 mini lots",
        "5 limit 187",
        "10 market",
        "2 calls",
        "10 oz",
    ],
)
def test_an_amount_or_a_price_is_no_confidence(behind: str) -> None:
    for action in ("buy", "sell", "long", "SHORT"):
        with pytest.raises(AmbiguousText, match="amount"):
            read_text(f"MSFT {action} {behind}")


@pytest.mark.parametrize("text", ["AAPL sell-off expected", "AAPL long-term view"])
def test_half_a_word_is_no_order(text: str) -> None:
    with pytest.raises(AmbiguousText):
        read_text(text)


@pytest.mark.parametrize(
    ("behind", "confidence"),
    [
        ("", None),
        (" because of the weather", None),
        (" at 187.20", None),
        (": strong", None),
        ("\n50 shares", None),
        (" 80", 80),
        (" 80 ", 80),
        (" 62.5", 62.5),
        (" 80%", 80),
        (" 80 % sure", 80),
        (" 80.", 80),
        (" 80, strong", 80),
        (" 80 - strong", 80),
        (" 80 | 187.20", 80),
        (" 80\n187.20", 80),
        (" 80 (strong)", 80),
        (" 80 strong", 80),
        (" 75.5 RSI 71", 75.5),
        (" 80 above the 50 day line", 80),
        (" 80 \N{ROCKET}", 80),
        (" 80 unitary", 80),
        (" 80 all in", 80),
        (" 120", 120),
    ],
)
def test_a_confidence_ends_or_is_followed_by_a_sign_or_a_word(
    behind: str, confidence: float | None
) -> None:
    found = read_text(f"AAPL buy{behind}")
    assert found is not None
    assert (found.ticker, found.action, found.confidence) == ("AAPL", "buy", confidence)


@pytest.mark.parametrize("text", ["MSFT sell 50 shares at 187.20", "AAPL Close Crossing Up 200"])
def test_what_is_not_clear_is_refused_with_what_to_write(text: str) -> None:
    with pytest.raises(GatewayError) as caught:
        alert(text.encode(), "text/plain")
    assert caught.value.code == "not_json"
    assert '"{{ticker}} buy"' in caught.value.problems[0].remedy
