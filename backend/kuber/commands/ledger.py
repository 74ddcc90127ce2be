"""`kuber ledger`: compare the books with what is served of them."""

import asyncio

from kuber.commands import say
from kuber.commands.connect import use_running_stack
from kuber.config import StackSettings


def verify(settings: StackSettings) -> int:
    """Make the nightly check now and print what differs; return 1 when anything does."""
    use_running_stack(settings)
    return asyncio.run(_verify())


async def _verify() -> int:
    from kuber.infra.db import raw_pool
    from kuber.kernel.clock import SystemClock
    from kuber.ledger.check import LedgerCheck
    from kuber.startup import load_settings, reveal

    url = reveal(load_settings().database_url)
    async with raw_pool(url, size=1, application_name="kuber-ledger-verify") as pool:
        found = await LedgerCheck(pool, url, SystemClock()).verify()
    for one in found:
        say.failure(f"{one}.")
    if found:
        say.failure(f"{len(found)} differences. They are on record as ledger_differs.")
        return 1
    say.line("The books are as the entries give them.")
    return 0
