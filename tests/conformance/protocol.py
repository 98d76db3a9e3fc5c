"""The Open Inference Protocol, version 2, as an OpenAPI document, independent of the service.

It states the paths, members and types of the specification at
https://github.com/kserve/open-inference-protocol (commit d49cc23, May 2025), with path templates as
OpenAPI writes them: the published document has `${MODEL_NAME}`, which tools read as part of the
name. It adds the paths without a version and the error object, which the text of the specification
requires.
"""

from typing import Any

Schema = dict[str, Any]

_STRING: Schema = {"type": "string"}
_PARAMETERS: Schema = {
    "type": "object",
    "additionalProperties": {"type": ["string", "number", "boolean"]},
}
_DATA: Schema = {
    "type": "array",
    "items": {"anyOf": [{"$ref": "#/components/schemas/data"}, *(
        {"type": name} for name in ("number", "string", "boolean")
    )]},
}  # fmt: skip


def _object(required: str, **properties: Schema) -> Schema:
    return {"type": "object", "required": required.split(), "properties": properties}


def _list(items: str) -> Schema:
    return {"type": "array", "items": {"$ref": f"#/components/schemas/{items}"}}


_TENSOR: Schema = {
    "name": _STRING,
    "shape": {"type": "array", "items": {"type": "integer"}},
    "datatype": _STRING,
}
_SCHEMAS: Schema = {
    "data": _DATA,
    "error": _object("error", error=_STRING),
    "server": _object(
        "name version extensions",
        name=_STRING,
        version=_STRING,
        extensions={"type": "array", "items": _STRING},
    ),
    "tensor_metadata": _object("name datatype shape", **_TENSOR),
    "model": _object(
        "name platform inputs outputs",
        name=_STRING,
        versions={"type": "array", "items": _STRING},
        platform=_STRING,
        inputs=_list("tensor_metadata"),
        outputs=_list("tensor_metadata"),
    ),
    "tensor": _object(
        "name shape datatype data",
        **_TENSOR,
        parameters=_PARAMETERS,
        data={"$ref": "#/components/schemas/data"},
    ),
    "requested_output": _object("name", name=_STRING, parameters=_PARAMETERS),
    "request": _object(
        "inputs",
        id=_STRING,
        parameters=_PARAMETERS,
        inputs=_list("tensor"),
        outputs=_list("requested_output"),
    ),
    "response": _object(
        "model_name outputs",
        model_name=_STRING,
        model_version=_STRING,
        id=_STRING,
        parameters=_PARAMETERS,
        outputs=_list("tensor"),
    ),
    "ready": _object("name ready", name=_STRING, ready={"type": "boolean"}),
    "server_live": _object("live", live={"type": "boolean"}),
    "server_ready": _object("ready", ready={"type": "boolean"}),
}


def _json(schema: str) -> Schema:
    return {"application/json": {"schema": {"$ref": f"#/components/schemas/{schema}"}}}


def _operation(answer: str, body: str | None = None) -> Schema:
    responses = {
        "200": {"description": "OK", "content": _json(answer)},
        "4XX": {"description": "Error", "content": _json("error")},
    }
    request = {} if body is None else {"requestBody": {"required": True, "content": _json(body)}}
    return {"responses": responses, **request}


def _parameters(path: str) -> Schema:
    names = [name for name in ("model_name", "model_version") if f"{{{name}}}" in path]
    return {
        "parameters": [
            {"name": name, "in": "path", "required": True, "schema": _STRING} for name in names
        ]
    }


def _model_paths(path: str) -> Schema:
    shared = _parameters(path)
    return {
        path: {"get": _operation("model"), **shared},
        f"{path}/ready": {"get": _operation("ready"), **shared},
        f"{path}/infer": {"post": _operation("response", "request"), **shared},
    }


DOCUMENT: Schema = {
    "openapi": "3.1.0",
    "info": {"title": "Open Inference Protocol", "version": "2.0"},
    "paths": {
        "/v2": {"get": _operation("server")},
        "/v2/": {"get": _operation("server")},
        "/v2/health/live": {"get": _operation("server_live")},
        "/v2/health/ready": {"get": _operation("server_ready")},
        **_model_paths("/v2/models/{model_name}"),
        **_model_paths("/v2/models/{model_name}/versions/{model_version}"),
    },
    "components": {"schemas": _SCHEMAS},
}
