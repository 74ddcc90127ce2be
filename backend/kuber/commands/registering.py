"""How commands are registered on the command line."""

from collections.abc import Callable
from functools import wraps
from typing import ParamSpec

import typer
from pydantic import ValidationError

from kuber.config import StackSettings, describe
from kuber.infra.embedded.damage import remedy_of

P = ParamSpec("P")


def command(
    group: typer.Typer, name: str, *, example: str, hidden: bool = False
) -> Callable[[Callable[P, int]], Callable[P, None]]:
    """Register a function whose result is the exit code; its help shows `example`."""

    def register(function: Callable[P, int]) -> Callable[P, None]:
        @group.command(name, epilog=f"Example: {example}", hidden=hidden)
        @wraps(function)
        def run(*args: P.args, **kwargs: P.kwargs) -> None:
            try:
                code = function(*args, **kwargs)
            except OSError as error:
                remedy = remedy_of(error)
                if remedy is None:
                    raise
                typer.secho(f"kuber {name}: {remedy}", fg=typer.colors.RED, err=True)
                code = 1
            raise typer.Exit(code)

        return run

    return register


def stack_settings() -> StackSettings:
    """Return what the environment says about the stack; ends the program when it is wrong."""
    try:
        return StackSettings()
    except ValidationError as error:
        typer.secho(describe(error), fg=typer.colors.RED, err=True)
        raise typer.Exit(1) from None
