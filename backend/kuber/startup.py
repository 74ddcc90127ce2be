"""What every process does first: settings, logs, traces; and the relay, which needs no more."""

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


async def run_relay() -> None:
    """Publish the outbox to Kafka until cancelled."""
    settings = load_settings()
    observe(settings, "relay")
    producer = KafkaProducer(settings.kafka_bootstrap, client_id="kuber-relay")
    try:
        await OutboxRelay(reveal(settings.database_url), producer).run()
    finally:
        producer.close()


def reveal(secret: SecretStr | None) -> str:
    """Return a secret's text, empty when there is none."""
    return secret.get_secret_value() if secret is not None else ""
