"""Checks of a question that need no step: before a worker reaches one for it."""

from engine.explain.counterfactual.changed_step import change_spec
from engine.explain.explanation.select import check_names
from engine.specs import ResolvedSpec
from engine.stored.specs import read_spec
from service.schemas.explain import CounterfactualRequest, ExplainRequest, StepPoint
from store.datasets.datasets import get_dataset
from store.db.database import Database
from store.errors import RowNotFoundError
from store.jobs.jobs import JobRecord


def check_question(database: Database, job: JobRecord, request: StepPoint) -> None:
    """Check row numbers, names and the changed spec.

    Raises RowNotFoundError, SpecError, NotFoundError, LaterVersionError.
    """
    rows = getattr(request, "rows", None)
    if isinstance(rows, tuple):
        _check_rows(database, job, rows)
    spec: ResolvedSpec = read_spec(job.spec, job.spec_version)
    match request:
        case ExplainRequest():
            check_names(spec, request)
        case CounterfactualRequest():
            change_spec(spec, request)
        case _:
            pass


def _check_rows(database: Database, job: JobRecord, numbers: tuple[int, ...]) -> None:
    with database.reading() as session:
        dataset = get_dataset(session, job.dataset_id)
    for number in numbers:
        if number >= dataset.rows:
            raise RowNotFoundError(dataset.id, number, dataset.rows)
