"""Every reason for which a delivery is refused, each with its code and remedy."""

from kuber.kernel.errors import ErrorKind, KuberError, Problem


class GatewayError(KuberError):
    """Base of this package's errors."""


class WebhookNotFound(GatewayError):
    """There is no such source, or it is switched off: a stranger cannot tell which."""

    kind = ErrorKind.NOT_FOUND
    code = "webhook_not_found"
    title = "There is no webhook at this address"


class SourceNotFound(GatewayError):
    """The person who asks has no such webhook source."""

    kind = ErrorKind.NOT_FOUND
    code = "not_found"
    title = "The webhook source does not exist"


class TooManySources(GatewayError):
    """A person has as many sources as one may have."""

    kind = ErrorKind.CONFLICT
    code = "too_many_sources"
    title = "There are too many webhook sources"


class BadSource(GatewayError):
    """The settings of a source contradict each other."""

    code = "invalid"
    title = "The webhook source is not valid"


class BodyTooLarge(GatewayError):
    """The body is over the limit."""

    kind = ErrorKind.TOO_LARGE
    code = "too_large"
    title = "The delivery is too large"


class TooManyDeliveries(GatewayError):
    """The source or its owner sends more often than is allowed."""

    kind = ErrorKind.RATE_LIMITED
    code = "rate_limited"
    title = "Too many deliveries"
    first_of_window = False
    """Whether this is the one refusal of the minute that is put on record."""


class GatewayBusy(GatewayError):
    """As many deliveries as the process takes are being worked on."""

    kind = ErrorKind.RATE_LIMITED
    code = "busy"
    title = "The gateway is busy"


class NetworkNotAllowed(GatewayError):
    """The delivery comes from an address that the source does not list."""

    kind = ErrorKind.FORBIDDEN
    code = "network_not_allowed"
    title = "Deliveries from this address are not allowed"


class ReplayGuardAway(GatewayError):
    """Redis is away: without it a repeated delivery could not be told from a new one."""

    kind = ErrorKind.UNAVAILABLE
    code = "unavailable"
    title = "Kuber cannot check deliveries right now"


class SecretUnreadable(GatewayError):
    """The stored secret was encrypted under another KUBER_JWT_SECRET."""

    kind = ErrorKind.UNAVAILABLE
    code = "secret_unreadable"
    title = "The secret of this source cannot be read"


class NotAuthentic(GatewayError):
    """Base of the reasons not to believe a delivery."""

    kind = ErrorKind.UNAUTHENTICATED


class SignatureMissing(NotAuthentic):
    """A header of the signature, or the secret in the address, is not there."""

    code = "signature_missing"
    title = "The delivery is not signed"


class SignatureMalformed(NotAuthentic):
    """A header of the signature is not in its form."""

    code = "signature_malformed"
    title = "The signature cannot be read"


class TimestampMalformed(NotAuthentic):
    """The timestamp is not a whole number of seconds."""

    code = "timestamp_malformed"
    title = "The timestamp cannot be read"


class TimestampTooOld(NotAuthentic):
    """The delivery was signed too long ago."""

    code = "timestamp_too_old"
    title = "The delivery is too old"


class TimestampInFuture(NotAuthentic):
    """The delivery was signed at a time that has not come."""

    code = "timestamp_in_future"
    title = "The delivery is from the future"


class SignatureWrong(NotAuthentic):
    """No valid secret gives this signature for these bytes."""

    code = "signature_wrong"
    title = "The signature does not match"


class NonceReplayed(GatewayError):
    """The nonce was used before."""

    kind = ErrorKind.CONFLICT
    code = "nonce_replayed"
    title = "This delivery was sent before"


class ExternalIdReused(GatewayError):
    """The Idempotency-Key was sent with another body before."""

    kind = ErrorKind.CONFLICT
    code = "idempotency_key_reused"
    title = "The Idempotency-Key belongs to another delivery"


class NameReused(GatewayError):
    """The name of a delivery, such as its correlation id, stood for another signal before."""

    kind = ErrorKind.CONFLICT
    code = "correlation_id_reused"
    title = "The name of the delivery belongs to another signal"


class UnsupportedContent(GatewayError):
    """The content type or encoding is not one that this source takes."""

    kind = ErrorKind.UNSUPPORTED_TYPE
    code = "unsupported_media_type"
    title = "The content type is not supported"


class BadMessage(GatewayError):
    """Base of what can be wrong with a body that is proven to be the sender's."""

    title = "The signal is not valid"


class NotJson(BadMessage):
    """The body is not a JSON object."""

    code = "not_json"


class BadTimestamp(BadMessage):
    """The time of the signal is missing, unreadable or in the future."""

    code = "bad_signal_time"


class NoTickers(BadMessage):
    """The list of tickers is empty."""

    code = "no_tickers"


class TooManyTickers(BadMessage):
    """The list of tickers is longer than a signal may have."""

    code = "too_many_tickers"


class BadConfidence(BadMessage):
    """A confidence is not a number from 0 to 100."""

    code = "bad_confidence"


class UnknownSignalType(BadMessage):
    """Nothing subscribes to signals of this type."""

    code = "unknown_signal_type"


class InvalidSignal(BadMessage):
    """Something else is wrong with a field."""

    code = "invalid"


def one_problem(message: str, remedy: str, field: str | None = None) -> tuple[Problem, ...]:
    """Return the list of the one thing that is wrong."""
    return (Problem(message, remedy, field=field),)
