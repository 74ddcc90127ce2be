"""All that tells open connections what PostgreSQL tells."""

from dataclasses import dataclass

from kuber.realtime.account_push import AccountPush
from kuber.realtime.notice_push import NoticePush
from kuber.realtime.pipeline_push import PipelinePush
from kuber.realtime.quote_push import QuotePush


@dataclass(frozen=True, slots=True)
class Pushes:
    """One for each kind of topic."""

    notices: NoticePush
    pipelines: PipelinePush
    quotes: QuotePush
    accounts: AccountPush
