"""Alembic's entry: brings the tables of `millrace.store` to the newest form, one transaction for all steps."""

from alembic import context

from millrace.store.tables import metadata

connection = context.config.attributes["connection"]
context.configure(connection=connection, target_metadata=metadata, render_as_batch=connection.dialect.name == "sqlite")
with context.begin_transaction():
    context.run_migrations()
