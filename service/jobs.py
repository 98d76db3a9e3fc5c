"""Jobs: checked, posted, watched, cancelled."""

from collections.abc import Sequence
from dataclasses import asdict, replace
from typing import Any

from engine.errors import SpecError, SpecProblem
from engine.resolve import Resolution, resolve
from service.context import Context
from service.schemas.jobs import (
    CheckpointsView,
    CheckpointView,
    FindingView,
    JobError,
    JobRequest,
    JobView,
    LossView,
    MetricsView,
    ProgressView,
    SpecView,
    StartedFrom,
    TimingsView,
    TransitionView,
    ValidationView,
)
from service.sources import Source, as_model, find_source
from service.warm_start import continue_model
from store.columns import table_schema
from store.datasets import get_dataset
from store.history import TransitionRecord, list_transitions
from store.jobs import JobFilter, JobRecord, NewJob, add_job, cancel_job, get_job, list_jobs
from store.models import add_model
from store.pages import Page, PageRequest
from store.progress import LossRecord, list_checkpoints, list_losses
from store.statuses import JobStatus

MIB = 2**20


def resolve_request(
    context: Context, request: JobRequest, source: Source | None = None
) -> Resolution:
    """What the request comes to on its dataset. Raises NotFoundError, SpecError."""
    with context.database.reading() as session:
        table = table_schema(get_dataset(session, request.dataset_id))
    if source is None:
        resolution = resolve(request, table)
    else:
        resolution = continue_model(request, source.spec, source.preprocessing, table)
    limit = context.settings.max_job_memory_bytes
    if resolution.memory_bytes > limit:
        detail = (
            f"training would need about {resolution.memory_bytes // MIB} MiB, "
            f"at most {limit // MIB} MiB are allowed"
        )
        raise SpecError([SpecProblem("/network", "memory_limit", detail)])
    return resolution


def _source_of(context: Context, request: JobRequest) -> Source | None:
    return None if request.start_from is None else find_source(context, request.start_from)


def validate(context: Context, request: JobRequest) -> ValidationView:
    """Say what posting the request would do. Raises NotFoundError."""
    source = _source_of(context, request)
    try:
        resolution = resolve_request(context, request, source)
    except SpecError as error:
        found = [
            FindingView(level="error", pointer=p.pointer, code=p.code, detail=p.detail)
            for p in error.problems
        ]
        return ValidationView(
            valid=False,
            spec=None,
            in_features=None,
            out_features=None,
            parameter_count=None,
            memory_bytes=None,
            findings=found,
        )
    return ValidationView(
        valid=True,
        spec=_spec_view(resolution.spec.model_dump(), request.dataset_id),
        in_features=resolution.in_features,
        out_features=resolution.out_features,
        parameter_count=resolution.parameter_count,
        memory_bytes=resolution.memory_bytes,
        findings=[
            FindingView(level=f.level, pointer=f.pointer, code=f.code, detail=f.detail)
            for f in resolution.findings
        ],
    )


def post(context: Context, request: JobRequest) -> JobView:
    """Queue a training: committed first, rung for afterwards. Raises NotFoundError, SpecError."""
    source = _source_of(context, request)
    resolution = resolve_request(context, request, source)
    new = NewJob(
        dataset_id=request.dataset_id,
        name=request.name,
        metadata=dict(request.metadata),
        spec=resolution.spec.model_dump(mode="json"),
        start_from=None if source is None else source.start_from,
        priority=request.priority,
    )
    with context.database.writing() as session:
        if source is not None and source.checkpoint is not None:
            job, checkpoint = source.checkpoint
            model_id = add_model(session, job, as_model(source, checkpoint))
            new = replace(new, start_from={**source.start_from, "model_id": model_id})
        posted = add_job(session, new)
        transitions = list_transitions(session, posted.id)[posted.id]
    context.ring(posted.id)
    return view(posted, transitions)


def get(context: Context, job_id: str) -> JobView:
    """The job. Raises NotFoundError."""
    with context.database.reading() as session:
        return view(get_job(session, job_id), list_transitions(session, job_id)[job_id])


def page(context: Context, wanted: JobFilter, request: PageRequest) -> Page[JobView]:
    """One page of jobs."""
    with context.database.reading() as session:
        found = list_jobs(session, wanted, request)
        transitions = list_transitions(session, *(job.id for job in found.items))
    return Page(tuple(view(job, transitions[job.id]) for job in found.items), found.next)


