"""What can go wrong with pipelines."""

from typing import Self
from uuid import UUID

from kuber.kernel.errors import ErrorKind, KuberError, Problem


class PipelineError(KuberError):
    """Base of the package's errors."""

    code = "invalid"
    title = "The pipeline cannot be changed like this"


class PipelineNotFound(PipelineError):
    kind = ErrorKind.NOT_FOUND
    code = "not_found"
    title = "No such pipeline"
    usual_remedy = "Choose a pipeline of your list."


class VersionNotFound(PipelineNotFound):
    title = "No such version"

    @classmethod
    def of(cls, pipeline_id: UUID, version: int, newest: int) -> Self:
        """Return the error for a version that was never published, or is no longer kept."""
        what = "It was never published." if version > newest else "It is no longer kept."
        remedy = "GET /pipelines/{id}/versions lists those that there are."
        return cls(
            f"The pipeline {pipeline_id} has no version {version}.",
            [Problem(what, remedy, field="version")],
        )


class StaleRevision(PipelineError):
    """Somebody saved in between; nothing was overwritten."""

    kind = ErrorKind.STALE
    code = "stale_revision"
    title = "The pipeline was changed elsewhere"

    @classmethod
    def of(cls, revision: int, newest: int) -> Self:
        """Return the error for a change of `revision`, which is not the newest."""
        return cls.saying(
            f"Revision {revision} is not the newest: the pipeline stands at {newest}."
        )

    @classmethod
    def saying(cls, detail: str) -> Self:
        """Return the error with a sentence that says what was too late."""
        remedy = "Load the pipeline again, or save over it with the newest revision."
        return cls(detail, [Problem("Somebody saved in between.", remedy, field="If-Match")])


class NotPublished(PipelineError):
    """Nothing of the pipeline may start by itself, nor without asking for the draft."""

    kind = ErrorKind.CONFLICT
    code = "not_published"
    title = "The pipeline is not published"

    @classmethod
    def because(cls, remedy: str) -> Self:
        """Return the error for a pipeline without a published version."""
        detail = "No version of the pipeline was published."
        return cls(detail, [Problem("The pipeline is a draft.", remedy)])


class Archived(PipelineError):
    """A pipeline in the archive was to be changed, or to start something."""

    kind = ErrorKind.CONFLICT
    code = "archived"
    title = "The pipeline is archived"

    @classmethod
    def saying(cls, detail: str) -> Self:
        """Return the error with a sentence that says what is not done with it."""
        remedy = "Take it out of the archive first: POST /pipelines/{id}/unarchive."
        return cls(detail, [Problem("The pipeline is archived.", remedy)])


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
