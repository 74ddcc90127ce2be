"""`kuber ledger`: names, arguments and help."""

import typer

from kuber.commands.registering import command, stack_settings

ledger_app = typer.Typer(help="The books of accounts.", no_args_is_help=True)


@command(ledger_app, "verify", example="./kuber ledger verify")
def verify() -> int:
    """Compare balances, positions and holds with the entries; ends with 1 when they differ."""
    from kuber.commands.ledger import verify as run

    return run(stack_settings())


@ledger_app.callback()
def _group() -> None:
    """Let `verify` keep its name while it is the only command."""
