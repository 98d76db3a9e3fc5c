"""The Open Inference Protocol as MLServer publishes it, with the patches that the tests need.

MLServer's wheel has the protocol and its extension "model repository" as OpenAPI documents. They
are independent of this service, and are not copied into this project.
"""

import json
from pathlib import Path
from typing import Any

from tests.conformance.environments import find_environment

Document = dict[str, Any]

DATA_PLANE = "dataplane.json"
MODEL_REPOSITORY = "model_repository.json"

# Operations of MLServer that are not in the protocol: streams, and generated text.
NOT_IN_THE_PROTOCOL = ("/infer_stream", "/generate", "/generate_stream")
# Optional operations: the service loads and unloads models itself.
NOT_OFFERED = ("/load", "/unload")


def load_document() -> Document:
    """Return both documents as one, patched."""
    document = _read(DATA_PLANE)
    other = _read(MODEL_REPOSITORY)
    document["paths"] |= other["paths"]
    document["components"]["schemas"] |= other["components"]["schemas"]
    for patch in (_leave_out_operations, _add_errors, _require_texts, _correct_data):
        patch(document)
    return document


def _read(name: str) -> Document:
    folder = Path("site-packages", "mlserver", "rest", "openapi")
    (path,) = find_environment("specification").glob(f"lib/*/{folder / name}")
    document: Document = json.loads(path.read_text(encoding="utf-8"))
    return document


def _leave_out_operations(document: Document) -> None:
    """Leave out what is not in the protocol, and what the service does not offer."""
    suffixes = (*NOT_IN_THE_PROTOCOL, *NOT_OFFERED)
    for path in [path for path in document["paths"] if path.endswith(suffixes)]:
        del document["paths"][path]


def _add_errors(document: Document) -> None:
    """Add the errors that the protocol's text requires and the documents leave out.

    A model that is not ready is a 4xx status, as is an invalid request for the index.
    """
    schema = {"$ref": "#/components/schemas/MetadataModelErrorResponse"}
    error = {"description": "Error", "content": {"application/json": {"schema": schema}}}
    for path, operations in document["paths"].items():
        if "{model_name}" in path and path.endswith("/ready"):
            operations["get"]["responses"]["4XX"] = error
    document["paths"]["/v2/repository/index"]["post"]["responses"]["4XX"] = error


def _require_texts(document: Document) -> None:
    """Require the text of every error object, as the protocol's text does."""
    for name, schema in document["components"]["schemas"].items():
        if name.endswith("ErrorResponse"):
            schema["required"] = ["error"]


def _correct_data(document: Document) -> None:
    """Leave out the type `bytes` of tensor data, which OpenAPI does not know."""
    data = document["components"]["schemas"]["TensorData"]
    data["oneOf"] = [schema for schema in data["oneOf"] if schema["type"] != "bytes"]
