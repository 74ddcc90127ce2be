"""`status`: the running stack, for people and for programs."""

from kuber.commands import say
from kuber.config import StackSettings, halt_file_in
from kuber.infra.embedded.home import Home
from kuber.trading.order_service.halting import halted_by
from kuber.trading.order_types import SwitchState
from kuber.workers import stack_state

NOT_RUNNING = 3


def show(settings: StackSettings, *, as_json: bool) -> int:
    """Print the state of the stack; return 0, or 3 when nothing runs."""
    home = Home(settings.home.resolve())
    status = stack_state.status(home)
    status.halted = halted_by(halt_file_in(home.root)) is not SwitchState.OFF
    if as_json:
        say.line(status.model_dump_json(indent=2))
    elif status.url is None and home.is_locked():
        say.failure(stack_state.unreadable(home))
    elif status.url is None:
        say.line("Kuber is not running. Start it with: ./kuber up")
    else:
        say.stack(status)
    if status.halted and not as_json:
        say.failure("Trading is halted by ./kuber halt. Let it go on with: ./kuber halt --off")
    return 0 if status.url is not None else NOT_RUNNING
