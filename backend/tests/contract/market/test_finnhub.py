"""What is special about Finnhub: its key, plans without history, splits, bad answers."""

from collections.abc import Iterator
from datetime import date, timedelta

import pytest

from kuber.kernel.clock import FixedClock
from kuber.kernel.ids import UserId, new_id
from kuber.market.errors import ProviderUnavailable
from kuber.market.providers.finnhub import FinnhubBars
from kuber.market.types import Timeframe
from tests.fakes.bars import utc
from tests.fakes.finnhub_server import Finnhub, finnhub_server
from tests.fakes.json_server import JsonServer, client
from tests.fakes.memory_answers import answers_at

USER = UserId(new_id())
NOW = utc("2025-11-19T18:10:00")
CANDLES, SPLITS, QUOTE = "/stock/candle", "/stock/split", "/quote"


@pytest.fixture
def running() -> Iterator[tuple[Finnhub, JsonServer]]:
    with finnhub_server() as made:
        yield made


@pytest.fixture
def server(running: tuple[Finnhub, JsonServer]) -> JsonServer:
    return running[1]


@pytest.fixture
def clock() -> FixedClock:
    return FixedClock(NOW)


@pytest.fixture
def finnhub(server: JsonServer, clock: FixedClock) -> FinnhubBars:
    return FinnhubBars("the-key", clock, answers_at(clock), url=server.url, client=client())


@pytest.mark.parametrize(
    ("status", "words"), [(401, "KUBER_FINNHUB_API_KEY"), (429, "rate limit"), (500, "HTTP 500")]
)
async def test_a_refusal_says_why(
    server: JsonServer, finnhub: FinnhubBars, status: int, words: str
) -> None:
    server.status = status
    with pytest.raises(ProviderUnavailable, match=words) as caught:
        await finnhub.instrument(USER, "NVDA")
    assert "the-key" not in caught.value.detail


async def test_a_plan_without_candles_is_said_plainly_and_not_asked_again_for_a_while(
    server: JsonServer, finnhub: FinnhubBars, clock: FixedClock
) -> None:
    server.refused[CANDLES] = 403
    assert await finnhub.instrument(USER, "NVDA") is not None
    for _ in range(2):
        with pytest.raises(ProviderUnavailable, match=r"plan .* has no price history .* import"):
            await finnhub.bars(USER, "NVDA", Timeframe.D1, NOW, 5)
    assert len(server.asked(CANDLES)) == 1
    clock.advance(timedelta(minutes=11))
    server.refused.clear()
    assert await finnhub.bars(USER, "NVDA", Timeframe.D1, NOW, 5) is not None


async def test_without_splits_there_are_no_prices(server: JsonServer, finnhub: FinnhubBars) -> None:
    server.refused[SPLITS] = 403
    with pytest.raises(ProviderUnavailable, match="has no splits"):
        await finnhub.bars(USER, "NVDA", Timeframe.D1, NOW, 5)


async def test_retry_after_is_waited_for_without_a_question(
    server: JsonServer, finnhub: FinnhubBars, clock: FixedClock
) -> None:
    server.status, server.headers = 429, {"Retry-After": "17"}
    for _ in range(3):
        with pytest.raises(ProviderUnavailable) as caught:
            await finnhub.instrument(USER, "NVDA")
        assert caught.value.retry_after_s == 17
    assert len(server.requests) == 1
    clock.advance(timedelta(seconds=18))
    server.status = 200
    assert await finnhub.instrument(USER, "NVDA") is not None


async def test_a_host_that_fails_again_and_again_is_left_alone(
    server: JsonServer, finnhub: FinnhubBars
) -> None:
    server.status = 502
    for _ in range(9):
        with pytest.raises(ProviderUnavailable):
            await finnhub.instrument(USER, "NVDA")
    assert len(server.requests) == 5


