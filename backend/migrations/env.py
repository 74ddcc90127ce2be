"""Alembic's environment: every model of the platform, one database."""

from importlib import import_module
from pathlib import Path

from alembic import context
from sqlalchemy import create_engine, pool

import kuber
from kuber.infra.db import Base


def load_models() -> None:
    """Import every module that maps tables."""
    package = Path(kuber.__file__).parent
    for models in sorted(package.glob("*/*models.py")):
        import_module(f"kuber.{models.parent.name}.{models.stem}")
    import_module("kuber.infra.outbox")


def run() -> None:
    """Run the migrations on the database that the configuration names."""
    load_models()
    url: str = context.config.attributes["database_url"]
    engine = create_engine(
        url.replace("postgresql://", "postgresql+psycopg://", 1), poolclass=pool.NullPool
    )
    with engine.connect() as connection:
        connection.exec_driver_sql("set lock_timeout = '5s'")
        connection.commit()
        context.configure(
            connection=connection, target_metadata=Base.metadata, compare_server_default=False
        )
        with context.begin_transaction():
            context.run_migrations()
    engine.dispose()


run()
