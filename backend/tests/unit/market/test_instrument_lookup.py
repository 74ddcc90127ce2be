"""Many symbols at a provider that is slow, refuses, or is away."""

from kuber.kernel.ids import UserId, new_id
from kuber.market.providers.lookup import look_up
from tests.fakes.troubled_market import AWAY, SLOW, UNLISTED, TroubledMarket

ANN, BEN = UserId(new_id()), UserId(new_id())


async def test_a_symbol_that_cannot_be_told_about_fails_no_other() -> None:
    wanted = {(ANN, "NVDA"), (BEN, "NVDA"), (ANN, UNLISTED), (ANN, AWAY), (BEN, AWAY)}
    provider = TroubledMarket()
    known = await look_up(provider, wanted)
    assert known.found.keys() == {(ANN, "NVDA"), (BEN, "NVDA")}
    assert known.unavailable == dict.fromkeys([(ANN, AWAY), (BEN, AWAY)], "Nobody answered.")
    assert known.why_none(BEN, AWAY) == (
        "There were no prices to be had for AWAY: Nobody answered."
    )
    assert known.why_none(ANN, "NVDA") == known.why_none(ANN, UNLISTED) == ""
    assert provider.asked.count(AWAY) == 1, "one refusal tells enough of a symbol"


async def test_symbols_are_asked_for_at_once_but_not_all_of_them() -> None:
    provider = TroubledMarket()
    await look_up(provider, [(ANN, f"S{number}") for number in range(40)])
    assert 1 < provider.most_busy <= 8


async def test_what_does_not_come_in_time_is_unavailable_and_the_rest_is_there() -> None:
    known = await look_up(TroubledMarket(), [(ANN, SLOW), (ANN, "NVDA")], within_s=0.05)
    assert set(known.found) == {(ANN, "NVDA")}
    assert "did not answer within 0.05 s" in known.why_none(ANN, SLOW)
