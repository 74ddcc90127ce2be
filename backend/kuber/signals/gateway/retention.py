"""Which deliveries are too old to be repeated, also those of sources that fell silent."""

from datetime import datetime, timedelta
from uuid import UUID

from kuber.infra.retention import Forgetting

KEPT = timedelta(days=30)


def _first_id(instant: datetime) -> UUID:
    return UUID(int=int(instant.timestamp() * 1000) << 80)


# Ids begin with their time, so the oldest lie at the beginning of the table's own index.
OLD_DELIVERIES = Forgetting(
    "webhook_deliveries",
    """
    delete from webhook_deliveries where id in (
      select id from webhook_deliveries where id < %s
      order by id limit %s for update skip locked)
    """,
    lambda now: _first_id(now - KEPT),
    batch=2_000,
)
