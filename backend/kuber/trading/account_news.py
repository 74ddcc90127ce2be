"""News of accounts for open pages, over PostgreSQL, with the transaction that they are about."""

from collections.abc import Iterator, Sequence
from typing import NamedTuple
from uuid import UUID

from kuber.infra.db import RawConnection

ACCOUNT_CHANNEL = "kuber_account"
"""PostgreSQL notifies here of what changed: lines of account, event and id."""

_MOST_BYTES = 7_900
"""PostgreSQL takes less than 8,000 bytes with a notification."""
_NOTIFY = "select pg_notify(%(channel)s, %(payload)s)"


class News(NamedTuple):
    """Something about an order, a position or money that pages of its account show."""

    account_id: UUID
    event: str
    id: str


def money_moved(account_id: UUID) -> News:
    """Return the news that an account's balances are other ones."""
    return News(account_id, "account_changed", str(account_id))


async def tell_accounts(connection: RawConnection, news: Sequence[News]) -> None:
    """Have pages told when the transaction commits."""
    for payload in packed(news):
        await connection.execute(_NOTIFY, {"channel": ACCOUNT_CHANNEL, "payload": payload})


def packed(news: Sequence[News]) -> Iterator[str]:
    """Yield payloads of notifications: lines of account, event and id; of an account with too much
    news only that it is to be looked at again."""
    lines = list(dict.fromkeys(f"{one.account_id} {one.event} {one.id}" for one in news))
    if sum(len(line) + 1 for line in lines) > 4 * _MOST_BYTES:
        lines = sorted({f"{one.account_id} look_again" for one in news})
    part: list[str] = []
    size = 0
    for line in lines:
        if part and size + len(line) + 1 > _MOST_BYTES:
            yield "\n".join(part)
            part, size = [], 0
        part.append(line)
        size += len(line) + 1
    if part:
        yield "\n".join(part)
