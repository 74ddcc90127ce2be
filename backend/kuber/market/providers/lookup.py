"""Looking up many symbols at a provider that may be slow, or away."""

import asyncio
from collections import defaultdict
from collections.abc import Collection

from kuber.kernel.ids import UserId
from kuber.market.errors import ProviderUnavailable
from kuber.market.providers.port import BarProvider
from kuber.market.types import Instrument, Instruments

_AT_ONCE = 8
"""How many symbols are asked for at the same time."""
_WITHIN_S = 30.0


async def look_up(
    provider: BarProvider,
    wanted: Collection[tuple[UserId, str]],
    *,
    within_s: float = _WITHIN_S,
) -> Instruments:
    """Ask `provider` for the instruments of users and symbols, several symbols at once.

    A symbol that the provider cannot tell about, or not within `within_s`, is unavailable with
    the reason; it fails nothing else.
    """
    users: dict[str, list[UserId]] = defaultdict(list)
    for user_id, symbol in wanted:
        users[symbol].append(user_id)
    found: dict[tuple[UserId, str], Instrument] = {}
    unavailable: dict[tuple[UserId, str], str] = {}
    places = asyncio.Semaphore(_AT_ONCE)
    deadline = asyncio.get_running_loop().time() + within_s

    async def ask(symbol: str) -> None:
        try:
            async with asyncio.timeout_at(deadline), places:
                for user_id in users[symbol]:
                    instrument = await provider.instrument(user_id, symbol)
                    if instrument is not None:
                        found[user_id, symbol] = instrument
        except ProviderUnavailable as error:
            why = error.detail
        except TimeoutError:
            why = f"The market data provider did not answer within {within_s:g} s."
        else:
            return
        unavailable.update({(user_id, symbol): why for user_id in users[symbol]})

    await asyncio.gather(*map(ask, users))
    return Instruments(found, unavailable)
