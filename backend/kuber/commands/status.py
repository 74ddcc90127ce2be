"""`status`: the running stack, for people and for programs."""

from kuber.commands import say
from kuber.config import StackSettings
from kuber.infra.embedded.home import Home
from kuber.workers import stack_state

NOT_RUNNING = 3


def show(settings: StackSettings, *, as_json: bool) -> int:
    """Print the state of the stack; return 0, or 3 when nothing runs."""
    home = Home(settings.home.resolve())
    status = stack_state.status(home)
    if as_json:
        say.line(status.model_dump_json(indent=2))
    elif status.url is None and home.is_locked():
        say.failure(stack_state.unreadable(home))
    elif status.url is None:
        say.line("Kuber is not running. Start it with: ./kuber up")
    else:
        say.stack(status)
    return 0 if status.url is not None else NOT_RUNNING
