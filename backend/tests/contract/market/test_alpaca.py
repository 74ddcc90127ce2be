"""What is special about Alpaca: keys, refusals, time-outs, splits."""

from collections.abc import Iterator
from datetime import timedelta

import pytest

from kuber.kernel.clock import FixedClock
from kuber.kernel.ids import UserId, new_id
from kuber.market.errors import ProviderUnavailable
from kuber.market.providers.alpaca import AlpacaBars
from kuber.market.types import Timeframe
from tests.fakes.alpaca_server import AlpacaServer, alpaca_server
from tests.fakes.bars import utc
from tests.fakes.memory_answers import answers_at

USER = UserId(new_id())
NOW = utc("2025-11-19T18:10:00")


@pytest.fixture
def server() -> Iterator[AlpacaServer]:
    with alpaca_server() as running:
        yield running


def provider(server: AlpacaServer, read_timeout_s: float = 5.0) -> AlpacaBars:
    clock = FixedClock(NOW)
    return AlpacaBars(
        "the-key",
        "the-secret",
        clock,
        answers_at(clock),
        url=server.url,
        read_timeout_s=read_timeout_s,
    )


@pytest.mark.parametrize(
    ("status", "words"),
    [(401, "keys"), (403, "plan"), (429, "rate limit"), (500, "HTTP 500")],
)
async def test_a_refusal_says_why(server: AlpacaServer, status: int, words: str) -> None:
    server.status = status
    with pytest.raises(ProviderUnavailable, match=words) as caught:
        await provider(server).instrument(USER, "NVDA")
    assert "the-secret" not in caught.value.detail


async def test_garbage_is_a_clear_failure(server: AlpacaServer) -> None:
    server.body = "<html>"
    with pytest.raises(ProviderUnavailable, match="as expected"):
        await provider(server).bars(USER, "NVDA", Timeframe.D1, NOW, 5)


async def test_silence_ends_with_the_time_out(server: AlpacaServer) -> None:
    server.hang = True
    with pytest.raises(ProviderUnavailable, match="try again later"):
        await provider(server, read_timeout_s=0.2).instrument(USER, "NVDA")


async def test_nobody_there_is_a_clear_failure() -> None:
    clock = FixedClock(NOW)
    nobody = AlpacaBars("key", "secret", clock, answers_at(clock), url="http://127.0.0.1:9")
    with pytest.raises(ProviderUnavailable):
        await nobody.instrument(USER, "NVDA")


async def test_a_symbol_that_is_refused_is_unknown(server: AlpacaServer) -> None:
    server.status = 422
    assert await provider(server).instrument(USER, "NOSUCH") is None


async def test_an_unknown_symbol_is_asked_for_again_only_after_a_minute(
    server: AlpacaServer,
) -> None:
    clock = FixedClock(NOW)
    alpaca = AlpacaBars("the-key", "the-secret", clock, answers_at(clock), url=server.url)
    server.status = 422
    for _ in range(3):
        assert await alpaca.instrument(USER, "NVDA") is None
    assert len(server.requests) == 1
    server.status = 200
    clock.advance(timedelta(seconds=61))
    assert await alpaca.instrument(USER, "NVDA") is not None


async def test_keys_and_feed_are_sent_and_currencies_are_not_asked_for(
    server: AlpacaServer,
) -> None:
    alpaca = provider(server)
    assert await alpaca.instrument(USER, "EURUSD") is None
    assert server.requests == []
    await alpaca.instrument(USER, "NVDA")
    assert server.requests[0]["key"] == "the-key"
    assert server.requests[0]["feed"] == "iex"


async def test_prices_are_adjusted_for_a_split_only_after_it(server: AlpacaServer) -> None:
    server.split_at = utc("2025-11-12T00:00:00")
    alpaca = provider(server)
    before = await alpaca.bars(USER, "NVDA", Timeframe.D1, utc("2025-11-11T22:00"), 5)
    after = await alpaca.bars(USER, "NVDA", Timeframe.D1, utc("2025-11-12T22:00"), 6)
    assert before is not None
    assert after is not None
    assert after.close[:5].tolist() == (before.close / 2).tolist()
    assert 0.7 < after.close[5] / after.close[4] < 1.4


async def test_a_run_asks_only_once_for_the_same_bars(server: AlpacaServer) -> None:
    alpaca = provider(server)
    await alpaca.bars(USER, "NVDA", Timeframe.H1, NOW, 50)
    asked = len(server.requests)
    await alpaca.bars(USER, "NVDA", Timeframe.H1, NOW, 50)
    assert len(server.requests) == asked
