"""`import-bars` and `run-pipeline`: what a user does, from the command line."""

from collections.abc import Mapping
from pathlib import Path

import typer

from kuber.commands import say
from kuber.commands.client import ApiClient, Refused, show_run
from kuber.commands.connect import NotRunning, running_stack
from kuber.config import StackSettings


def import_bars(
    settings: StackSettings,
    file: Path,
    said: Mapping[str, str | None],
    user: str | None,
) -> int:
    """Upload a file of bars for `user`, with what is `said` beside it; return the exit code."""
    try:
        with _log_in(settings, user) as client:
            stored = client.import_bars(file, said)
    except (NotRunning, Refused) as error:
        say.failure(str(error))
        return 1
    say.line(f"Imported {stored.bars} bars of {', '.join(stored.symbols)}.")
    for note in stored.notes:
        say.line(f"  {note.message}")
    return 0


def run_pipeline(
    settings: StackSettings,
    pipeline_id: str | None,
    template: str | None,
    inputs: Mapping[str, str | int | None],
    user: str | None,
) -> int:
    """Run a pipeline, or a new one from `template`, and print it; 0 when it succeeded."""
    if (pipeline_id is None) == (template is None):
        say.failure("Name either a pipeline or --template.")
        return 2
    try:
        with _log_in(settings, user) as client:
            chosen = pipeline_id or client.create_from_template(template or "")
            given = {name: value for name, value in inputs.items() if value is not None}
            result = client.run(chosen, given)
    except (NotRunning, Refused) as error:
        say.failure(str(error))
        return 1
    show_run(result)
    return 0 if result.status == "succeeded" else 1


def _log_in(settings: StackSettings, user: str | None) -> ApiClient:
    """Return a client for `user`, who is asked for the password, or for the demo user."""
    record = running_stack(settings)
    if user is None and record.demo_email and record.demo_password:
        return ApiClient(record.url, record.demo_email, record.demo_password)
    email = user or typer.prompt("E-mail")
    return ApiClient(record.url, email, typer.prompt(f"Password of {email}", hide_input=True))
