"""Which broker stands behind a mode."""

from kuber.brokers.adapters.simulation import SimulationBooks, SimulationBroker
from kuber.brokers.adapters.validation import ValidationBroker
from kuber.brokers.port import Broker, BrokerReader
from kuber.brokers.simulator import SimulatedMoment, SimulationOptions
from kuber.infra.db import RawPool
from kuber.trading.errors import ModeUnavailable


def broker_for(
    mode: str,
    pool: RawPool,
    options: SimulationOptions,
    moment: SimulatedMoment,
    *,
    account_is_new: bool = False,
) -> Broker:
    """Return the broker of `mode`, whose books, if Kuber keeps them, are in `pool`'s database.

    A simulated market fills orders as of `moment`; `account_is_new`: no order of the account, which
    is one run's, was ever sent. Raises ModeUnavailable.
    """
    match mode:
        case "simulation":
            return SimulationBroker(pool, options, moment, account_is_new=account_is_new)
        case "validation":
            return ValidationBroker(pool, options.starting_balance)
    raise ModeUnavailable(f"There is no broker behind mode {mode}.")


def reader_for(mode: str, pool: RawPool, options: SimulationOptions) -> BrokerReader:
    """Return what can be asked of the venue of `mode`, and takes no order.

    Raises ModeUnavailable.
    """
    match mode:
        case "simulation":
            return SimulationBooks(pool, options)
        case "validation":
            return ValidationBroker(pool, options.starting_balance)
    raise ModeUnavailable(f"There is no broker behind mode {mode}.")
