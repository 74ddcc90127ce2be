"""The secrets of sources: made here, shown once, stored encrypted."""

import base64
import secrets
from uuid import UUID

import structlog

from kuber.infra.sealing import CannotOpen, SealedBox
from kuber.signals.gateway.errors import SecretUnreadable, one_problem
from kuber.signals.gateway.types import SourceKind

_log = structlog.get_logger(__name__)

_SECRET_BYTES = 32
_HINT_CHARACTERS = 4
_PREFIX = "kws_"
"""Lets scanners for leaked secrets find ours; and none begins with a dash, like an option."""


def new_secret(kind: SourceKind) -> str:
    """Return a secret of 256 random bits in the form that the kind's senders expect."""
    if kind is SourceKind.STANDARD_WEBHOOKS:
        return "whsec_" + base64.b64encode(secrets.token_bytes(_SECRET_BYTES)).decode()
    return _PREFIX + secrets.token_urlsafe(_SECRET_BYTES)


def hint_of(secret: str) -> str:
    """Return the end of a secret, enough to tell it from others."""
    return secret.rstrip("=")[-_HINT_CHARACTERS:]


class SecretKeeper:
    """Encrypts the secrets of sources; `secret` is the installation's, at least 32 characters."""

    def __init__(self, secret: str) -> None:
        self._box = SealedBox(secret, "webhook source secrets")

    def seal(self, source_id: UUID, secret: str) -> bytes:
        """Return `secret` as it is stored for the source."""
        return self._box.seal(secret.encode(), source_id.bytes)

    def open(self, source_id: UUID, box: bytes) -> str:
        """Return a stored secret; raises SecretUnreadable."""
        try:
            return self._box.open(box, source_id.bytes).decode()
        except CannotOpen as error:
            _log.error("webhook_secret_unreadable", source_id=str(source_id))
            raise SecretUnreadable(
                "The secret was stored under another KUBER_JWT_SECRET.",
                one_problem("The secret cannot be read.", "Its owner has to rotate the secret."),
            ) from error
