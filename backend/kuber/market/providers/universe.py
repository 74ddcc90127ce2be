"""What the market simulator trades: well-known tickers, each with a typical price and temper."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Temper:
    """How one simulated instrument behaves.

    `price` is the level it keeps returning to over years, `volatility` the annual standard
    deviation of its returns in ordinary times, `digits` the decimals of its tick, `volume` the
    units of an ordinary day. None of it is a forecast or a record of the real instrument.
    """

    name: str
    price: float
    volatility: float
    volume: float
    digits: int = 2


UNIVERSE: dict[str, Temper] = {
    "AMZN": Temper("Amazon", 170.0, 0.32, 45e6),
    "META": Temper("Meta Platforms", 460.0, 0.36, 17e6),
    "NVDA": Temper("Nvidia", 110.0, 0.45, 240e6),
    "TSLA": Temper("Tesla", 230.0, 0.48, 95e6),
    "NFLX": Temper("Netflix", 600.0, 0.38, 4e6),
    "AMD": Temper("Advanced Micro Devices", 140.0, 0.46, 50e6),
    "INTC": Temper("Intel", 34.0, 0.36, 60e6),
    "ORCL": Temper("Oracle", 125.0, 0.26, 9e6),
    "CRM": Temper("Salesforce", 250.0, 0.32, 6e6),
    "ADBE": Temper("Adobe", 500.0, 0.33, 3e6),
    "JPM": Temper("JPMorgan Chase", 190.0, 0.23, 9e6),
    "BAC": Temper("Bank of America", 38.0, 0.26, 38e6),
    "GS": Temper("Goldman Sachs", 420.0, 0.26, 2e6),
    "V": Temper("Visa", 270.0, 0.2, 6e6),
    "WMT": Temper("Walmart", 65.0, 0.18, 16e6),
    "KO": Temper("Coca-Cola", 61.0, 0.15, 13e6),
    "PG": Temper("Procter & Gamble", 160.0, 0.16, 6e6),
    "JNJ": Temper("Johnson & Johnson", 155.0, 0.16, 7e6),
    "UNH": Temper("UnitedHealth", 500.0, 0.24, 3e6),
    "XOM": Temper("Exxon Mobil", 112.0, 0.25, 16e6),
    "CVX": Temper("Chevron", 155.0, 0.25, 8e6),
    "BA": Temper("Boeing", 190.0, 0.35, 7e6),
    "DIS": Temper("Walt Disney", 100.0, 0.28, 10e6),
    "NKE": Temper("Nike", 95.0, 0.29, 9e6),
    "SPY": Temper("S&P 500 fund", 480.0, 0.15, 70e6),
    "QQQ": Temper("Nasdaq 100 fund", 420.0, 0.2, 42e6),
    "IWM": Temper("Russell 2000 fund", 205.0, 0.21, 30e6),
    "GLD": Temper("Gold fund", 205.0, 0.14, 7e6),
    "GBPUSD": Temper("British pound / US dollar", 1.27, 0.08, 300e3, 5),
    "USDJPY": Temper("US dollar / Japanese yen", 145.0, 0.09, 350e3, 3),
    "AUDUSD": Temper("Australian dollar / US dollar", 0.67, 0.1, 200e3, 5),
    "USDCHF": Temper("US dollar / Swiss franc", 0.89, 0.08, 180e3, 5),
    "BTCUSD": Temper("Bitcoin / US dollar", 52_000.0, 0.45, 30e3),
    "ETHUSD": Temper("Ether / US dollar", 2_800.0, 0.55, 400e3),
    "SOLUSD": Temper("Solana / US dollar", 120.0, 0.65, 4e6),
}
