"""The routes of the service that take a body, from its OpenAPI document."""

from collections.abc import Iterator, Mapping
from typing import Any

JSON = "application/json"
# Routes of uploads: tests of files cover their bodies.
FILES = {"/v1/datasets", "/v1/datasets/preview", "/v1/uploads", "/v1/uploads/{upload_id}"}


def list_routes(
    paths: Mapping[str, Mapping[str, Mapping[str, Any]]], model: str
) -> Iterator[tuple[str, str]]:
    """Yield method and path of every operation with a JSON body, and of the import of models."""
    ids = {"model_id": model, "model_name": model, "model_version": "1"}
    for template, operations in paths.items():
        for method, operation in operations.items():
            if "requestBody" in operation and template not in FILES:
                path = template
                for name in ("job_id", "external_id", *ids):
                    path = path.replace(f"{{{name}}}", ids.get(name, "job_1"))
                yield method.upper(), path