@pytest.mark.parametrize(
    "body",
    [
        "<html>",
        "[]",
        '{"s": "ok", "t": [1]}',
        '{"s": "ok", "t": [2, 1], "o": [1, 1], "h": [1, 1], "l": [1, 1], "c": [1, 1], "v": [1, 1]}',
        '{"s": "ok", "t": [1], "o": [1], "h": [0.5], "l": [1], "c": [1], "v": [1]}',
        '{"s": "ok", "t": [1], "o": [-1], "h": [1], "l": [-1], "c": [1], "v": [1]}',
        '{"s": "who knows"}',
    ],
)
async def test_an_answer_of_a_wrong_shape_is_refused(
    server: JsonServer, finnhub: FinnhubBars, body: str
) -> None:
    await finnhub.instrument(USER, "NVDA")
    server.body = body
    with pytest.raises(ProviderUnavailable, match="as expected"):
        await finnhub.bars(USER, "NVDA", Timeframe.D1, NOW, 5)


async def test_silence_ends_with_the_time_out(server: JsonServer, clock: FixedClock) -> None:
    impatient = FinnhubBars(
        "key", clock, answers_at(clock), url=server.url, client=client(read_s=0.2)
    )
    server.hang = True
    with pytest.raises(ProviderUnavailable, match="check the network"):
        await impatient.instrument(USER, "NVDA")


async def test_the_key_travels_in_a_header_and_other_kinds_are_not_asked_for(
    server: JsonServer, finnhub: FinnhubBars
) -> None:
    for symbol in ("EURUSD", "BTCUSD", "VOD.L"):
        assert await finnhub.instrument(USER, symbol) is None
    assert server.requests == []
    await finnhub.instrument(USER, "NVDA")
    [(_, query, headers)] = server.requests
    assert headers["x-finnhub-token"] == "the-key"
    assert "the-key" not in str(query)


async def test_an_unknown_symbol_is_asked_for_again_only_after_a_minute(
    server: JsonServer, finnhub: FinnhubBars, clock: FixedClock
) -> None:
    for _ in range(3):
        assert await finnhub.instrument(USER, "NOSUCH") is None
    assert len(server.requests) == 1
    clock.advance(timedelta(seconds=61))
    await finnhub.instrument(USER, "NOSUCH")
    assert len(server.requests) == 2


@pytest.mark.parametrize("timeframe", [Timeframe.D1, Timeframe.H1])
async def test_prices_are_adjusted_for_a_split_only_after_it(
    running: tuple[Finnhub, JsonServer], finnhub: FinnhubBars, timeframe: Timeframe
) -> None:
    known, _ = running
    known.splits = [(date(2025, 11, 12), 1, 2)]
    before = await finnhub.bars(USER, "NVDA", timeframe, utc("2025-11-11T22:00"), 5)
    later = 40 if timeframe is Timeframe.H1 else 6
    after = await finnhub.bars(USER, "NVDA", timeframe, utc("2025-11-12T22:00"), later)
    assert before is not None
    assert after is not None
    shared = after.opened_at <= before.opened_at[-1]
    assert after.close[shared][-5:] == pytest.approx(before.close / 2)
    assert 0.7 < after.close[-1] / after.close[0] < 1.4


async def test_months_of_minutes_are_asked_for_in_parts_and_joined_without_a_seam(
    server: JsonServer, finnhub: FinnhubBars
) -> None:
    found = await finnhub.bars(USER, "NVDA", Timeframe.H4, NOW, 120)
    assert found is not None
    assert len(found) == 120
    parts = server.asked(CANDLES)
    assert len(parts) > 2
    assert max(int(one["to"]) - int(one["from"]) for one in parts) <= 28 * 86_400


async def test_a_run_asks_only_once_for_the_same_bars(
    server: JsonServer, finnhub: FinnhubBars
) -> None:
    await finnhub.bars(USER, "NVDA", Timeframe.D1, NOW, 50)
    asked = len(server.requests)
    await finnhub.bars(USER, "NVDA", Timeframe.D1, NOW, 50)
    assert len(server.requests) == asked
