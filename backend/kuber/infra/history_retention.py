"""Which events are older than the event history goes back."""

from kuber.infra.history import KEPT
from kuber.infra.retention import Forgetting

OLD_EVENTS = Forgetting(
    "event_history",
    """
    delete from event_history where id in (
      select id from event_history where at < %s order by at, id limit %s for update skip locked)
    """,
    lambda now: now - KEPT,
    batch=5_000,
)
