"""Readiness of the service: database, schema, broker; warnings for the operator."""

from collections.abc import Iterator, Mapping
from typing import Any

from engine.stored.versions import SPEC_VERSION
from service.context import Context
from service.http.errors import NotReadyError
from service.schemas.health import ReadinessView
from store.db.migrate import check_schema
from store.environment import find_differences
from store.errors import StoreError
from store.jobs.dispatch import list_later_version_jobs
from store.jobs.unknown_kinds import count_unknown_kinds, describe_unknown_kind
from store.statuses import KINDS
from store.workers import MISSED_SWEEPS, find_live_environments

MOST_NAMED = 5

Environment = Mapping[str, Any]

_SAME_IMAGE = "run API and workers from the same image"
_ADVICE = {
    "simd": "run them on the same kind of processor, or set NPY_DISABLE_CPU_FEATURES",
    "machine": "run them on the same architecture",
    "blas_kernel": "set OPENBLAS_CORETYPE to one kernel for all of them",
    "blas_threads": "start them as `backpropd api` and `backpropd worker`, which set one thread",
}


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
        workers = find_live_environments(session, MISSED_SWEEPS * context.settings.sweep_seconds)
    return ReadinessView(
        status="ready",
        database=context.database.engine.dialect.name,
        schema_revision=revision,
        broker=context.broker.kind,
        workers=len(workers),
        worker_names=list(workers),
        environment=context.environment,
        worker_environments=workers,
        warnings=[
            *environment_warnings(context.environment, workers),
            *unknown_kind_warnings(context),
            *later_version_warnings(context),
        ],
    )


def environment_warnings(
    environment: Environment, workers: Mapping[str, Environment | None]
) -> Iterator[str]:
    """Yield one warning per decisive field and value that differs from this process's own."""
    differing: dict[tuple[str, str, str], list[str]] = {}
    for worker, theirs in workers.items():
        if theirs is not None:
            for name, (ours, value) in find_differences(environment, theirs).items():
                differing.setdefault((name, str(ours), str(value)), []).append(worker)
    for (name, ours, value), names in differing.items():
        yield (
            f"environment: {name} is {ours} in this API process and {value} in "
            f"{_list_names(names)}, so the same computation may give other bits there: "
            f"{_ADVICE.get(name, _SAME_IMAGE)}"
        )
    unknown = [worker for worker, theirs in workers.items() if theirs is None]
    if unknown:
        yield (
            f"environment: unknown for {_list_names(unknown)}, of an earlier version: {_SAME_IMAGE}"
        )


def unknown_kind_warnings(context: Context) -> Iterator[str]:
    """Yield one warning per kind of unfinished jobs that this version does not know."""
    with context.database.reading() as session:
        found = count_unknown_kinds(session, KINDS)
    for kind, count in found.items():
        yield describe_unknown_kind(kind, count)


def later_version_warnings(context: Context) -> Iterator[str]:
    """Yield a warning if jobs wait for a worker of a later version."""
    with context.database.reading() as session:
        versions = list_later_version_jobs(session, KINDS).values()
    if versions:
        yield (
            f"{len(versions)} waiting job(s) were stored by a later version (spec version "
            f"{max(versions)}; this one reads up to {SPEC_VERSION}): start workers of that version"
        )


def _list_names(workers: list[str]) -> str:
    named = ", ".join(workers[:MOST_NAMED])
    more = len(workers) - MOST_NAMED
    return f"worker {named}" + (f" and {more} more" if more > 0 else "")
