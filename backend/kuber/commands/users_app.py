"""`kuber users`: names, arguments and help."""

from typing import Annotated

import typer

from kuber.commands.registering import command, stack_settings
from kuber.identity.types import Role

users_app = typer.Typer(help="The accounts of this installation.", no_args_is_help=True)


@command(users_app, "role", example="./kuber users role ann@example.com admin")
def role(
    user: Annotated[str, typer.Argument(help="The id or the e-mail address of the account.")],
    to: Annotated[Role, typer.Argument(help="The role.", metavar="ROLE")],
) -> int:
    """Make an account an administrator's (admin), or an ordinary one again (user)."""
    from kuber.commands.users import change_role

    return change_role(stack_settings(), user, to)


@users_app.callback()
def _group() -> None:
    """Let `role` keep its name while it is the only command."""
