"""Files of minute bars of a coin, as large as they are wanted."""

from datetime import datetime, timedelta

from tests.fakes.bars import utc

HEADER = "symbol,time,open,high,low,close,volume\n"
START = utc("2024-01-01T00:00:00")


def minutes(count: int, start: datetime = START, price: int = 100, symbol: str = "BTCUSD") -> bytes:
    """Return a file of that many minutes, each 90 bytes long."""
    rows = [HEADER]
    for at in range(count):
        time = (start + timedelta(minutes=at)).strftime("%Y-%m-%dT%H:%M:%SZ")
        low, high = price + at % 7, price + 50 + at % 11
        volume = f"{at % 1000}."
        head = f"{symbol},{time},{low}.5,{high}.25,{low}.125,{low}.75,{volume}"
        rows.append(head.ljust(89, "0") + "\n")
    return "".join(rows).encode()


LARGE = 120_000
"""Minutes of a file that is over 10 MB."""
