"""Alembic's entry: always run by migrations/run.py on a connection of the owner."""

from alembic import context

import domain.tables  # noqa: F401  # completes the metadata
from tenants.base import Base

connection = context.config.attributes["connection"]
context.configure(connection=connection, target_metadata=Base.metadata, transaction_per_migration=False)
with context.begin_transaction():
    context.run_migrations()
