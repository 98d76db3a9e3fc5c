"""Schemas of the health checks."""

from typing import Any, Literal

from pydantic import Field

from service.schemas.common import View

ENVIRONMENT = {
    "numerics": 1,
    "numpy": "2.4.6",
    "simd": "X86_V3 baseline(X86_V2)",
    "libc": "glibc 2.36",
    "python": "3.11.14",
    "machine": "x86_64",
    "blas": "openblas",
    "blas_version": "0.3.31.188.0",
    "blas_kernel": "Haswell",
    "blas_threads": 1,
}


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
    environment: dict[str, Any] = Field(
        description="Determines the bits that this API process computes: versions of the engine's "
        "numerics, NumPy and C library, SIMD instructions, BLAS kernel and threads.",
        examples=[ENVIRONMENT],
    )
    worker_environments: dict[str, dict[str, Any] | None] = Field(
        description="The same of each worker, by name; null if unknown, for a worker of an earlier "
        "version.",
        examples=[{"host-1": ENVIRONMENT}],
    )
    warnings: list[str] = Field(
        description="States that work but should be changed, such as workers whose environment "
        "gives other bits than this API process, or jobs of a kind that needs a later version.",
        examples=[[]],
    )
