"""`backpropd migrate`: migrate the database schema to this version."""

from store.db.migrate import upgrade
from store.settings import load_settings


def migrate_database() -> None:
    """Upgrade the configured database. Raises StoreError."""
    settings = load_settings()
    if settings.database_url.startswith("sqlite"):
        settings.data_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
    upgrade(settings.database_url)
