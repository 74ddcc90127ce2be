"""What can go wrong with runs, as their users see it."""

from kuber.kernel.errors import ErrorKind, KuberError


class RunError(KuberError):
    """Base of the package's errors."""

    code = "invalid"
    title = "The run cannot be started like this"


class RunNotFound(RunError):
    kind = ErrorKind.NOT_FOUND
    code = "not_found"
    title = "No such run"
    usual_remedy = "Choose a run of your list."


class AlreadyRunning(RunError):
    """One pipeline has at most one active run for a symbol; the database sees to it."""

    kind = ErrorKind.CONFLICT
    code = "already_running"
    title = "The pipeline is already running"
    usual_remedy = "Wait for the run's end, or cancel it."


class OrderUnanswered(RunError):
    """The venue has not said yet what became of an order of the run."""

    kind = ErrorKind.CONFLICT
    code = "order_unanswered"
    title = "An order of the run has no answer yet"


class PipelineDeleted(RunError):
    kind = ErrorKind.CONFLICT
    code = "pipeline_deleted"
    title = "The pipeline was deleted"


class QueueFull(RunError):
    """The user has as many runs in the queue as may be."""

    kind = ErrorKind.RATE_LIMITED
    code = "queue_full"
    title = "Your queue of runs is full"


class AlreadyFinished(RunError):
    kind = ErrorKind.CONFLICT
    code = "already_finished"
    title = "The run has already finished"
    usual_remedy = "Nothing is left to cancel; run the pipeline again if you want to."
