"""`clean`: the stack is stopped and its data deleted."""

import typer

from kuber.commands import say
from kuber.commands.up import down
from kuber.config import StackSettings
from kuber.infra.embedded.home import Home


def clean(settings: StackSettings, *, yes: bool) -> int:
    """Stop the stack and delete its data, after asking unless `yes`; return the exit code."""
    home = Home(settings.home.resolve())
    if not home.root.exists():
        say.line(f"There is no data in {home.root}")
        return 0
    question = f"Delete all of Kuber's data in {home.root}?"
    if not yes and not typer.confirm(question, default=False):
        say.line("Nothing was deleted.")
        return 1
    down(settings)
    home.remove()
    say.line(f"Deleted the data in {home.root}")
    return 0
