"""Schemas of models."""

from datetime import datetime
from typing import Any

from pydantic import ConfigDict, Field

from engine.metrics import Metric
from engine.specs import ResolvedSpec
from service.schemas.common import View
from service.schemas.jobs import Classes, CrossValidationView, StoredSpec


class LineageView(View):
    """The job and dataset a model was trained from; all null for an imported model."""

    job_id: str | None
    dataset_id: str | None
    dataset_sha256: str | None


class ModelMetricsView(View):
    """Losses and metrics of the weights, by name."""

    model_config = ConfigDict(extra="allow")
    __pydantic_extra__: dict[str, Metric] = Field(init=False)
    test: dict[str, Metric] | None = Field(
        description="Loss and metrics of the test rows; null without a test part, and for partial "
        "models."
    )


class ModelView(View):
    """A model: spec, preprocessing and metrics. The weights have their own route."""

    id: str
    name: str
    created_at: datetime
    lineage: LineageView
    spec: ResolvedSpec | StoredSpec
    preprocessing: dict[str, Any]
    spec_version: int = Field(
        description="Version of `spec` and `preprocessing`. A model of a later version can be "
        "downloaded; `predict` and `start_from` are 409 `later_version`."
    )
    classes: Classes | None = Field(
        description="Classes of the target, of several labels by target name; null for numbers, or "
        "for a later version."
    )
    metrics: ModelMetricsView
    cross_validation: CrossValidationView | None = Field(
        description="Cross-validation results of its job; null without folds."
    )
    parameter_count: int
    partial: bool = Field(
        description="The job did not finish: it was cancelled, or ran out of time during the "
        "folds. These are its weights at that point."
    )
    weights_sha256: str
    numerics: int | None = Field(
        description="Version of the engine's numerics that trained the weights; it goes up when "
        "the same spec gives other bits. Null for an imported model."
    )
    links: dict[str, str]


class ListedModelView(ModelView):
    """A model in a list, without values of more than 8 KiB."""

    omitted: list[str] = Field(
        description="Fields with long values, such as `preprocessing` of thousands of columns: "
        "they are null or empty here, and `spec` has task and target. `links.self` has them."
    )


class WeightView(View):
    """One weight array, in row-major order."""

    shape: list[int]
    values: Any
