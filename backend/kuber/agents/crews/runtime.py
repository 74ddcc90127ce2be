"""The one way to import CrewAI: quiet, offline and without side effects on this process."""

import logging
import os
import tempfile
from pathlib import Path
from types import ModuleType

_FLAGS = {
    "CREWAI_DISABLE_TELEMETRY": "true",
    "CREWAI_TRACING_ENABLED": "false",
    "CREWAI_DISABLE_VERSION_CHECK": "true",
}


def import_crewai() -> ModuleType:
    """Return the `crewai` module, imported with telemetry, tracing and version checks off.

    Takes 2 to 4 s and 170 MB the first time: only worker processes may call it. CrewAI would
    use a `REDIS_URL` of its surroundings for locks and needs a writable home folder.
    """
    os.environ.update(_FLAGS)  # noqa: TID251 - CrewAI has no other switch
    os.environ.pop("REDIS_URL", None)  # noqa: TID251
    if not os.access(Path.home(), os.W_OK):
        os.environ["HOME"] = tempfile.mkdtemp(prefix="kuber-home-")  # noqa: TID251
    import crewai
    from crewai.events.utils.console_formatter import set_suppress_console_output

    set_suppress_console_output(True)
    _unhook_flow_listeners()
    # Its log lines may quote prompts and answers; failures reach us as exceptions.
    logging.getLogger("crewai").setLevel(logging.CRITICAL)
    return crewai


def _unhook_flow_listeners() -> None:
    """Take CrewAI's own listeners off the events that every kick-off sends.

    They feed its console and its tracing, both off; each would still cost a change of threads
    in every run. Listeners that anybody else adds later are called as usual.
    """
    from crewai.events import event_bus
    from crewai.events.types import env_events, flow_events

    bus = event_bus.crewai_event_bus
    for kind in (
        env_events.DefaultEnvEvent,
        flow_events.FlowCreatedEvent,
        flow_events.FlowStartedEvent,
        flow_events.FlowFinishedEvent,
        flow_events.FlowFailedEvent,
    ):
        for handler in bus._sync_handlers.get(kind, frozenset()):  # it has no public list
            if handler.__module__.startswith("crewai."):
                bus.off(kind, handler)
