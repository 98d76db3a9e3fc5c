"""Initial weights of a job: a model, or a checkpoint that is saved as a model."""

from dataclasses import dataclass
from typing import Any

from engine.findings import Finding, patch
from engine.preprocessing.preprocessing import Preprocessing
from engine.specs import ResolvedSpec
from engine.stored.preprocessing import dump_preprocessing, read_preprocessing
from engine.stored.specs import read_spec
from engine.stored.training_states import upgrade_training_state
from engine.training.loop import TrainingState
from engine.weights import named_weights
from service.context import Context
from service.schemas.job_requests import StartFrom
from store.blobs.tensors import pack_arrays
from store.environment import numerics_of
from store.errors import NotFoundError
from store.jobs.jobs import JobRecord, get_job
from store.jobs.training.checkpoints import TrainingCheckpoint, find_training_checkpoint
from store.models import ModelRecord, NewModel, get_model
from store.statuses import TRAINING


@dataclass(frozen=True)
class InitialWeights:
    """The source that a training starts from.

    Attributes:
        spec: spec with which the weights were trained.
        preprocessing: fitted preprocessing of the weights.
        start_from: the source as stored in the job; without `model_id` for a checkpoint.
        dataset_id: dataset that the weights were trained on; None for an imported model.
        checkpoint: the job and its checkpoint; None if the source is a model.
        findings: what was chosen on the client's behalf.
    """

    spec: ResolvedSpec
    preprocessing: Preprocessing
    start_from: dict[str, Any]
    dataset_id: str | None = None
    checkpoint: tuple[JobRecord, TrainingCheckpoint] | None = None
    findings: tuple[Finding, ...] = ()


def find_initial_weights(context: Context, request: StartFrom | None) -> InitialWeights | None:
    """Return the requested model or checkpoint, if any. Raises NotFoundError, LaterVersionError.

    Of a job that has ended with a model, the model, unless the steps of a checkpoint are given.
    """
    if request is None:
        return None
    folder = context.settings.data_dir
    with context.database.reading() as session:
        if request.model_id is not None:
            return _weights_of(get_model(session, request.model_id), {})
        job = get_job(session, str(request.job_id), TRAINING)
        checkpoint = find_training_checkpoint(session, job.id, request.steps, folder)
        if request.steps is None and job.model_id is not None:
            model = get_model(session, job.model_id)
            return _weights_of(model, {"job_id": job.id}, _model_chosen(model.id, checkpoint))
    if checkpoint is None:
        key = job.id if request.steps is None else f"{job.id} after {request.steps} steps"
        raise NotFoundError("checkpoint", key)
    return InitialWeights(
        read_spec(job.spec, job.spec_version),
        read_preprocessing(checkpoint.numbers["preprocessing"], checkpoint.spec_version),
        {"job_id": job.id, "steps": checkpoint.steps},
        job.dataset_id,
        (job, checkpoint),
    )


def _weights_of(model: ModelRecord, origin: dict[str, Any], *findings: Finding) -> InitialWeights:
    return InitialWeights(
        read_spec(model.spec, model.spec_version),
        read_preprocessing(model.preprocessing, model.spec_version),
        {"model_id": model.id, **origin},
        model.dataset_id,
        findings=findings,
    )


def _model_chosen(model_id: str, checkpoint: TrainingCheckpoint | None) -> Finding:
    detail = (
        f"the job has ended: training starts from the weights of its model {model_id}, with a new "
        "optimizer state"
    )
    if checkpoint is not None:
        detail += "; set steps to start from one of its checkpoints"
    fix = None if checkpoint is None else patch(("add", "/start_from/steps", checkpoint.steps))
    return Finding("info", "/start_from/job_id", "starts_from_model", detail, fix)


def as_model(source: InitialWeights, checkpoint: TrainingCheckpoint) -> NewModel:
    """Convert a checkpoint into a model, which is kept when the checkpoint is deleted."""
    state = TrainingState(checkpoint.arrays, checkpoint.numbers["training"])
    parameters = upgrade_training_state(state, checkpoint.spec_version).arrays["parameters"]
    return NewModel(
        preprocessing=dump_preprocessing(source.preprocessing),
        metrics=checkpoint.metrics,
        parameter_count=parameters.size,
        weights=pack_arrays(named_weights(source.spec, source.preprocessing.width, parameters)),
        partial=True,
        # Checkpoints of early versions lack their environment.
        numerics=numerics_of(checkpoint.numbers.get("environment", {})),
    )
