"""Request bodies of jobs."""

from typing import Annotated, Literal, Self

from pydantic import AfterValidator, Field, StringConstraints, model_validator

from engine.specs import MAX_EXACT_INTEGER, TargetNames, TrainingSpec
from service.schemas.common import Body, Name, Text, storable
from service.schemas.webhooks import WebhookRequest

MetadataKey = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_.-]{1,64}$")]
MetadataValue = Annotated[str, StringConstraints(max_length=512), AfterValidator(storable)]

Id = Annotated[str, StringConstraints(max_length=64), AfterValidator(storable)]
ExternalId = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9._~:@+=-]{1,255}$")]

RetryFrom = Literal["checkpoint", "start"]


class StartFrom(Body):
    """The initial weights of a training, with their preprocessing."""

    model_id: Id | None = Field(
        default=None, description="Start from a model; alternatively set job_id."
    )
    job_id: Id | None = Field(
        default=None,
        description="Start from the model of a job that has ended, else from a checkpoint of the "
        "job. The optimizer's state starts anew.",
    )
    steps: int | None = Field(
        default=None,
        ge=0,
        le=MAX_EXACT_INTEGER - 1,
        description="Start from the job's checkpoint after this many steps. Default: the job's "
        "model if it has one, else its last checkpoint.",
    )

    @model_validator(mode="after")
    def _require_one_source(self) -> Self:
        if (self.model_id is None) == (self.job_id is None):
            msg = "set either model_id or job_id"
            raise ValueError(msg)
        if self.steps is not None and self.job_id is None:
            msg = "steps requires job_id"
            raise ValueError(msg)
        return self


class JobRequest(TrainingSpec):
    """A training job; dataset_id is required, and target except for the task reconstruction."""

    dataset_id: Id
    target: TargetNames[Text] | None = Field(
        default=None,
        description=TrainingSpec.model_fields["target"].description,
        examples=TrainingSpec.model_fields["target"].examples,
    )
    name: Name = ""
    metadata: dict[MetadataKey, MetadataValue] = Field(default={}, max_length=32)
    priority: int = Field(
        default=0, ge=-100, le=100, description="Jobs with a higher priority start first."
    )
    external_id: ExternalId | None = Field(
        default=None, description="The client's unique id of the job."
    )
    webhook: WebhookRequest | None = Field(
        default=None, description="Webhook that receives the job's events."
    )
    start_from: StartFrom | None = Field(
        default=None,
        description="Continue training from a model or a checkpoint of another job: the job "
        "takes over its network, loss, features and preprocessing, and starts from its weights.",
    )
