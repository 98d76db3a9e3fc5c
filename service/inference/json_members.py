"""Members of the JSON objects of an inference request, with errors that state what is expected."""

from collections.abc import Mapping
from typing import Any, get_args

from service.http.errors import InvalidInferenceError
from service.inference.messages import show, tensor_error

JsonObject = Mapping[str, Any]


def read_list(header: JsonObject, key: str, max_items: int) -> list[Any]:
    """Return the array of objects under a key, by default empty. Raises InvalidInferenceError."""
    found = header.get(key, [])
    if not isinstance(found, list):
        raise InvalidInferenceError(f"{key} must be an array of objects, not {name_kind(found)}")
    if len(found) > max_items:
        raise InvalidInferenceError(f"{key} has {len(found)} tensors, more than {max_items}")
    return found


def read_named(item: object, place: str) -> tuple[str, JsonObject]:
    """Return name and members of a tensor, or of an output. Raises InvalidInferenceError."""
    if not isinstance(item, dict):
        raise InvalidInferenceError(f"{place} must be an object, not {name_kind(item)}")
    name = item.get("name")
    if not isinstance(name, str):
        raise InvalidInferenceError(f"{place}: name must be a string, not {show(name)}")
    return name, item


def read_parameters(fields: JsonObject, owner: str) -> JsonObject:
    """Return the parameters of an object; empty if it has none. Raises InvalidInferenceError."""
    parameters = fields.get("parameters")
    if parameters is None:
        return {}
    if not isinstance(parameters, dict):
        detail = f"{owner}: parameters must be an object, not {name_kind(parameters)}"
        raise InvalidInferenceError(detail)
    return parameters


def read_flag(parameters: JsonObject, key: str, owner: str, *, default: bool) -> bool:
    """Return a parameter that is true or false. Raises InvalidInferenceError."""
    flag = parameters.get(key, default)
    if not isinstance(flag, bool):
        detail = f"{owner}: parameter {key} must be true or false, not {show(flag)}"
        raise InvalidInferenceError(detail)
    return flag


def read_choice(parameters: JsonObject, key: str, choices: Any) -> Any:  # noqa: ANN401 - Literals
    """Return one of the values of a Literal type; None if the parameter is absent.

    Raises InvalidInferenceError.
    """
    value = parameters.get(key)
    if value is not None and value not in get_args(choices):
        detail = f"the request: parameter {key} must be one of {', '.join(get_args(choices))}"
        raise InvalidInferenceError(f"{detail}, not {show(value)}")
    return value


def refuse_parameters(name: str, parameters: JsonObject, unsupported: tuple[str, ...]) -> None:
    """Raise InvalidInferenceError if a tensor has parameters that are not supported."""
    for key in unsupported:
        if key in parameters:
            raise tensor_error(name, f"the parameter {key} is not supported")


def name_kind(value: object) -> str:
    """Return the name of a JSON value's type."""
    match value:
        case None:
            return "null"
        case bool():
            return "a boolean"
        case dict():
            return "an object"
        case list():
            return "an array"
        case str():
            return "a string"
        case _:
            return "a number"
