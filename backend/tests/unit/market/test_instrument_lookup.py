"""Many symbols at a provider that is slow, refuses, or is away."""

import asyncio

from kuber.kernel.ids import UserId, new_id
from kuber.market.errors import ProviderUnavailable
from kuber.market.providers.lookup import look_up
from kuber.market.providers.simulator import MarketSimulator
from kuber.market.types import Instrument

ANN, BEN = UserId(new_id()), UserId(new_id())


class Troubled(MarketSimulator):
    """Knows what the simulator knows, except for symbols that it cannot tell about."""

    def __init__(self) -> None:
        super().__init__(7)
        self.asked: list[str] = []
        self.busy = self.most_busy = 0

    async def instrument(self, user_id: UserId, symbol: str) -> Instrument | None:
        self.asked.append(symbol)
        self.busy += 1
        self.most_busy = max(self.most_busy, self.busy)
        await asyncio.sleep(10 if symbol == "SLOW" else 0.001)
        self.busy -= 1
        if symbol == "AWAY":
            raise ProviderUnavailable("Nobody answered.")
        return None if symbol == "NOSUCH" else await super().instrument(user_id, symbol)


async def test_a_symbol_that_cannot_be_told_about_fails_no_other() -> None:
    wanted = {(ANN, "NVDA"), (BEN, "NVDA"), (ANN, "NOSUCH"), (ANN, "AWAY"), (BEN, "AWAY")}
    provider = Troubled()
    known = await look_up(provider, wanted)
    assert known.found.keys() == {(ANN, "NVDA"), (BEN, "NVDA")}
    assert known.unavailable == dict.fromkeys([(ANN, "AWAY"), (BEN, "AWAY")], "Nobody answered.")
    assert known.why_none(BEN, "AWAY") == (
        "There were no prices to be had for AWAY: Nobody answered."
    )
    assert known.why_none(ANN, "NVDA") == known.why_none(ANN, "NOSUCH") == ""
    assert provider.asked.count("AWAY") == 1, "one refusal tells enough of a symbol"


async def test_symbols_are_asked_for_at_once_but_not_all_of_them() -> None:
    provider = Troubled()
    await look_up(provider, [(ANN, f"S{number}") for number in range(40)])
    assert 1 < provider.most_busy <= 8


async def test_what_does_not_come_in_time_is_unavailable_and_the_rest_is_there() -> None:
    known = await look_up(Troubled(), [(ANN, "SLOW"), (ANN, "NVDA")], within_s=0.05)
    assert set(known.found) == {(ANN, "NVDA")}
    assert "did not answer within 0.05 s" in known.why_none(ANN, "SLOW")