def cancel(context: Context, job_id: str) -> JobView:
    """Cancel the job, keeping the weights so far. Raises NotFoundError, IllegalTransitionError."""
    with context.database.writing() as session:
        job = cancel_job(session, job_id)
        transitions = list_transitions(session, job_id)[job_id]
    # A job between two slices has no worker who would see the change.
    context.ring(job_id)
    return view(job, transitions)


def checkpoints(context: Context, job_id: str) -> CheckpointsView:
    """The checkpoints that are kept of a job. Raises NotFoundError."""
    with context.database.reading() as session:
        found = list_checkpoints(session, job_id)
    return CheckpointsView(data=[CheckpointView(**asdict(checkpoint)) for checkpoint in found])


def losses(
    context: Context, job_id: str, after: int, limit: int
) -> tuple[tuple[LossRecord, ...], bool]:
    """Epochs of a job after the given one, and whether there are more. Raises NotFoundError."""
    with context.database.reading() as session:
        return list_losses(session, job_id, after, limit)


def view(job: JobRecord, transitions: Sequence[TransitionRecord]) -> JobView:
    """The job as the client sees it."""
    return JobView(
        id=job.id,
        status=job.status,
        is_terminal=job.status.is_terminal,
        status_reason=job.status_reason,
        created_at=job.created_at,
        started_at=job.started_at,
        finished_at=job.finished_at,
        name=job.name,
        metadata=job.metadata,
        priority=job.priority,
        spec=_spec_view(job.spec, job.dataset_id),
        start_from=None if job.start_from is None else StartedFrom(**job.start_from),
        progress=_progress_view(job),
        timings=_timings_view(job),
        metrics=MetricsView(latest=job.latest_metrics, best=job.best_metrics),
        model_id=job.model_id,
        error=_error_view(job.error),
        attempt=job.attempt,
        environment=job.environment,
        transitions=[
            TransitionView(status=t.status, reason=t.reason, at=t.at) for t in transitions
        ],
        links=_links(job),
    )


def _spec_view(spec: dict[str, Any], dataset_id: str) -> SpecView:
    return SpecView.model_validate({**spec, "dataset_id": dataset_id})


def _progress_view(job: JobRecord) -> ProgressView:
    epochs = job.spec["epochs"]
    done = job.status is JobStatus.SUCCEEDED
    eta = None
    if job.epoch and not job.status.is_terminal:
        eta = job.training_seconds / job.epoch * (epochs - job.epoch)
    return ProgressView(
        epoch=job.epoch,
        epochs=epochs,
        # Early stopping ends a job before its last epoch: it is done all the same.
        fraction=1.0 if done else job.epoch / epochs,
        steps=job.steps,
        samples_per_second=job.samples_per_second,
        eta_seconds=eta,
        epochs_since_best=job.epochs_since_best,
    )


def _timings_view(job: JobRecord) -> TimingsView:
    left_queue = job.started_at or job.finished_at
    return TimingsView(
        queued=None if left_queue is None else (left_queue - job.created_at).total_seconds(),
        preparing=job.preparing_seconds,
        training=job.training_seconds,
        saving=job.saving_seconds,
    )


def _error_view(error: dict[str, Any] | None) -> JobError | None:
    if error is None:
        return None
    data = {key: value for key, value in error.items() if key not in {"code", "message"}}
    return JobError(code=error["code"], message=error["message"], data=data)


def _links(job: JobRecord) -> dict[str, str]:
    here = f"/v1/jobs/{job.id}"
    links = {
        "self": here,
        "losses": f"{here}/losses",
        "checkpoints": f"{here}/checkpoints",
        "dataset": f"/v1/datasets/{job.dataset_id}",
    }
    if not job.status.is_terminal:
        links["cancel"] = f"{here}/cancel"
    if job.model_id is not None:
        links["model"] = f"/v1/models/{job.model_id}"
        links["weights"] = f"/v1/models/{job.model_id}/weights"
        links["predict"] = f"/v1/models/{job.model_id}/predict"
    return links


def loss_view(loss: LossRecord) -> LossView:
    """One epoch as the client sees it."""
    return LossView(**asdict(loss))
