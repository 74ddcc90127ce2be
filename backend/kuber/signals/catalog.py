"""The signal types that pipelines may subscribe to and webhooks may send."""

from kuber.signals.types import SignalKind

SIGNAL_KINDS = (
    SignalKind("mock", "Test signal", "Comes at a set pace, to try pipelines out."),
    SignalKind(
        "golden_cross",
        "Golden cross",
        "The 50-bar average crosses the 200-bar average: upward is bullish, downward bearish.",
    ),
    SignalKind("rsi", "RSI", "The relative strength index enters or leaves its extremes."),
    SignalKind("macd_crossover", "MACD crossover", "The MACD line crosses its signal line."),
    SignalKind("bollinger_breakout", "Bollinger breakout", "The close leaves its Bollinger bands."),
    SignalKind("volume_spike", "Volume spike", "Far more is traded than usual."),
    SignalKind("ma_momentum", "Moving-average momentum", "The price pulls away from its average."),
    SignalKind(
        "volatility_breakout", "Volatility breakout", "A move is large beside the usual range."
    ),
    SignalKind("news_sentiment", "News sentiment", "News about a company reads well or badly."),
    SignalKind("price_level", "Price level", "The price crosses a level that you set."),
    SignalKind("custom", "Custom", "Your own expression over indicators comes true."),
    SignalKind("external", "External", "Another system sends it, such as a TradingView alert."),
)
"""Everything that comes with Kuber, in the order in which it is shown."""

SIGNAL_TYPES = frozenset(kind.signal_type for kind in SIGNAL_KINDS)


def signal_types() -> frozenset[str]:
    """Return the names of all signal types."""
    return SIGNAL_TYPES
