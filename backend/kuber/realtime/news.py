"""What waits for a client in its queue."""

from kuber.realtime.messages import (
    AccountNews,
    NoticesMessage,
    PipelineChangedMessage,
    PipelinesMissedMessage,
)
from kuber.realtime.quote_topics import QuoteDue
from kuber.runs.live_events import AnyRunEvent

PushedNews = NoticesMessage | PipelineChangedMessage | PipelinesMissedMessage | AccountNews
"""Messages as they are sent to whoever hears of them."""
News = AnyRunEvent | PushedNews | QuoteDue
"""What happened, of which a client is told what it asked for."""
