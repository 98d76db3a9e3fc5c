"""The part of an explanation that the page draws."""

from typing import Any

Json = dict[str, Any]

# A single row has no update of its own in the page.
_OF_A_ROW = frozenset({"row_loss", "loss_gradient"})
_OF_AN_EXERCISE = frozenset({"a_gradient", "delta", "loss_gradient", "moved"})


def trim_batch(explanation: Json) -> Json:
    """Return the explanation of a batch without formulas and repeated parameters."""
    trimmed = _trim(explanation)
    for part in (trimmed["loss"], trimmed["update"]):
        part["formulas"] = []
    for unit in _units(trimmed):
        for part in (unit, *unit["edges"]):
            part["formulas"] = []
        unit["bias_formulas"] = []
    return trimmed


def trim_details(explanation: Json) -> Json:
    """Return the explanation of a batch without LaTeX, repeated parameters, and units' formulas.

    The formulas of a unit are those of the batch's first row, which is recorded by itself.
    """
    trimmed = _trim(explanation)
    for unit in _units(trimmed):
        unit["formulas"] = []
    return trimmed


def trim_row(explanation: Json) -> Json:
    """Return the explanation of one row without LaTeX, parameters, and the update's formulas."""
    trimmed = _trim(explanation)
    trimmed["update"]["formulas"] = []
    trimmed["loss"]["formulas"] = _only_of_a_row(trimmed["loss"]["formulas"])
    for unit in _units(trimmed):
        unit["bias_formulas"] = _only_of_a_row(unit["bias_formulas"])
        for edge in unit["edges"]:
            edge["formulas"] = _only_of_a_row(edge["formulas"])
    return trimmed


def trim_exercise(explanation: Json) -> Json:
    """Return an explanation with the formulas of the backward pass and of the new weights only."""
    trimmed = _trim(explanation)
    for part in (trimmed["loss"], trimmed["update"]):
        part["formulas"] = []
    for unit in _units(trimmed):
        for part in (unit, *unit["edges"]):
            part["formulas"] = [one for one in part["formulas"] if one["of"] in _OF_AN_EXERCISE]
    return trimmed


def _trim(explanation: Json) -> Json:
    kept = {name: _trim_value(value) for name, value in explanation.items() if name != "latex"}
    return {**kept, "parameters": []} if "parameters" in kept else kept


def _trim_value(value: object) -> object:
    match value:
        case dict():
            return _trim(value)
        case list():
            return [_trim_value(one) for one in value]
        case _:
            return value


def _units(explanation: Json) -> list[Json]:
    return [unit for layer in explanation["layers"] for unit in layer["units"]]


def _only_of_a_row(formulas: list[Json]) -> list[Json]:
    return [one for one in formulas if one["of"] in _OF_A_ROW]
