"""Lets a command work on the stack that runs here, unless the environment names another."""

from kuber.commands.stack import Addresses, settings_environment
from kuber.config import StackSettings, complete_environment
from kuber.infra.embedded.home import Home
from kuber.workers import stack_state
from kuber.workers.stack_state import StackRecord


class NotRunning(Exception):
    """The command needs a running stack."""

    def __init__(self) -> None:
        super().__init__("Kuber is not running here. Start it with: ./kuber up -d")


def use_running_stack(settings: StackSettings) -> None:
    """Complete the environment with the addresses and secrets of the running stack, if any."""
    home = Home(settings.home.resolve())
    record = stack_state.running(home)
    if record is None:
        return
    addresses = Addresses(
        host=record.host,
        port=record.port,
        database_url=record.database_url,
        redis_url=record.redis_url,
        kafka_bootstrap=record.kafka_bootstrap,
        jwt_secret=record.jwt_secret,
        demo_password=record.demo_password,
    )
    complete_environment(settings_environment(addresses, settings, home.root))


def running_stack(settings: StackSettings) -> StackRecord:
    """Return the record of the running stack. Raises NotRunning."""
    record = stack_state.running(Home(settings.home.resolve()))
    if record is None:
        raise NotRunning
    return record
