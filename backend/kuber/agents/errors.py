"""What can go wrong around agents, apart from their own work (see `base.AgentFailure`)."""

from kuber.kernel.errors import ErrorKind, KuberError


class AgentError(KuberError):
    """Base of the package's errors."""

    code = "agent_error"
    title = "The agent cannot be used"


class UnknownAgent(AgentError):
    """No agent of this type is installed."""

    kind = ErrorKind.NOT_FOUND
    code = "unknown_agent"
    title = "Unknown agent"
    usual_remedy = "Choose an agent that is installed, or install its package."
