"""What the open sockets of the API process depend on and hear of."""

from collections.abc import Collection, Sequence
from contextlib import AsyncExitStack

from kuber.identity.service import SESSIONS_CHANNEL, IdentityService
from kuber.identity.types import SessionId
from kuber.infra.db import Database
from kuber.kernel.clock import Clock
from kuber.kernel.ids import UserId
from kuber.market.feed.notifying import QUOTES_CHANNEL
from kuber.market.feed.store import newest_quotes
from kuber.market.feed.types import Quote
from kuber.notifications.service import NoticeService
from kuber.notifications.types import NOTICES_CHANNEL
from kuber.pipelines.announcing import CHANNEL as PIPELINES_CHANNEL
from kuber.realtime.account_push import ACCOUNTS_CHANNEL, AccountPush, AccountReader
from kuber.realtime.database_channels import DatabaseChannels
from kuber.realtime.messages import NoticesMessage
from kuber.realtime.notice_push import NoticePush
from kuber.realtime.pipeline_push import PipelinePush
from kuber.realtime.pushes import Pushes
from kuber.realtime.quote_push import QuotePush
from kuber.realtime.session_watch import SessionWatch


def open_watches(
    stack: AsyncExitStack,
    database: Database,
    clock: Clock,
    identity: IdentityService,
    notices: NoticeService,
    accounts: AccountReader,
) -> tuple[SessionWatch, Pushes]:
    """Watch what open sockets depend on, their sessions, and what they hear of: quotes, and their
    users' notices, pipelines and accounts."""

    async def ended_among(session_ids: Collection[SessionId]) -> set[SessionId]:
        async with database.transaction() as session:
            return await identity.ended_among(session, session_ids)

    async def read_notices(user_id: UserId) -> NoticesMessage:
        async with database.transaction() as session:
            unread, newest = await notices.summary(session, user_id)
        return NoticesMessage(type="notices", unread=unread, newest=newest)

    async def read_quotes(symbols: Collection[str]) -> Sequence[Quote]:
        async with database.transaction() as session:
            return await newest_quotes(session, symbols)

    watch = SessionWatch(ended_among)
    pushes = Pushes(
        NoticePush(read_notices),
        PipelinePush(),
        QuotePush(read_quotes, clock),
        AccountPush(accounts, clock),
    )
    channels = DatabaseChannels(database.url)
    channels.take(SESSIONS_CHANNEL, watch.ended)
    channels.take(NOTICES_CHANNEL, pushes.notices.changed, pushes.notices.look_again)
    channels.take(PIPELINES_CHANNEL, pushes.pipelines.changed, pushes.pipelines.look_again)
    channels.take(QUOTES_CHANNEL, pushes.quotes.heard, pushes.quotes.look_again)
    channels.take(ACCOUNTS_CHANNEL, pushes.accounts.changed, pushes.accounts.look_again)
    for one in (watch, pushes.notices, pushes.quotes, pushes.accounts, channels):
        one.start()
        stack.push_async_callback(one.close)
    return watch, pushes
