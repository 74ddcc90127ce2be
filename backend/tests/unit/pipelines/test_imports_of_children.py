"""A child process that works on graphs starts without what only servers need."""

import subprocess
import sys

import pytest

SERVERS_NEED = ("sqlalchemy", "psycopg", "confluent_kafka", "opentelemetry", "crewai")
IMPORTED = """
import importlib, sys
importlib.import_module(sys.argv[1])
from kuber.agents.registry import AgentRegistry
found = AgentRegistry.discover()
assert found.all() and not found.problems, found.problems
print(*(name for name in sys.argv[2:] if name in sys.modules))
"""


@pytest.mark.parametrize("module", ["kuber.pipelines.work", "kuber.pipelines.documents"])
def test_the_work_on_graphs_and_every_built_in_agent_import_no_client_of_a_server(
    module: str,
) -> None:
    child = subprocess.run(
        [sys.executable, "-c", IMPORTED, module, *SERVERS_NEED],
        capture_output=True,
        text=True,
        check=False,
    )
    assert (child.returncode, child.stdout.split()) == (0, []), child.stderr
