"""Alembic migrations, run by `store.db.migrate`."""
