"""News sentiment: needs a source of news, which this release does not have."""

from pydantic import Field

from kuber.signals.generators.base import (
    Bar,
    Detector,
    Emission,
    GeneratorConfig,
    GeneratorMetadata,
    SignalGenerator,
)


class NewsSentimentConfig(GeneratorConfig):
    """How clear the news has to be."""

    threshold: float = Field(
        0.5,
        ge=0.05,
        le=1,
        title="Threshold",
        description="Mean tone of the headlines from which it counts, from 0 to 1.",
    )


class NewsSentiment(SignalGenerator[NewsSentimentConfig]):
    """Listed so that everybody can see that it cannot be used, and why. It never fires."""

    metadata = GeneratorMetadata(
        "news_sentiment",
        "News sentiment",
        "The tone of the news about an instrument turns.",
        "news_sentiment",
    )
    Config = NewsSentimentConfig
    unavailable = (
        "This release has no source of news. Install a package whose generator brings a news"
        " provider and its key, or send sentiment signals from elsewhere to a webhook source."
    )

    @property
    def warm_up(self) -> int:
        return 0

    def detector(self, ticker: str) -> Detector:
        return _Silent(ticker)


class _Silent(Detector):
    def on_bar(self, bar: Bar) -> Emission | None:
        return None
