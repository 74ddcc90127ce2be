"""A stand-in for Alpaca's market data API: real HTTP, bars from the market simulator."""

import asyncio
import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cache
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Event, Thread
from urllib.parse import parse_qs, urlsplit

from kuber.kernel.ids import UserId, new_id
from kuber.market.providers.simulator import MarketSimulator
from kuber.market.types import Bars, Timeframe, to_datetime

_TIMEFRAMES = {
    "1Min": Timeframe.M1,
    "5Min": Timeframe.M5,
    "15Min": Timeframe.M15,
    "1Day": Timeframe.D1,
}
_PAGE = 500
_HISTORY_END = datetime(2025, 11, 22, tzinfo=UTC)
_NOBODY = UserId(new_id())


@dataclass
class AlpacaServer:
    """What the server does next, and what it was asked."""

    url: str = ""
    status: int = 200
    body: str | None = None
    hang: bool = False
    split_at: datetime | None = None
    """From then on the raw price is as simulated, before it is twice as high."""
    requests: list[dict[str, str]] = field(default_factory=list)
    released: Event = field(default_factory=Event)

    def answer(self, query: dict[str, str]) -> str:
        symbol = query["symbols"]
        bars = self._bars(symbol, query)
        first = int(query.get("page_token") or 0)
        page = bars[first : first + _PAGE]
        token = str(first + _PAGE) if first + _PAGE < len(bars) else None
        return json.dumps({"bars": {symbol: page} if page else {}, "next_page_token": token})

    def _bars(self, symbol: str, query: dict[str, str]) -> list[dict[str, object]]:
        timeframe = _TIMEFRAMES[query["timeframe"]]
        start, end = (_instant(query[name]) for name in ("start", "end"))
        found = _history(symbol, timeframe)
        if found is None:
            return []
        rows: list[dict[str, object]] = []
        for at in range(len(found)):
            opened = to_datetime(found.opened_at[at])
            stamp = opened.replace(hour=5, minute=0) if timeframe is Timeframe.D1 else opened
            if not start <= opened <= end:
                continue
            raw = query.get("adjustment") == "raw" and self.split_at and opened < self.split_at
            factor = 2.0 if raw else 1.0
            rows.append(
                {
                    "t": stamp.strftime("%Y-%m-%dT%H:%M:%SZ"),
                    "o": found.open[at] * factor,
                    "h": found.high[at] * factor,
                    "l": found.low[at] * factor,
                    "c": found.close[at] * factor,
                    "v": found.volume[at] / factor,
                    "n": 10,
                    "vw": found.close[at] * factor,
                }
            )
        return rows


@cache
def _history(symbol: str, timeframe: Timeframe) -> Bars | None:
    simulator = MarketSimulator(seed=11)
    return asyncio.run(
        simulator.bars(_NOBODY, symbol.replace("/", ""), timeframe, _HISTORY_END, 6_000)
    )


def _instant(text: str) -> datetime:
    moment = datetime.fromisoformat(text)
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


@contextmanager
def alpaca_server() -> Iterator[AlpacaServer]:
    """Serve on a free port of this machine until the block ends."""
    state = AlpacaServer()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            query = {k: v[0] for k, v in parse_qs(urlsplit(self.path).query).items()}
            state.requests.append({**query, "key": self.headers.get("APCA-API-KEY-ID", "")})
            if state.hang:
                state.released.wait(10)
                return
            body = state.body if state.body is not None else None
            if body is None:
                body = state.answer(query) if state.status == 200 else '{"message": "no"}'
            self.send_response(state.status)
            self.send_header("Content-Type", "application/json")
            self.end_headers()
            self.wfile.write(body.encode())

        def log_message(self, *args: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = Thread(target=server.serve_forever, daemon=True)
    thread.start()
    state.url = f"http://127.0.0.1:{server.server_address[1]}"
    try:
        yield state
    finally:
        state.released.set()
        server.shutdown()
        server.server_close()
        thread.join()
