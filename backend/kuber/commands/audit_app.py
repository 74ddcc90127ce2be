"""`kuber audit`: names, arguments and help."""

from pathlib import Path
from typing import Annotated

import typer

from kuber.commands.registering import command, stack_settings

audit_app = typer.Typer(help="The record of what happened.", no_args_is_help=True)


@command(audit_app, "verify", example="./kuber audit verify")
def verify(
    key: Annotated[
        str | None, typer.Option(help="Id of the signing key, as you noted it elsewhere.")
    ] = None,
) -> int:
    """Verify the whole record; ends with 1 when anything is wrong, 2 when its end is unchecked."""
    from kuber.commands.audit import verify

    return verify(stack_settings(), key)


@command(audit_app, "export", example="./kuber audit export record.jsonl")
def export(
    file: Annotated[Path, typer.Argument(help="The file to write; it may not exist yet.")],
) -> int:
    """Write the record and its checkpoints to a file, an entry a line."""
    from kuber.commands.audit import export

    return export(stack_settings(), file)


@command(audit_app, "erase", example="./kuber audit erase ann@example.com")
def erase(
    user: Annotated[str, typer.Argument(help="The id or the e-mail address of the account.")],
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
) -> int:
    """Erase from the record what says who somebody is; the chain stays whole."""
    from kuber.commands.audit import erase

    return erase(stack_settings(), user, sure=yes)


@command(audit_app, "rotate-key", example="./kuber audit rotate-key")
def rotate_key() -> int:
    """Let another key sign from now on."""
    from kuber.commands.audit import rotate_key

    return rotate_key(stack_settings())
