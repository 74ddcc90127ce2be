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


class NotEndedYet(RunError):
    """Only of a run that has ended it can be said how its trade went on."""

    kind = ErrorKind.CONFLICT
    code = "not_ended"
    title = "The run has not ended yet"
    usual_remedy = "Wait for the run's end, or cancel it."


class NotScratch(RunError):
    """Of a run of the present nobody knows yet what follows."""

    kind = ErrorKind.CONFLICT
    code = "run_of_the_present"
    title = "The run looked at the present"
    usual_remedy = "Run the pipeline as of a past moment to see how such a trade went on."


class NoTrade(RunError):
    """The run has no entry that could be followed."""

    kind = ErrorKind.CONFLICT
    code = "no_trade"
    title = "There is no trade to follow"
    usual_remedy = "Choose a run whose entry was filled, at a past moment."


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
