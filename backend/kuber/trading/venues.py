"""Which broker stands behind a mode."""

from kuber.brokers.adapters.simulation import SimulationBroker
from kuber.brokers.adapters.validation import ValidationBroker
from kuber.brokers.port import Broker, SimulationOptions
from kuber.infra.db import RawPool
from kuber.trading.errors import ModeUnavailable


def broker_for(mode: str, pool: RawPool, options: SimulationOptions) -> Broker:
    """Return the broker of `mode`, whose books, if Kuber keeps them, are in `pool`'s database.

    Raises ModeUnavailable.
    """
    match mode:
        case "simulation":
            return SimulationBroker(pool, options)
        case "validation":
            return ValidationBroker(options)
    raise ModeUnavailable(f"There is no broker behind mode {mode}.")
