"""Fixtures of every layer. The servers are real and start once a session, when first asked for."""

pytest_plugins = (
    "tests.fixtures.counts",
    "tests.fixtures.order",
    "tests.fixtures.servers",
    "tests.fixtures.stack",
    "tests.fixtures.time",
    "tests.fixtures.workers",
)
