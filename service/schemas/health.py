"""Schemas of the health checks."""

from typing import Literal

from pydantic import Field

from service.schemas.common import View


class HealthView(View):
    """The process is alive."""

    status: Literal["ok"]
    version: str


class ReadinessView(View):
    """The service is ready to process jobs."""

    status: Literal["ready"]
    database: str
    schema_revision: str
    broker: str
    workers: int
    worker_names: list[str]
    warnings: list[str] = Field(description="One sentence per matter that an operator should look into.")
