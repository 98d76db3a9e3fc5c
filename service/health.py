"""Readiness of the service: database, schema, broker; warnings about what is left alone."""

from service.context import Context
from service.http.errors import NotReadyError
from service.schemas.health import ReadinessView
from store.db.migrate import check_schema
from store.errors import StoreError
from store.jobs.unknown_kinds import count_unknown_kinds, describe_unknown_kind
from store.statuses import KINDS
from store.workers import list_live_workers

# A worker reports at every sweep; one that missed three is not counted as live.
MISSED_SWEEPS = 3


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
        warnings=unknown_kinds(context),
    )


def unknown_kinds(context: Context) -> list[str]:
    """Return a warning per kind of unfinished jobs that this version does not know."""
    with context.database.reading() as session:
        found = count_unknown_kinds(session, KINDS)
    return [describe_unknown_kind(kind, count) for kind, count in found.items()]
