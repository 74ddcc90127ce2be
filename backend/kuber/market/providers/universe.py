"""What the market simulator trades: well-known tickers, each with a typical price and temper."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Temper:
    """How one simulated instrument behaves.

    `price` is the level it keeps returning to over years, `volatility` the annual standard
    deviation of its returns in ordinary times, `digits` the decimals of its tick, `volume` the
    units of an ordinary day. None of it is a forecast or a record of the real instrument.
    """

    price: float
    volatility: float
    volume: float
    digits: int = 2


UNIVERSE: dict[str, Temper] = {
    "AAPL": Temper(190.0, 0.28, 55e6),
    "MSFT": Temper(400.0, 0.26, 22e6),
    "GOOG": Temper(140.0, 0.3, 20e6),
    "AMZN": Temper(170.0, 0.32, 45e6),
    "META": Temper(460.0, 0.36, 17e6),
    "NVDA": Temper(110.0, 0.45, 240e6),
    "TSLA": Temper(230.0, 0.48, 95e6),
    "NFLX": Temper(600.0, 0.38, 4e6),
    "AMD": Temper(140.0, 0.46, 50e6),
    "INTC": Temper(34.0, 0.36, 60e6),
    "ORCL": Temper(125.0, 0.26, 9e6),
    "CRM": Temper(250.0, 0.32, 6e6),
    "ADBE": Temper(500.0, 0.33, 3e6),
    "JPM": Temper(190.0, 0.23, 9e6),
    "BAC": Temper(38.0, 0.26, 38e6),
    "GS": Temper(420.0, 0.26, 2e6),
    "V": Temper(270.0, 0.2, 6e6),
    "WMT": Temper(65.0, 0.18, 16e6),
    "KO": Temper(61.0, 0.15, 13e6),
    "PG": Temper(160.0, 0.16, 6e6),
    "JNJ": Temper(155.0, 0.16, 7e6),
    "UNH": Temper(500.0, 0.24, 3e6),
    "XOM": Temper(112.0, 0.25, 16e6),
    "CVX": Temper(155.0, 0.25, 8e6),
    "BA": Temper(190.0, 0.35, 7e6),
    "DIS": Temper(100.0, 0.28, 10e6),
    "NKE": Temper(95.0, 0.29, 9e6),
    "SPY": Temper(480.0, 0.15, 70e6),
    "QQQ": Temper(420.0, 0.2, 42e6),
    "IWM": Temper(205.0, 0.21, 30e6),
    "GLD": Temper(205.0, 0.14, 7e6),
    "EURUSD": Temper(1.08, 0.08, 400e3, 5),
    "GBPUSD": Temper(1.27, 0.08, 300e3, 5),
    "USDJPY": Temper(145.0, 0.09, 350e3, 3),
    "AUDUSD": Temper(0.67, 0.1, 200e3, 5),
    "USDCHF": Temper(0.89, 0.08, 180e3, 5),
    "BTCUSD": Temper(52_000.0, 0.45, 30e3),
    "ETHUSD": Temper(2_800.0, 0.55, 400e3),
    "SOLUSD": Temper(120.0, 0.65, 4e6),
}
