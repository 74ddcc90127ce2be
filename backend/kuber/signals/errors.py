"""What can be wrong with a question about signals."""

from kuber.kernel.errors import ErrorKind, KuberError


class SignalNotFound(KuberError):
    kind = ErrorKind.NOT_FOUND
    code = "not_found"
    title = "No such signal"
