"""What goes on record."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import StrEnum
from uuid import UUID

from structlog.contextvars import get_contextvars

from kuber.kernel.ids import UserId, new_id

NO_HASH = bytes(32)
"""What the first entry names as the hash before it."""


class AuditEventType(StrEnum):
    """Every kind of entry."""

    CHAIN_STARTED = "chain_started"
    KEY_ROTATED = "key_rotated"
    KEY_REPLACED = "key_replaced"
    CHECKPOINTS_LOST = "checkpoints_lost"
    """Outside the database there was no checkpoint any more of what was linked before."""

    USER_REGISTERED = "user_registered"
    USER_LOGGED_IN = "user_logged_in"
    USER_LOGGED_OUT = "user_logged_out"
    LOGIN_FAILED = "login_failed"
    """The first of a minute for an account, with how many there were since the entry before."""
    SESSIONS_REVOKED = "sessions_revoked"
    ROLE_CHANGED = "role_changed"
    API_KEY_CREATED = "api_key_created"
    API_KEY_REVOKED = "api_key_revoked"
    DEMO_ACCOUNT_OPENED = "demo_account_opened"
    DEMO_ACCOUNT_RETIRED = "demo_account_retired"
    LIMIT_CHANGED = "limit_changed"
    NOTICE_PREFERENCES_CHANGED = "notice_preferences_changed"
    MAIL_CONFIRMED = "mail_confirmed"
    MAIL_STOPPED = "mail_stopped"

    PIPELINE_ADOPTED = "pipeline_adopted"
    """A pipeline from before pipelines were on record, as it stood then."""
    PIPELINE_CREATED = "pipeline_created"
    PIPELINE_PUBLISHED = "pipeline_published"
    PIPELINE_VERSION_ADOPTED = "pipeline_version_adopted"
    """A version from before versions were on record, as it stood then."""
    PIPELINE_VERSION_DROPPED = "pipeline_version_dropped"
    """A version that nothing ran made room for newer ones, or went with its pipeline."""
    PIPELINE_ACTIVATED = "pipeline_activated"
    PIPELINE_DEACTIVATED = "pipeline_deactivated"
    PIPELINE_ARCHIVED = "pipeline_archived"
    PIPELINE_RESTORED = "pipeline_restored"
    PIPELINE_DELETED = "pipeline_deleted"
    PIPELINE_TRIGGER_CHANGED = "pipeline_trigger_changed"
    """Of a time when a change of the trigger counted at once."""
    PIPELINE_MODE_CHANGED = "pipeline_mode_changed"

    ORDER_ADOPTED = "order_adopted"
    """An order from before there was a record, as it stood when the record began."""
    ORDER_INTENDED = "order_intended"
    ORDER_ANSWERED = "order_answered"

    ACCOUNT_OPENED = "account_opened"
    """A lasting trading account."""
    ACCOUNT_CHANGED = "account_changed"
    ACCOUNT_RESET = "account_reset"
    DEPOSITED = "deposited"
    LEDGER_DIFFERS = "ledger_differs"
    """What is served is not what follows from the ledger's entries."""
    ACCOUNT_DIFFERS = "account_differs"
    """Ledger, positions, orders and fills of an account do not agree: its entries are blocked."""
    ACCOUNT_AGREES = "account_agrees"
    """They agree again."""
    CORPORATE_ACTION_TAKEN = "corporate_action_taken"
    """A split or a dividend reached a position, or could not."""
    SWITCH_SET = "switch_set"
    """Trading was paused, reduced, halted or let go on: for all, a user or a pipeline."""

    BUDGET_CHANGED = "budget_changed"
    WEBHOOK_SOURCE_CREATED = "webhook_source_created"
    WEBHOOK_SOURCE_CHANGED = "webhook_source_changed"
    WEBHOOK_SECRET_ROTATED = "webhook_secret_rotated"  # noqa: S105  a kind of event
    WEBHOOK_SOURCE_DELETED = "webhook_source_deleted"
    DEAD_LETTER_REPLAYED = "dead_letter_replayed"

    SCANNER_CREATED = "scanner_created"
    SCANNER_CHANGED = "scanner_changed"
    SCANNER_DELETED = "scanner_deleted"
    INSTRUMENT_CHANGED = "instrument_changed"
    INSTRUMENT_RESET = "instrument_reset"
    GENERATOR_CREATED = "generator_created"
    GENERATOR_CHANGED = "generator_changed"
    GENERATOR_DELETED = "generator_deleted"
    PLUGIN_ADDED = "plugin_added"
    PLUGIN_REMOVED = "plugin_removed"
    PLUGIN_LEFT_OUT = "plugin_left_out"
    PERSONAL_DATA_ERASED = "personal_data_erased"


KEY_EVENTS = (
    AuditEventType.CHAIN_STARTED,
    AuditEventType.KEY_ROTATED,
    AuditEventType.KEY_REPLACED,
)
"""Entries that name the key that signs from their place on."""


def current_correlation_id() -> str:
    """Return the id under which the work at hand can be found; a new one outside of any."""
    return str(get_contextvars().get("correlation_id") or new_id())


_PLAIN_ID = re.compile(r"[A-Za-z0-9._:-]{1,100}")


@dataclass(frozen=True, slots=True)
class AuditEvent:
    """One fact, in the past tense.

    `data` holds ids, states, figures as decimal strings; no names, no secrets, no prompts. What
    says who somebody is stands in `personal`: the chain holds its salted hash, and the text can be
    erased. `user_id` is whose record it belongs to, None for the installation's; who did it, when
    that is somebody else, is `data["actor_id"]`.
    """

    event_type: AuditEventType
    at: datetime
    correlation_id: str
    user_id: UserId | None
    data: Mapping[str, object]
    personal: Mapping[str, str] = field(default_factory=dict)
    event_id: UUID = field(default_factory=new_id)

    def __post_init__(self) -> None:
        assert self.at.tzinfo is not None, "an instant names its time zone"
        if not _PLAIN_ID.fullmatch(self.correlation_id):
            object.__setattr__(self, "correlation_id", "unknown")
        object.__setattr__(self, "at", self.at.astimezone(UTC))


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """The chain's state at one position, signed; `hash` is that of the entry there."""

    chain_id: UUID
    position: int
    hash: bytes
    at: datetime
    key_id: str
    signature: bytes
