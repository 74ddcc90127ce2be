"""`kuber limits`: names, arguments and help."""

from typing import Annotated

import typer

from kuber.commands.registering import command, stack_settings
from kuber.identity.limit_kinds import MOST, LimitName
from kuber.identity.types import Tier

limits_app = typer.Typer(help="How much accounts may have and do.", no_args_is_help=True)


@command(limits_app, "set", example="./kuber limits set pipelines 2000 --user ann@example.com")
def set_limit(
    name: Annotated[LimitName, typer.Argument(help="The limit.", metavar="NAME")],
    value: Annotated[int, typer.Argument(help="Its new value.", min=0, max=MOST)],
    user: Annotated[
        str | None, typer.Option(help="Only for this account: its id or e-mail address.")
    ] = None,
    tier: Annotated[Tier | None, typer.Option(help="Only for accounts of this tier.")] = None,
) -> int:
    """Set a limit for everybody, or for one account or tier, and put that on record."""
    from kuber.commands.limits import set_limit as run

    if user is not None and tier is not None:
        raise typer.BadParameter("Give --user or --tier, not both.")
    return run(stack_settings(), name, value, user, tier)


@limits_app.callback()
def _group() -> None:
    """Let `set` keep its name while it is the only command."""
