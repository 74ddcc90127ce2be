"""Charts are written as the contract has them."""

import json

import numpy as np

from kuber.market.schemas import BarsOut, encode_bars
from kuber.market.types import Bars, Source, TimeArray, Timeframe

PRICES = np.array([0.00000001, 441.4, 123456789.125, 100.0])
VOLUME = np.array([0.0, 1e17, 0.5, 12.0])
OPENED: TimeArray = np.array(
    ["2024-01-02T14:30", "2024-01-02T14:31:00.5", "2024-01-02T14:32", "2024-01-02T14:33"],
    dtype="datetime64[us]",
)


def bars() -> Bars:
    labels = "ACME", Timeframe.M1, Source.SIMULATED
    return Bars(*labels, OPENED, OPENED, PRICES, PRICES * 2, PRICES / 2, PRICES, VOLUME)


def test_prices_are_plain_decimals_and_times_are_in_utc() -> None:
    written = json.loads(encode_bars(bars()))
    assert [bar["time"] for bar in written["items"][:2]] == [
        "2024-01-02T14:30:00Z",
        "2024-01-02T14:31:00.500000Z",
    ]
    closes = [bar["close"] for bar in written["items"]]
    assert closes == ["0.00000001", "441.4", "123456789.125", "100"]
    assert [bar["volume"] for bar in written["items"]] == ["0", "1" + "0" * 17, "0.5", "12"]


def test_what_is_written_is_what_the_contract_says() -> None:
    for some in (bars(), bars().window(0, 0)):
        written = encode_bars(some)
        assert json.loads(BarsOut.model_validate_json(written).model_dump_json()) == json.loads(
            written
        )
