"""A stand-in for CoinMarketCap: several coins go by one name, volumes come in the currency."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime

from kuber.market.types import Timeframe, to_datetime
from tests.fakes.json_server import JsonServer, json_server, simulated

COINS = {"BTC": 1, "ETH": 1027, "SOL": 5426}
_PERIODS = {"daily": Timeframe.D1, "hourly": Timeframe.H1}
_NAMES = {number: name for name, number in COINS.items()}


@dataclass
class CoinMarketCap:
    """What it knows; `last` holds last prices with their times by coin."""

    last: dict[str, tuple[float, datetime]] = field(default_factory=dict)

    def answer(self, path: str, query: dict[str, str]) -> object:
        match path:
            case "/v1/cryptocurrency/map":
                return {"status": {"error_code": 0}, "data": self._coins(query["symbol"])}
            case "/v2/cryptocurrency/ohlcv/historical":
                return {"status": {"error_code": 0}, "data": self._history(query)}
            case "/v2/cryptocurrency/quotes/latest":
                return {"status": {"error_code": 0}, "data": self._latest(query)}
        raise AssertionError(path)

    def _coins(self, name: str) -> list[dict[str, object]]:
        if name not in COINS:
            return []
        return [
            {"id": 9_000, "rank": 4_000, "symbol": name, "name": "Another", "is_active": 1},
            {"id": 9_001, "rank": None, "symbol": name, "name": "Unranked", "is_active": 1},
            {"id": COINS[name], "rank": 3, "symbol": name, "name": name, "is_active": 1},
            {"id": 9_002, "rank": 1, "symbol": name, "name": "Gone", "is_active": 0},
        ]

    def _history(self, query: dict[str, str]) -> dict[str, object]:
        name = _NAMES[int(query["id"])]
        found = simulated(f"{name}{query['convert']}", _PERIODS[query["time_period"]])
        start, end = (datetime.fromisoformat(query[one]) for one in ("time_start", "time_end"))
        quotes = []
        for at in range(len(found) if found else 0):
            assert found is not None
            opened = to_datetime(found.opened_at[at])
            if not start < opened <= end:
                continue
            figures = {
                "open": float(found.open[at]),
                "high": float(found.high[at]),
                "low": float(found.low[at]),
                "close": float(found.close[at]),
                "volume": float(found.volume[at] * found.close[at]),
                "market_cap": 1.0,
            }
            quotes.append(
                {
                    "time_open": opened.strftime("%Y-%m-%dT%H:%M:%S.000Z"),
                    "time_close": "ignored",
                    "quote": {query["convert"]: figures},
                }
            )
        return {"id": int(query["id"]), "name": name, "symbol": name, "quotes": quotes}

    def _latest(self, query: dict[str, str]) -> dict[str, object]:
        found: dict[str, object] = {}
        for number in query["id"].split(","):
            price, at = self.last.get(_NAMES[int(number)], (100.0, datetime.now(UTC)))
            told = {"price": price, "volume_24h": price * 50, "last_updated": at.isoformat()}
            found[number] = {"id": int(number), "quote": {query["convert"]: told}}
        return found


@contextmanager
def cmc_server() -> Iterator[tuple[CoinMarketCap, JsonServer]]:
    """Serve on a free port of this machine until the block ends."""
    known = CoinMarketCap()
    with json_server(known.answer) as server:
        yield known, server
