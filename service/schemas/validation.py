"""Schema of the validation of a job request."""

from typing import Annotated

from pydantic import Field

from engine.health_checks.run_checks import HealthCheck
from service.schemas.common import View
from service.schemas.jobs import FindingView, SpecView
from service.schemas.part_rows import PartRowsView


class ValidationView(View):
    """Result of validating a job request; nothing was stored."""

    valid: bool = Field(
        description="Whether the request can be posted; if not, `POST /v1/jobs` is 422 with the "
        "findings of level `error` as its `errors`."
    )
    spec: SpecView | None
    in_features: int | None
    out_features: int | None
    parameter_count: int | None
    memory_bytes: int | None
    rows: PartRowsView | None = Field(description="Null if the request is not valid.")
    findings: list[FindingView] = Field(
        description="If the request is valid, what its job would begin with; otherwise the errors "
        "alone."
    )
    checks: list[Annotated[HealthCheck, Field(discriminator="name")]] | None = Field(
        default=None,
        description="With `checks=true`, of a valid request: the initial loss against its "
        "expectation, learning one batch by heart, the learning-rate range test. Null otherwise.",
    )
