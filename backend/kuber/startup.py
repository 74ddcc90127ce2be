"""What every process does first: settings, logs, traces."""

from prometheus_client import start_http_server
from pydantic import SecretStr, ValidationError

from kuber.config import BadSettings, Settings, conceal_secrets, describe
from kuber.infra.telemetry import configure_logging, configure_tracing, name_process


def load_settings() -> Settings:
    """Read and check the environment; ends the program naming every bad setting."""
    try:
        return Settings()
    except ValidationError as error:
        raise BadSettings(describe(error)) from None


def take_settings() -> Settings:
    """As `load_settings`, for a process that will load plug-ins: the environment is then without
    secrets, so this works once."""
    settings = load_settings()
    conceal_secrets()
    return settings


def observe(settings: Settings, service: str) -> None:
    """Name a process, and start its logs and traces."""
    name_process(service)
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


def reveal(secret: SecretStr | None) -> str:
    """Return a secret's text, empty when there is none."""
    return secret.get_secret_value() if secret is not None else ""
