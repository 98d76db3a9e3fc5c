"""Starts of small trainings."""

from typing import Any

from engine.data.table import Column
from engine.health_checks.training_start import TrainingStart
from engine.specs import TrainingSpec
from tests.engine.examples import flower_columns, line_columns, prepared


def start_of(columns: dict[str, Column], **request: Any) -> TrainingStart:
    return TrainingStart(*prepared(TrainingSpec.model_validate(request), columns))


def flowers(**request: Any) -> TrainingStart:
    """Return a classification of three classes."""
    return start_of(flower_columns(), **{"target": "kind"} | request)


def line(**request: Any) -> TrainingStart:
    """Return a regression."""
    return start_of(line_columns(), **{"target": "y"} | request)


def optimizer(name: str, rate: float) -> dict[str, Any]:
    return {"optimizer": {"type": name, "learning_rate": rate}}
