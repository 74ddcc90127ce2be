"""What every process does first: settings, logs, traces; and the relay, which needs no more."""

from prometheus_client import start_http_server
from pydantic import SecretStr, ValidationError

from kuber.config import BadSettings, Settings, describe
from kuber.infra.kafka import KafkaProducer
from kuber.infra.telemetry import configure_logging, configure_tracing
from kuber.workers.relay import OutboxRelay


def load_settings() -> Settings:
    """Read and check the environment; ends the program naming every bad setting."""
    try:
        return Settings()
    except ValidationError as error:
        raise BadSettings(describe(error)) from None


def observe(settings: Settings, service: str) -> None:
    """Start logs and traces of a process."""
    configure_logging(settings.log_level, settings.log_format, service)
    configure_tracing(service, settings.otlp_endpoint)


def serve_metrics(settings: Settings) -> None:
    """Serve this process's figures over HTTP if a port is set; the program ends if it is taken."""
    if settings.metrics_port is None:
        return
    try:
        start_http_server(settings.metrics_port, settings.metrics_host)
    except OSError as error:
        place = f"{settings.metrics_host}:{settings.metrics_port}"
        raise BadSettings(
            f"KUBER_METRICS_PORT: {place} cannot be listened on ({error.strerror}).\n"
            "Give each process of a machine a free port of its own, or unset it."
        ) from error


async def run_relay() -> None:
    """Publish the outbox to Kafka until cancelled."""
    settings = load_settings()
    observe(settings, "relay")
    serve_metrics(settings)
    producer = KafkaProducer(settings.kafka_bootstrap, client_id="kuber-relay")
    try:
        await OutboxRelay(reveal(settings.database_url), producer).run()
    finally:
        producer.close()


def reveal(secret: SecretStr | None) -> str:
    """Return a secret's text, empty when there is none."""
    return secret.get_secret_value() if secret is not None else ""
