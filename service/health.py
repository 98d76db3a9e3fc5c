"""Whether the service can do its work: database, schema, broker."""

from service.context import Context
from service.http.errors import NotReadyError
from service.schemas.health import ReadinessView
from store.db.migrate import check_schema
from store.errors import StoreError
from store.workers import list_live_workers

# A worker announces itself at every sweep; one that missed three is not counted.
MISSED_SWEEPS = 3


def check(context: Context) -> ReadinessView:
    """Ask everything that a job needs. Raises NotReadyError, which names what is missing."""
    try:
        revision = check_schema(context.database)
    except StoreError as error:
        raise NotReadyError(f"database: {error.code}") from error
    if context.doorbell is None:
        raise NotReadyError("broker: none is configured")
    try:
        context.doorbell.ping()
    except StoreError as error:
        raise NotReadyError(f"broker ({context.doorbell.kind}): does not answer") from error
    with context.database.reading() as session:
        names = list_live_workers(session, MISSED_SWEEPS * context.settings.sweep_seconds)
    return ReadinessView(
        status="ready",
        database=context.database.engine.dialect.name,
        schema_revision=revision,
        broker=context.doorbell.kind,
        workers=len(names),
        worker_names=list(names),
    )
