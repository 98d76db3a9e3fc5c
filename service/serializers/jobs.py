"""Job records to response schemas."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any, Self

from engine.findings import Finding
from engine.metrics import Metric
from engine.specs import FoldsValidation
from engine.stored.versions import SPEC_VERSION
from service.schemas.epochs import CheckpointView, LossesView, LossView
from service.schemas.jobs import (
    CrossValidationView,
    DigestView,
    FindingView,
    JobError,
    JobView,
    ListedJobView,
    MetricsView,
    ProgressView,
    SpecView,
    StartedFrom,
    StoredSpec,
    TimingsView,
    TransitionView,
)
from service.serializers.later_versions import if_known
from service.serializers.part_rows import job_rows_view
from store.jobs.jobs import JobRecord
from store.jobs.listing import ListedJob
from store.jobs.training.checkpoints import CheckpointSummary
from store.jobs.training.losses import LossPage
from store.jobs.transitions import TransitionRecord
from store.statuses import TERMINAL, JobStatus

# Statuses in which each command is allowed; equal to those in store/jobs/commands.py.
ALLOWED_IN = {
    "cancel": frozenset(JobStatus) - TERMINAL,
    "pause": {JobStatus.QUEUED, JobStatus.RUNNING},
    "resume": {JobStatus.PAUSED},
    "retry": {JobStatus.FAILED},
}

# A list has the last ones.
MAX_TRANSITIONS = 20
# Fields of the response whose names are not those of the columns.
_FIELDS = {"best_metrics": "metrics", "latest_metrics": "metrics", "test_metrics": "metrics"}

# Requests about a step, which every job has that has begun, or will.
ABOUT_A_STEP = {
    "explain": "explain",
    "counterfactual": "counterfactual",
    "rate_sweep": "rate-sweep",
    "gradient_check": "gradient-check",
    "distributions": "distributions",
}


def view(job: JobRecord, transitions: Sequence[TransitionRecord]) -> JobView:
    """Return the response schema of a job; the spec of a later version as it is stored."""
    is_readable = job.spec_version <= SPEC_VERSION
    return _view(
        job, transitions, spec_view(job.upgraded_spec, job.dataset_id) if is_readable else None
    )


def listed_view(listed: ListedJob, transitions: Sequence[TransitionRecord]) -> ListedJobView:
    """Return the response schema of a job in a list, without long values."""
    job, names = listed.record, {_FIELDS.get(name, name) for name in listed.omitted}
    recent = transitions[-MAX_TRANSITIONS:]
    if len(recent) < len(transitions):
        names.add("transitions")
    shown = _view(job, recent, None) if "spec" in names else view(job, recent)
    return ListedJobView(**dict(shown), omitted=sorted(names))


def _view(
    job: JobRecord, transitions: Sequence[TransitionRecord], spec: SpecView | None
) -> JobView:
    version = job.spec_version
    return JobView(
        id=job.id,
        status=job.status,
        is_terminal=job.status.is_terminal,
        status_reason=job.status_reason,
        created_at=job.created_at,
        started_at=job.started_at,
        finished_at=job.finished_at,
        name=job.name,
        external_id=job.external_id,
        metadata=job.metadata,
        priority=job.priority,
        spec=spec or StoredSpec({**job.spec, "dataset_id": job.dataset_id}),
        spec_version=max(job.spec_version, SPEC_VERSION),
        start_from=if_known(version, lambda: _start_from_view(job.start_from)),
        progress=_progress_view(job, spec or _Planned.of(job)),
        timings=_timings_view(job),
        metrics=if_known(version, lambda: _metrics_view(job))
        or MetricsView(latest=None, best=None, test=None),
        classes=if_known(version, lambda: job.classes),
        rows=if_known(version, lambda: job_rows_view(job.rows)),
        findings=if_known(version, lambda: [FindingView(**f) for f in job.findings]) or [],
        cross_validation=if_known(version, lambda: cross_validation_view(job.cross_validation)),
        model_id=job.model_id,
        digest=if_known(version, lambda: digest_view(job.digest)),
        error=if_known(version, lambda: error_view(job.error)),
        attempt=job.attempt,
        environment=job.environment,
        exact=job.exact,
        transitions=[
            TransitionView(status=t.status, reason=t.reason, at=t.at) for t in transitions
        ],
        links=_links(job),
    )


def spec_view(spec: dict[str, Any], dataset_id: str) -> SpecView:
    """Return the resolved spec, with every default filled in."""
    return SpecView.model_validate({**spec, "dataset_id": dataset_id})


@dataclass(frozen=True)
class _Planned:
    """The plan that progress is relative to, of a spec that is not there as a whole."""

    epochs: int
    validation: object

    @classmethod
    def of(cls, job: JobRecord) -> Self | None:
        """Return the plan; None if this version does not know the spec's form."""
        epochs = job.spec.get("epochs")
        if job.spec_version > SPEC_VERSION or not isinstance(epochs, int):
            return None
        validation = job.spec.get("validation") or {}
        has_folds = "folds" in validation
        return cls(epochs, FoldsValidation.model_validate(validation) if has_folds else None)


