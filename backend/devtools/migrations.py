"""Checks on a real PostgreSQL that the migrations make exactly the tables of the models.

Run as `python -m devtools.migrations`.
"""

import sys
import tempfile
from pathlib import Path

from alembic import command
from alembic.util import CommandError

from kuber.infra.embedded.postgres import PostgresServer, new_password
from kuber.infra.embedded.process import ForegroundServer, free_port
from kuber.installation import alembic_config


def main() -> int:
    """Run every migration, compare with the models, and run them back; return the exit code."""
    with tempfile.TemporaryDirectory(prefix="kuber-migrations-") as folder:
        home = Path(folder)
        server = PostgresServer(home / "postgres", free_port(), new_password(), durable=False)
        server.prepare()
        with ForegroundServer(server.command(), server.is_ready, home / "log") as running:
            running.wait_ready()
            config = alembic_config(server.url)
            command.upgrade(config, "head")
            try:
                command.check(config)
            except CommandError as error:
                print(f"{error}\nMake a migration for what has changed in the models.")
                return 1
            command.downgrade(config, "base")
    return 0


if __name__ == "__main__":
    sys.exit(main())
