"""What can go wrong between Kuber and a venue."""

from kuber.kernel.errors import ErrorKind, KuberError


class BrokerError(KuberError):
    """Base of the package's errors."""

    code = "broker_error"
    title = "The broker could not do it"


class BrokerUnavailable(BrokerError):
    """The venue did not answer; whether it took the order is unknown until it is asked."""

    kind = ErrorKind.UNAVAILABLE
    code = "broker_unavailable"
    title = "The broker does not answer"
