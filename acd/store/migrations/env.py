"""Run by alembic: migrates over the connection it is given, or prints SQL for the database it is told of."""

from __future__ import annotations

from alembic import context

from acd.store.tables import metadata


def _run() -> None:
    connection = context.config.attributes.get("connection")
    if connection is None:
        context.configure(url=context.config.get_main_option("sqlalchemy.url"), target_metadata=metadata)
    else:
        context.configure(connection=connection, target_metadata=metadata, render_as_batch=True)
    with context.begin_transaction():
        context.run_migrations()


_run()
