"""What people are told of."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from kuber.kernel.ids import UserId

NOTICES_CHANNEL = "kuber_notices"
"""PostgreSQL tells here, at the commit, which users have something new: ids, spaces between."""

COUNTED_FOR = timedelta(hours=1)
"""A mail that was sent counts for so long against the limit of its user."""


class NoticeKind(StrEnum):
    """Every kind of notice whose cause exists."""

    ORDER_FILLED = "order_filled"
    ORDER_REJECTED = "order_rejected"
    RUN_FAILED = "run_failed"
    PIPELINE_SWITCHED_OFF = "pipeline_switched_off"
    BUDGET_EXHAUSTED = "budget_exhausted"
    WEBHOOK_REFUSED = "webhook_refused"
    DEPOSIT = "deposit"
    POSITION_ALARM = "position_alarm"
    POSITION_NEWS = "position_news"
    TRADING_SWITCH = "trading_switch"
    ACCOUNT_DIFFERS = "account_differs"
    TEST = "test"
    """What somebody asks for to see whether notices arrive."""


@dataclass(frozen=True, slots=True)
class KindRules:
    """How a kind is treated.

    An alarm is neither grouped nor evicted, and cannot be switched off in the app. `mail` is
    whether it is mailed unless its user says otherwise; after `mail_within` a mail that could not
    be sent is not sent any more.
    """

    title: str
    explanation: str
    alarm: bool = False
    mail: bool = False
    mail_within: timedelta = timedelta(days=1)


RULES: Mapping[NoticeKind, KindRules] = {
    NoticeKind.ORDER_FILLED: KindRules(
        "Order filled", "An order of one of your pipelines was filled, whole or in part."
    ),
    NoticeKind.ORDER_REJECTED: KindRules(
        "Order rejected", "The venue refused an order of one of your pipelines.", mail=True
    ),
    NoticeKind.RUN_FAILED: KindRules(
        "Run failed", "A run of one of your pipelines ended with an error.", mail=True
    ),
    NoticeKind.PIPELINE_SWITCHED_OFF: KindRules(
        "Pipeline switched off",
        "An active pipeline was switched off by something other than its switch.",
        alarm=True,
        mail=True,
        mail_within=timedelta(days=3),
    ),
    NoticeKind.BUDGET_EXHAUSTED: KindRules(
        "Budget spent",
        "Your budget of the day is spent: nothing starts by itself until the next one.",
        alarm=True,
        mail=True,
        mail_within=timedelta(hours=12),
    ),
    NoticeKind.WEBHOOK_REFUSED: KindRules(
        "Webhook refused", "A delivery to one of your webhooks was refused; told once an hour."
    ),
    NoticeKind.DEPOSIT: KindRules("Deposit", "Money was paid into one of your accounts."),
    NoticeKind.POSITION_ALARM: KindRules(
        "Position needs you",
        "A position is not protected, was not watched, or cannot be closed by Kuber.",
        alarm=True,
        mail=True,
    ),
    NoticeKind.POSITION_NEWS: KindRules(
        "Position", "What the management of a position did or could not do."
    ),
    NoticeKind.TRADING_SWITCH: KindRules(
        "Trading switch",
        "Trading was paused, reduced to closing, halted, or goes on again.",
        alarm=True,
        mail=True,
    ),
    NoticeKind.ACCOUNT_DIFFERS: KindRules(
        "Account does not agree",
        "Ledger, positions, orders and fills of an account differ: it opens nothing meanwhile.",
        alarm=True,
        mail=True,
    ),
    NoticeKind.TEST: KindRules("Test", "You asked for a test.", mail_within=timedelta(hours=1)),
}

CHOOSABLE = tuple(kind for kind in NoticeKind if kind is not NoticeKind.TEST)
"""The kinds that a user may choose channels for."""

ALARMS = tuple(kind for kind, rules in RULES.items() if rules.alarm)


@dataclass(frozen=True, slots=True)
class Notice:
    """What one user is to be told, written with what causes it.

    `data` holds what the kind's words need, as JSON values. Notices of the same `subject` that
    follow each other are shown as one with a count; None is never grouped. Of those with the same
    `dedupe_key` a user gets the first only.
    """

    user_id: UserId
    kind: NoticeKind
    at: datetime
    data: Mapping[str, object]
    subject: str | None = None
    dedupe_key: str | None = None
