"""Writes the shipped templates for the browser app's tests, which look at how they are drawn.

Run as `python -m devtools.templates FILE`.
"""

import json
import sys
from pathlib import Path


def main(output: Path) -> int:
    """Write every template's graph, and the ports of every agent."""
    from kuber.agents.registry import AgentRegistry
    from kuber.pipelines.templates import templates

    agents = AgentRegistry.discover().catalogue()
    content = {
        "agents": [agent.model_dump(mode="json") for agent in agents],
        "templates": [
            {"slug": one.slug, "graph": one.graph.model_dump(mode="json", by_alias=True)}
            for one in templates()
        ],
    }
    output.write_text(json.dumps(content))
    return 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
