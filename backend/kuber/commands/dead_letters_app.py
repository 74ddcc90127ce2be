"""`kuber dead-letters`: names, arguments and help."""

from typing import Annotated
from uuid import UUID

import typer

from kuber.commands.registering import command, stack_settings

dead_letters_app = typer.Typer(help="Messages that no consumer could use.", no_args_is_help=True)

LetterId = Annotated[UUID, typer.Argument(help="Its id, as `dead-letters list` shows it.")]


@command(dead_letters_app, "list", example="./kuber dead-letters list --consumer dispatcher")
def dead_letters_list(
    consumer: Annotated[str | None, typer.Option(help="Only this consumer's.")] = None,
    limit: Annotated[int, typer.Option(min=1, max=1000, help="The newest so many.")] = 50,
) -> int:
    """List the messages that were put away, newest first, with the reason."""
    from kuber.commands.dead_letters import show_list

    return show_list(stack_settings(), consumer, limit)


@command(
    dead_letters_app,
    "show",
    example="./kuber dead-letters show 0199a0b0-0000-7000-8000-000000000001",
)
def dead_letters_show(letter_id: LetterId) -> int:
    """Show one message whole: where it stood, why it was put away, what it says."""
    from kuber.commands.dead_letters import show

    return show(stack_settings(), letter_id)


@command(
    dead_letters_app,
    "replay",
    example="./kuber dead-letters replay 0199a0b0-0000-7000-8000-000000000001",
)
def dead_letters_replay(letter_id: LetterId) -> int:
    """Send one message again to the topic that it came from."""
    from kuber.commands.dead_letters import replay

    return replay(stack_settings(), letter_id)
