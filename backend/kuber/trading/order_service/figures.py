"""Figures of the order service."""

from collections import Counter
from collections.abc import Iterable

from prometheus_client import Counter as Figure
from prometheus_client import Gauge, Histogram

from kuber.trading.lifecycle import OPEN
from kuber.trading.order_service.held import Hosted

FILLS = Figure("kuber_order_fills_total", "Executions settled", ["venue"])
ROUND_SECONDS = Histogram(
    "kuber_order_round_seconds",
    "How long a round of the order service took",
    buckets=(0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.25, 1, 5),
)
POSITIONS = Gauge("kuber_positions_open", "Positions under management")
WORKING = Gauge("kuber_orders_working", "Orders at the simulated venue", ["status"])
UNPROTECTED = Gauge("kuber_positions_unprotected", "Positions without an accepted stop")
QUARANTINED = Gauge("kuber_instruments_quarantined", "Instruments that are left alone for now")
SET_ASIDE = Gauge("kuber_positions_set_aside", "Positions that could not be worked")


def show(hosted: Iterable[Hosted], quarantined: int, set_aside: int) -> None:
    """Set the gauges to how things stand."""
    by_status: Counter[str] = Counter()
    positions = unprotected = 0
    for one in hosted:
        positions += len(one.tracked)
        unprotected += sum(tracked.position.bare > 0 for tracked in one.tracked.values())
        by_status.update(order.life.status.value for order in one.orders.values())
    POSITIONS.set(positions)
    UNPROTECTED.set(unprotected)
    QUARANTINED.set(quarantined)
    SET_ASIDE.set(set_aside)
    for status in OPEN:
        WORKING.labels(status.value).set(by_status[status.value])