def _progress_view(job: JobRecord, spec: SpecView | _Planned | None) -> ProgressView:
    folds = fraction = eta = None
    if spec is not None:
        validation = spec.validation
        folds = validation.networks if isinstance(validation, FoldsValidation) else None
        # Each fold may train for as many epochs as the final network.
        total = spec.epochs * ((folds or 0) + 1)
        finished = spec.epochs * job.folds_done + job.epoch
        # Early stopping ends a job before its last epoch, which still counts as complete.
        fraction = 1.0 if job.status is JobStatus.SUCCEEDED else finished / total
        if finished and not job.status.is_terminal:
            eta = job.training_seconds / finished * (total - finished)
    return ProgressView(
        epoch=job.epoch,
        epochs=None if spec is None else spec.epochs,
        fold=job.folds_done if folds and job.folds_done < folds else None,
        folds=folds,
        fraction=fraction,
        steps=job.steps,
        samples_per_second=job.samples_per_second,
        eta_seconds=eta,
        epochs_since_best=job.epochs_since_best,
    )


def digest_view(digest: dict[str, Any] | None) -> DigestView | None:
    """Return the digest of a job, if it has one."""
    if digest is None:
        return None
    return DigestView(inputs=digest["inputs"], result=digest["result"])


def cross_validation_view(found: dict[str, Any] | None) -> CrossValidationView | None:
    """Return the cross-validation results of a job, if any."""
    return None if found is None else CrossValidationView.model_validate(found)


def _start_from_view(start_from: dict[str, Any] | None) -> StartedFrom | None:
    return None if start_from is None else StartedFrom(**start_from)


def _metrics_view(job: JobRecord) -> MetricsView:
    latest, best = job.epoch - 1, job.epoch - 1 - job.epochs_since_best
    return MetricsView(
        latest=_with_epoch(job.latest_metrics, latest),
        best=_with_epoch(job.best_metrics, best),
        test=job.test_metrics,
    )


def _with_epoch(metrics: dict[str, Metric] | None, epoch: int) -> dict[str, int | Metric] | None:
    return None if metrics is None else {"epoch": epoch, **metrics}


def finding_view(finding: Finding) -> FindingView:
    """Return the response schema of a finding."""
    return FindingView(**asdict(finding))


def _timings_view(job: JobRecord) -> TimingsView:
    left_queue = job.started_at or job.finished_at
    return TimingsView(
        queued=None if left_queue is None else (left_queue - job.created_at).total_seconds(),
        preparing=job.preparing_seconds,
        training=job.training_seconds,
        saving=job.saving_seconds,
    )


def error_view(error: dict[str, Any] | None) -> JobError | None:
    """Return why a job failed; None for jobs that did not."""
    if error is None:
        return None
    data = {key: value for key, value in error.items() if key not in {"code", "message"}}
    return JobError(code=error["code"], message=error["message"], data=data)


def _links(job: JobRecord) -> dict[str, str]:
    here = f"/v1/jobs/{job.id}"
    links = {
        "self": here,
        "losses": f"{here}/losses",
        "events": f"{here}/events",
        "checkpoints": f"{here}/checkpoints",
        "diagnostics": f"{here}/diagnostics",
        "dataset": f"/v1/datasets/{job.dataset_id}",
    }
    if job.validation_dataset_id is not None:
        links["validation_dataset"] = f"/v1/datasets/{job.validation_dataset_id}"
    test = job.spec.get("test")
    if isinstance(test, dict) and "dataset_id" in test:
        links["test_dataset"] = f"/v1/datasets/{test['dataset_id']}"
    for command, statuses in ALLOWED_IN.items():
        if job.status in statuses:
            links[command] = f"{here}/{command}"
    is_readable = job.spec_version <= SPEC_VERSION
    if is_readable and (job.steps or not job.status.is_terminal):
        links |= {name: f"{here}/{path}" for name, path in ABOUT_A_STEP.items()}
    if is_readable and job.status.is_terminal and (job.digest or {}).get("result") is not None:
        links["replay"] = f"{here}/replay"
    if job.model_id is not None:
        links["model"] = f"/v1/models/{job.model_id}"
        links["weights"] = f"/v1/models/{job.model_id}/weights"
        links["predict"] = f"/v1/models/{job.model_id}/predict"
    return links


def checkpoint_view(checkpoint: CheckpointSummary) -> CheckpointView:
    """Return the response schema of a checkpoint, without metrics of an unknown form."""
    values = asdict(checkpoint)
    version = values.pop("spec_version")
    found = if_known(version, lambda: CheckpointView(**values))
    return found or CheckpointView(**{**values, "metrics": {}})


def losses_view(page: LossPage) -> LossesView:
    """Return the response schema of a page of epochs."""
    return LossesView(
        data=[LossView(**asdict(loss)) for loss in page.epochs],
        has_more=page.next is not None,
        next=page.next,
        thinned=page.is_thinned,
    )
