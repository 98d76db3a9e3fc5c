"""Where a job's first weights come from: a model, or a checkpoint that becomes one."""

from dataclasses import dataclass
from typing import Any

from engine.preprocessing.preprocessing import Preprocessing
from engine.specs import ResolvedSpec
from engine.weights import named_weights
from service.context import Context
from service.runtime.model_cache import PREPROCESSING
from service.schemas.jobs import StartFrom
from store.blobs.tensors import pack_arrays, unpack_arrays
from store.errors import NotFoundError
from store.jobs.checkpoints import Checkpoint, find_checkpoint
from store.jobs.jobs import JobRecord, get_job
from store.models import NewModel, get_model


@dataclass(frozen=True)
class InitialWeights:
    """What a training goes on from.

    Attributes:
        spec: by which the weights were trained.
        preprocessing: that was fitted before them.
        start_from: what the job keeps of it; without `model_id` for a checkpoint.
        checkpoint: with its job, if it is one.
    """

    spec: ResolvedSpec
    preprocessing: Preprocessing
    start_from: dict[str, Any]
    checkpoint: tuple[JobRecord, Checkpoint] | None = None


def find_initial_weights(context: Context, wanted: StartFrom) -> InitialWeights:
    """The model or checkpoint that is wanted. Raises NotFoundError."""
    with context.database.reading() as session:
        if wanted.model_id is not None:
            model = get_model(session, wanted.model_id)
            return InitialWeights(
                ResolvedSpec.model_validate(model.spec),
                PREPROCESSING.validate_python(model.preprocessing),
                {"model_id": model.id},
            )
        job = get_job(session, str(wanted.job_id))
        checkpoint = find_checkpoint(session, job.id, wanted.steps)
    if checkpoint is None:
        key = job.id if wanted.steps is None else f"{job.id} after {wanted.steps} steps"
        raise NotFoundError("checkpoint", key)
    return InitialWeights(
        ResolvedSpec.model_validate(job.spec),
        PREPROCESSING.validate_python(checkpoint.numbers["preprocessing"]),
        {"job_id": job.id, "steps": checkpoint.steps},
        (job, checkpoint),
    )


def as_model(source: InitialWeights, checkpoint: Checkpoint) -> NewModel:
    """A checkpoint as a model, which stays although the checkpoint may be collected."""
    parameters = unpack_arrays(checkpoint.data)["parameters"]
    return NewModel(
        preprocessing=checkpoint.numbers["preprocessing"],
        metrics=checkpoint.metrics,
        parameter_count=parameters.size,
        weights=pack_arrays(named_weights(source.spec, source.preprocessing.width, parameters)),
        partial=True,
    )
