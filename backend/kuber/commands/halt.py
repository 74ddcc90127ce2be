"""`kuber halt`: stop trading, also where the database does not answer (rule M20)."""

import asyncio
from collections.abc import Coroutine
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING
from uuid import UUID

from kuber.commands import say
from kuber.commands.connect import use_running_stack
from kuber.config import StackSettings, halt_file_in
from kuber.kernel.clock import SystemClock
from kuber.trading.order_service.halting import halted_by, lift_halt, write_halt
from kuber.trading.order_types import SwitchState
from kuber.trading.switches.words import PLATFORM

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncSession

    from kuber.trading.switches.service import Scope

_PATIENCE_S = 20.0
FAILED = 1


class _NoSuchScope(Exception):
    """There is nobody, or no pipeline, of that name."""


@dataclass(frozen=True, slots=True)
class HaltOptions:
    """What is asked for. `scope`: platform, user:<e-mail or id> or pipeline:<id>."""

    scope: str = PLATFORM
    off: bool = False
    flatten: bool = False
    reason: str = "./kuber halt"


def halt(settings: StackSettings, options: HaltOptions) -> int:
    """Stop trading, or let it go on; return 0 when all of it was done.

    The file comes first and needs nothing else: the order service reads it before each commit.
    """
    if options.off and options.flatten:
        say.failure("--flatten goes with a halt, not with --off.")
        return FAILED
    file, everywhere = halt_file_in(settings.home.resolve()), options.scope == PLATFORM
    if everywhere and not options.off and not _write(file):
        return FAILED
    done = _set_stored(settings, options)
    if everywhere and options.off:
        done = _lift(file) and done
    if not done and not options.off and everywhere:
        say.line("Positions stay open, with their stops and targets.")
    return 0 if done else FAILED


def _write(file: Path) -> bool:
    try:
        write_halt(file, f"since {SystemClock().now():%Y-%m-%dT%H:%M:%SZ} by ./kuber halt")
    except OSError as error:
        say.failure(f"The halt could not be written to {file}: {error.strerror}.")
        say.failure("Stop the order service itself: ./kuber down")
        return False
    say.line(f"Halted by {file}: within a second no entry leaves, and working ones are cancelled.")
    return True


def _lift(file: Path) -> bool:
    try:
        there = lift_halt(file)
    except OSError as error:
        say.failure(f"{file} could not be removed: {error.strerror}. Trading stays halted.")
        return False
    if there:
        say.line(f"{file} is removed.")
    else:
        say.line("There was no halt by file.")
    return halted_by(file) is SwitchState.OFF


def _set_stored(settings: StackSettings, options: HaltOptions) -> bool:
    """Set the switch in the database; say what was done, or why it could not be."""
    from psycopg import Error as DatabaseError
    from sqlalchemy.exc import SQLAlchemyError

    from kuber.config import BadSettings
    from kuber.startup import load_settings, reveal

    use_running_stack(settings)
    try:
        said = asyncio.run(_within(_set(reveal(load_settings().database_url), options)))
    except _NoSuchScope as error:
        say.failure(str(error))
        return False
    except (SQLAlchemyError, DatabaseError, OSError, BadSettings) as error:
        state = "off" if options.off else "halted"
        say.failure(
            f"The database could not be reached ({type(error).__name__}): the switch of"
            f" {options.scope} is not set to {state} there."
        )
        if not options.off and options.scope == PLATFORM:
            say.failure("The halt by file holds. Run this again once the database is back.")
        if options.flatten:
            say.failure("No position is being closed: that is asked for in the database.")
        return False
    for line in said:
        say.line(line)
    return True


async def _within(work: Coroutine[None, None, list[str]]) -> list[str]:
    async with asyncio.timeout(_PATIENCE_S):
        return await work


async def _set(url: str, options: HaltOptions) -> list[str]:
    from kuber.infra.db import Database
    from kuber.trading.switches.schemas import SwitchBody
    from kuber.trading.switches.service import SwitchService

    state = SwitchState.OFF if options.off else SwitchState.HALTED
    body = SwitchBody(state=state, flatten=options.flatten, reason=options.reason)
    switches = SwitchService(SystemClock(), lambda: SwitchState.OFF)
    database = Database(url, pool_size=1, application_name="kuber-halt")
    try:
        async with database.transaction() as session:
            scope = await _scope(session, options.scope)
            found = await switches.set(session, scope, body, None)
    finally:
        await database.close()
    said = [f"The switch of {options.scope} is {found.state.value} in the database."]
    if options.flatten and found.report is not None:
        said.append(f"Positions that are being closed: {len(found.report.items)}.")
        said += [f"  {one.symbol} {one.quantity}: {one.text}" for one in found.report.items]
    return said


async def _scope(session: "AsyncSession", name: str) -> "Scope":
    from sqlalchemy import text

    from kuber.identity.service import find_account
    from kuber.kernel.ids import UserId
    from kuber.pipelines.statements import OWNED
    from kuber.trading.switches.service import Scope

    if name == PLATFORM:
        return Scope()
    kind, _, which = name.partition(":")
    if kind == "user" and which:
        account = await find_account(session, which)
        if account is None:
            raise _NoSuchScope(f"There is no account {which}.")
        return Scope(account.id)
    try:
        pipeline_id = UUID(which) if kind == "pipeline" else None
    except ValueError:
        pipeline_id = None
    if pipeline_id is None:
        message = f"There is no switch {name}: use platform, user:<e-mail> or pipeline:<id>."
        raise _NoSuchScope(message)
    owned = text(f"select user_id from ({OWNED}) p where id = :id")  # noqa: S608
    owner = await session.scalar(owned, {"id": pipeline_id})
    if owner is None:
        raise _NoSuchScope(f"There is no pipeline {pipeline_id}.")
    return Scope(UserId(owner), pipeline_id)
