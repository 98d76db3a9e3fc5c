"""Default number of epochs."""

import pytest

from engine.resolution.optimization import resolve_epochs
from engine.specs import TrainingSpec


@pytest.mark.parametrize(
    ("rows", "options", "epochs"),
    [
        (100_000, {}, 20),
        (1_437, {}, 45),
        (142, {}, 60),
        (100_000, {"batch_size": "full"}, 60),
        (1_437, {"epochs": 3}, 3),
    ],
)
def test_small_tables_get_more_epochs(rows: int, options: dict[str, object], epochs: int) -> None:
    spec = TrainingSpec.model_validate({"target": "y", **options})
    assert resolve_epochs(spec, rows) == epochs
