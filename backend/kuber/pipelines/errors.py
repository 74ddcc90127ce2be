"""What can go wrong with pipelines."""

from typing import Self

from kuber.kernel.errors import ErrorKind, KuberError, Problem


class PipelineError(KuberError):
    """Base of the package's errors."""

    code = "invalid"
    title = "The pipeline cannot be changed like this"


class PipelineNotFound(PipelineError):
    kind = ErrorKind.NOT_FOUND
    code = "not_found"
    title = "No such pipeline"


class StaleRevision(PipelineError):
    """Somebody saved in between; nothing was overwritten."""

    kind = ErrorKind.STALE
    code = "stale_revision"
    title = "The pipeline was changed elsewhere"


class UnknownTemplate(PipelineError):
    code = "unknown_template"
    title = "No such template"


class InvalidGraph(PipelineError):
    """The graph cannot run; `problems` name the nodes."""

    code = "invalid_graph"
    title = "The pipeline has problems"


class UnstorableGraph(PipelineError):
    """A value in the graph cannot be kept as it is."""

    title = "The graph cannot be stored"

    @classmethod
    def because_of_a_value(cls) -> Self:
        """Return the error for a text or number that JSON of the database does not hold."""
        message = "A text in the graph is not valid Unicode, or a number is too large or too small."
        remedy = "Correct the value and send the request again."
        return cls(message, [Problem(message, remedy, field="graph")])


class ModeLocked(PipelineError):
    """Paper and live need a broker connection, which this installation does not have."""

    kind = ErrorKind.CONFLICT
    code = "mode_locked"
    title = "This mode is locked"
