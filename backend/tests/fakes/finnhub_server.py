"""A stand-in for Finnhub: days adjusted for all splits, minutes as traded."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, date, datetime

from kuber.market.types import Timeframe, to_datetime
from tests.fakes.json_server import JsonServer, json_server, simulated

_TIMEFRAMES = {
    "1": Timeframe.M1,
    "5": Timeframe.M5,
    "15": Timeframe.M15,
    "D": Timeframe.D1,
}


@dataclass
class Finnhub:
    """What it knows; `last` holds last prices with their times by symbol."""

    splits: list[tuple[date, float, float]] = field(default_factory=list)
    """When, and how many shares became how many."""
    last: dict[str, tuple[float, datetime]] = field(default_factory=dict)

    def answer(self, path: str, query: dict[str, str]) -> object:
        match path:
            case "/quote":
                return self._quote(query["symbol"])
            case "/stock/candle":
                return self._candles(query)
            case "/stock/split":
                return [
                    {"symbol": query["symbol"], "date": str(at), "fromFactor": a, "toFactor": b}
                    for at, a, b in self.splits
                    if query["from"] <= str(at) <= query["to"]
                ]
        raise AssertionError(path)

    def _quote(self, symbol: str) -> dict[str, object]:
        if symbol in self.last:
            price, at = self.last[symbol]
            return {"c": price, "d": 1.0, "h": price, "l": price, "t": int(at.timestamp())}
        if simulated(symbol, Timeframe.D1) is None:
            return {"c": 0, "d": None, "dp": None, "h": 0, "l": 0, "o": 0, "pc": 0, "t": 0}
        return {"c": 100.5, "t": int(datetime(2025, 11, 19, 18, tzinfo=UTC).timestamp())}

    def _candles(self, query: dict[str, str]) -> dict[str, object]:
        timeframe = _TIMEFRAMES[query["resolution"]]
        found = simulated(query["symbol"], timeframe)
        columns: dict[str, list[float]] = {name: [] for name in "tohlcv"}
        for at in range(len(found) if found else 0):
            assert found is not None
            opened = to_datetime(found.opened_at[at])
            if timeframe is Timeframe.D1:
                opened = opened.replace(hour=0, minute=0)
            stamp = int(opened.timestamp())
            if not int(query["from"]) <= stamp <= int(query["to"]):
                continue
            shares = 1.0
            for day, before, after in self.splits:
                if timeframe is not Timeframe.D1 and opened.date() < day:
                    shares *= after / before
            columns["t"].append(stamp)
            for name, values in (("o", found.open), ("h", found.high), ("l", found.low)):
                columns[name].append(float(values[at]) * shares)
            columns["c"].append(float(found.close[at]) * shares)
            columns["v"].append(float(found.volume[at]) / shares)
        return {"s": "ok", **columns} if columns["t"] else {"s": "no_data"}


@contextmanager
def finnhub_server() -> Iterator[tuple[Finnhub, JsonServer]]:
    """Serve on a free port of this machine until the block ends."""
    known = Finnhub()
    with json_server(known.answer) as server:
        yield known, server
