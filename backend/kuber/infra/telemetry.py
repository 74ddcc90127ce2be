"""Logs, traces and metrics: JSON lines with correlation ids, OpenTelemetry, Prometheus."""

import logging
import sys
from collections.abc import Mapping
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from typing import TYPE_CHECKING

import structlog
from opentelemetry import trace
from opentelemetry.context import Context
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator
from prometheus_client import Counter, Gauge, Histogram
from structlog.contextvars import merge_contextvars
from structlog.typing import EventDict, Processor, WrappedLogger

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncEngine

_PROPAGATOR = TraceContextTextMapPropagator()

RUNS_ACCEPTED = Counter("kuber_runs_accepted_total", "Runs accepted by the API", ["mode"])
RUNS_FINISHED = Counter("kuber_runs_finished_total", "Runs that ended", ["status"])
NODE_SECONDS = Histogram(
    "kuber_node_seconds",
    "Time one node took",
    ["agent_type", "status"],
    buckets=(0.001, 0.005, 0.02, 0.1, 0.5, 2, 10, 60, 300),
)
RUN_FLUSHES = Histogram(
    "kuber_run_flush_runs",
    "Runs whose records left in one statement",
    buckets=(1, 2, 4, 8, 16, 32, 64),
)
MESSAGES_CONSUMED = Counter("kuber_messages_consumed_total", "Messages done", ["consumer"])
CONSUMER_ERRORS = Counter(
    "kuber_consumer_errors_total", "Errors that Kafka's library went on from", ["group", "error"]
)
DEAD_LETTERS = Counter("kuber_dead_letters_total", "Messages put away", ["consumer", "reason"])
UNKNOWN_FIELDS = Counter("kuber_unknown_fields_total", "Unknown fields in messages", ["topic"])
SIGNALS = Counter("kuber_signals_total", "Signals accepted", ["signal_type"])
SIGNALS_REPEATED = Counter(
    "kuber_signals_repeated_total", "Signals whose id or idempotency key was seen before"
)
SIGNAL_TICKERS_DROPPED = Counter(
    "kuber_signal_tickers_dropped_total", "Tickers of signals that name no symbol"
)
SIGNAL_MATCHES = Counter(
    "kuber_signal_matches_total", "What signals meant for pipelines", ["outcome", "reason"]
)
DISPATCH_SECONDS = Histogram(
    "kuber_dispatch_seconds",
    "From the message's time at the broker to its runs committed",
    buckets=(0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.25, 1, 5, 60),
)
QUOTES_BELIEVED = Counter("kuber_quotes_believed_total", "Quotes that passed", ["source"])
QUOTES_REFUSED = Counter(
    "kuber_quotes_refused_total", "Quotes that were not believed", ["source", "reason"]
)
MARKET_STATE = Gauge(
    "kuber_market_state", "1 for the state that a market is in", ["calendar", "state"]
)
SYMBOLS_STALE = Gauge(
    "kuber_symbols_stale", "Followed symbols without a new quote for too long", ["calendar"]
)
OUTBOX_WAITING = Gauge("kuber_outbox_waiting", "Outbox rows not yet published")
OUTBOX_PUBLISHED = Counter("kuber_outbox_published_total", "Outbox rows published", ["topic"])
OUTBOX_REFUSED = Counter(
    "kuber_outbox_refused_total", "Outbox rows set aside: Kafka will never take them", ["topic"]
)
OUTBOX_UNCONFIRMED = Gauge(
    "kuber_outbox_unconfirmed", "Outbox rows that Kafka has and their consumer has not recorded"
)
OUTBOX_UNCONFIRMED_AGE_S = Gauge(
    "kuber_outbox_unconfirmed_age_seconds", "Age of the oldest of these rows"
)
OUTBOX_RESENT = Counter(
    "kuber_outbox_resent_total", "Outbox rows sent again: lost or passed over", ["topic"]
)


_NOISY = (
    *("httpx", "httpcore", "openai", "alembic.runtime", "kombu", "amqp"),
    # A line for each task would drown the rest: the scheduler sends one every second.
    *("celery.worker.strategy", "celery.app.trace"),
)


@dataclass(slots=True)
class _Process:
    name: str = "kuber"
    traced: bool = False
    """Whether spans are sent anywhere."""


_PROCESS = _Process()


def name_process(service: str) -> None:
    """Say what this process is called in what it announces: api, worker, dispatcher, ..."""
    _PROCESS.name = service


def process_name() -> str:
    """Return what this process is called; `kuber` for a command that has no other name."""
    return _PROCESS.name


def configure_logging(level: str, log_format: str, service: str) -> None:
    """Send structlog and the standard library's loggers to stderr, one event a line."""
    shared: list[Processor] = [
        merge_contextvars,
        _trace_ids,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.StackInfoRenderer(),
        structlog.processors.format_exc_info,
    ]
    renderer: Processor = (
        structlog.processors.JSONRenderer()
        if log_format == "json"
        else structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty())
    )
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                _named(service),
                renderer,
            ],
        )
    )
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level)
    for noisy in _NOISY:
        logging.getLogger(noisy).setLevel(max(logging.WARNING, root.level))


def configure_tracing(service: str, otlp_endpoint: str) -> None:
    """Send spans to `otlp_endpoint`; without one no span is made and tracing costs nothing."""
    if not otlp_endpoint:
        return
    # What sends spans takes 10 MB that a process without an endpoint does not need.
    from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
    from opentelemetry.sdk.resources import Resource
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.sdk.trace.export import BatchSpanProcessor

    provider = TracerProvider(resource=Resource.create({"service.name": service}))
    exporter = OTLPSpanExporter(endpoint=f"{otlp_endpoint}/v1/traces")
    provider.add_span_processor(BatchSpanProcessor(exporter))
    trace.set_tracer_provider(provider)
    _PROCESS.traced = True


def span(
    tracer: trace.Tracer,
    name: str,
    attributes: Mapping[str, str | int] | None = None,
    parent: str | None = None,
) -> AbstractContextManager[object]:
    """Return a span below `parent`, a W3C traceparent, or else below the current one.

    Nothing where spans are sent nowhere.
    """
    if not _PROCESS.traced:
        return nullcontext()
    below = None if parent is None else context_of(parent)
    return tracer.start_as_current_span(name, below, attributes=attributes)


def trace_database(engine: "AsyncEngine") -> None:
    """Make a span of every statement of `engine`.

    The instrumentation asks for SQLAlchemy below 2.1 and would do nothing without a word; it
    works, so the question is skipped, and a test looks for the span.
    """
    from opentelemetry.instrumentation.sqlalchemy import SQLAlchemyInstrumentor

    SQLAlchemyInstrumentor().instrument(engine=engine.sync_engine, skip_dep_check=True)


def traceparent() -> str | None:
    """Return the current span as a W3C traceparent, to be carried to another process."""
    carrier: dict[str, str] = {}
    _PROPAGATOR.inject(carrier)
    return carrier.get("traceparent")


def context_of(parent: str | None) -> Context:
    """Return the context in which spans continue the trace of `parent`, a W3C traceparent."""
    return _PROPAGATOR.extract({"traceparent": parent} if parent else {})


def _named(service: str) -> Processor:
    def add(_logger: WrappedLogger, _name: str, event: EventDict) -> EventDict:
        event["service"] = service
        return event

    return add


def _trace_ids(_logger: WrappedLogger, _name: str, event: EventDict) -> EventDict:
    context = trace.get_current_span().get_span_context()
    if context.is_valid:
        event["trace_id"] = f"{context.trace_id:032x}"
        event["span_id"] = f"{context.span_id:016x}"
    return event
