"""Readiness of the service: database, schema, broker."""

from service.context import Context
from service.http.errors import NotReadyError
from service.schemas.health import ReadinessView
from store.db.migrate import check_schema
from store.errors import StoreError
from store.workers import MISSED_SWEEPS, list_live_workers


def check(context: Context) -> ReadinessView:
    """Check everything that a job needs. Raises NotReadyError, naming what is missing."""
    try:
        revision = check_schema(context.database)
    except StoreError as error:
        raise NotReadyError(f"database: {error.code}") from error
    if context.broker is None:
        raise NotReadyError("broker: none is configured")
    try:
        context.broker.ping()
    except StoreError as error:
        raise NotReadyError(f"broker ({context.broker.kind}): does not answer") from error
    with context.database.reading() as session:
        names = list_live_workers(session, MISSED_SWEEPS * context.settings.sweep_seconds)
    return ReadinessView(
        status="ready",
        database=context.database.engine.dialect.name,
        schema_revision=revision,
        broker=context.broker.kind,
        workers=len(names),
        worker_names=list(names),
    )
