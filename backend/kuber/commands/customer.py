"""`import-bars`, `undo-import` and `run-pipeline`: what a user does, from the command line."""

import sys
from collections.abc import Mapping
from pathlib import Path

import typer

from kuber.commands import say
from kuber.commands.client import ApiClient, ImportState, Refused, show_run
from kuber.commands.connect import NotRunning, running_stack
from kuber.config import StackSettings


def import_bars(
    settings: StackSettings,
    file: Path,
    said: Mapping[str, str | None],
    user: str | None,
    *,
    only_preview: bool = False,
) -> int:
    """Import a file of bars for `user`, with what is `said` beside it; return the exit code.

    What was understood is printed first; `only_preview` ends there.
    """
    try:
        with _log_in(settings, user) as client:
            state = client.preview_import(file, said, _say_progress)
            _show_preview(state)
            if state.status == "refused" or only_preview:
                return 1 if state.status == "refused" else 0
            state = client.start_import(state, _say_progress)
    except (NotRunning, Refused) as error:
        say.failure(str(error))
        return 1
    if state.status != "done":
        _show_problems(state)
        return 1
    say.line(f"Imported {_contents(state)} of {', '.join(state.symbols)}.")
    say.line(f"Take it back with: ./kuber undo-import {state.id}")
    return 0


def _contents(state: ImportState) -> str:
    """Return what was imported, in words: bars, or splits and dividends."""
    if state.bars:
        return f"{state.bars} bars"
    splits = sum(len(one.splits) for one in state.found)
    dividends = sum(one.dividends.count for one in state.found if one.dividends is not None)
    return f"splits: {splits}, dividends: {dividends},"


def undo_import(settings: StackSettings, import_id: str, user: str | None) -> int:
    """Take an import back, so that what it had replaced is read again; return the exit code."""
    try:
        with _log_in(settings, user) as client:
            client.undo_import(import_id)
    except (NotRunning, Refused) as error:
        say.failure(str(error))
        return 1
    say.line("The import is undone.")
    return 0


def _say_progress(state: ImportState) -> None:
    if sys.stderr.isatty():
        sys.stderr.write(f"\r{state.status} {state.progress:.0%} ")


def _show_preview(state: ImportState) -> None:
    say.table(
        ("of the file", "is", "known from"),
        [(name, one.value, one.how) for name, one in state.understood.items()],
    )
    for note in state.notes:
        say.line(f"  {note.message}")
    for one in state.found:
        for split in one.splits:
            origin = split.origin.replace("_", " ")
            say.line(f"  {one.symbol}: split {split.ratio}, from the {origin}: {split.use}")
        if one.dividends is not None:
            days = f"{one.dividends.first} to {one.dividends.last}"
            say.line(f"  {one.symbol}: dividends: {one.dividends.count}, {days}")
    _show_problems(state)


def _show_problems(state: ImportState) -> None:
    for one in state.problems:
        where = f"line {one.line}: " if one.line else f"{one.field}: " if one.field else ""
        say.failure(f"{where}{one.message} {one.remedy}")


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
