"""`kuber audit`: verify the record, export it, rotate its key, erase what says who somebody is."""

import asyncio
import sys
from collections.abc import Mapping
from functools import partial
from pathlib import Path

from kuber.commands import say
from kuber.commands.connect import use_running_stack
from kuber.config import StackSettings


def verify(settings: StackSettings, key: str | None) -> int:
    """Verify the whole record and print what is found; return 1 when anything is wrong, 2 when a
    cut at the end would not show."""
    use_running_stack(settings)
    from kuber.api.verification import COMPARISONS
    from kuber.audit.outside import read_outside
    from kuber.audit.verify import verify as verify_record
    from kuber.startup import load_settings, reveal

    loaded = load_settings()
    result = verify_record(
        reveal(loaded.database_url),
        COMPARISONS,
        partial(read_outside, loaded.audit_folder, None),
        trusted_key=key,
        progress=_show_progress,
    )
    for found in result.findings:
        place = "no place" if found.chain_position is None else f"place {found.chain_position}"
        say.failure(f"{place}: {found.damage}: {found.detail}")
    if result.end_unchecked:
        say.line(f"Whether the end was cut off cannot be said: {result.end_unchecked}")
    say.line(result.authorship)
    if result.intact and result.end_unchecked:
        say.line(f"{result.checked} entries, nothing wrong up to the end that there is.")
        return 2
    if result.intact:
        say.line(f"{result.checked} entries, nothing wrong.")
        return 0
    most = "" if result.complete else "at least "
    say.failure(f"{result.checked} entries, {most}{len(result.findings)} findings.")
    return 1


def export(settings: StackSettings, file: Path) -> int:
    """Write the record to a new file; return the exit code."""
    use_running_stack(settings)
    import psycopg

    from kuber.audit.export import lines, write
    from kuber.startup import load_settings, reveal

    loaded = load_settings()
    try:
        count = write(file, lines(reveal(loaded.database_url), loaded.audit_folder))
    except FileExistsError:
        say.failure(f"{file} exists already. Name a new file.")
        return 1
    except (OSError, psycopg.Error) as error:
        say.failure(f"Nothing was written to {file}: {error}")
        return 1
    say.line(f"{count} lines in {file}. Verify them with docs/examples/verify_audit.py.")
    return 0


def rotate_key(settings: StackSettings) -> int:
    """Put a new key beside the present one; return the exit code."""
    use_running_stack(settings)
    from kuber.audit.keys import KeyFile
    from kuber.startup import load_settings

    key = KeyFile(load_settings().audit_key_folder).ask_for_rotation()
    say.line(f"Key {key.id} signs as soon as the service audit has taken it up. Note its id.")
    return 0


def erase(settings: StackSettings, user: str, *, sure: bool) -> int:
    """Erase from the record what says who `user` is, an id or an e-mail address; return the exit
    code."""
    use_running_stack(settings)
    return asyncio.run(_erase(user, sure=sure))


async def _erase(user: str, *, sure: bool) -> int:
    from kuber.audit.entries import append, count_personal, erase_personal
    from kuber.audit.types import AuditEvent, AuditEventType, current_correlation_id
    from kuber.identity.service import find_account
    from kuber.infra.db import Database
    from kuber.kernel.clock import SystemClock
    from kuber.startup import load_settings, reveal

    database = Database(reveal(load_settings().database_url), pool_size=1)
    try:
        async with database.transaction() as session:
            account = await find_account(session, user)
            there = await count_personal(session, account.id) if account else {}
        if account is None:
            say.failure(f"There is no account {user}.")
            return 1
        if not there:
            say.line(f"The record holds nothing that says who {account.id} is.")
            return 0
        say.line(f"The record says who {account.id} is: {_counted(there)}.")
        if not sure and not say.confirmed("Erase that for good? The entries stay, without it."):
            say.line("Nothing was erased.")
            return 1
        async with database.transaction() as session:
            erased = await erase_personal(session, account.id)
            said = {"texts": erased, "by": "command line"}
            kind, at = AuditEventType.PERSONAL_DATA_ERASED, SystemClock().now()
            event = AuditEvent(kind, at, current_correlation_id(), account.id, said)
            await append(session, event)
    finally:
        await database.close()
    say.line(f"Erased {_counted(erased)}. The account itself stays, with its address.")
    return 0


def _counted(texts: Mapping[str, int]) -> str:
    return ", ".join(f"{count} of {name}" for name, count in sorted(texts.items()))


def _show_progress(done: int, of: int) -> None:
    if sys.stderr.isatty():
        sys.stderr.write(f"\r{done} of {of} " + ("\n" if done >= of else ""))
