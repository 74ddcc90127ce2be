"""Fixtures of every layer. The servers are real and start once a session, when first asked for."""

from hypothesis import HealthCheck, settings

# Whether examples come fast enough depends on what else the machine does.
settings.register_profile("kuber", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("kuber")

pytest_plugins = (
    "tests.fixtures.counts",
    "tests.fixtures.order",
    "tests.fixtures.servers",
    "tests.fixtures.stack",
    "tests.fixtures.time",
    "tests.fixtures.workers",
)
