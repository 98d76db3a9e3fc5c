"""Write the kept rows of the current version; files that exist stay as they are.

usage: python -m tests.stored.write
"""

import json

from engine.resolution.resolve import resolve
from engine.specs import DatasetValidation, TrainingSpec
from engine.stored.preprocessing import dump_preprocessing
from engine.stored.specs import dump_spec
from engine.stored.versions import SPEC_VERSION
from engine.training.loop import train
from tests.stored.examples import EXAMPLES
from tests.stored.rows import DATASET, KeptRows, folder_of, open_training
from tests.stored.table import SCHEMA, STATISTICS

# One epoch, or one fold, has three steps; the batch of all rows has one.
STEPS = 4


def make_rows(request: TrainingSpec) -> KeptRows:
    """Train until the middle of the second epoch or fold, and return what would be stored."""
    other = SCHEMA if isinstance(request.validation, DatasetValidation) else None
    spec = resolve(request, SCHEMA, other).spec
    training = open_training(spec)
    for _ in train(training, stop=lambda: training.steps_done == STEPS):
        pass
    return KeptRows(
        dump_spec(spec),
        dump_preprocessing(training.model_preprocessing()),
        training.state(),
        training.weights(),
    )


def main() -> None:
    folder = folder_of(SPEC_VERSION)
    folder.mkdir(exist_ok=True)
    for name, request in EXAMPLES.items():
        if not (folder / f"{name}.json").exists():
            make_rows(request).write(name)
    if not (folder / DATASET).exists():
        text = json.dumps({"columns": STATISTICS}, indent=1)
        (folder / DATASET).write_text(f"{text}\n", encoding="utf-8")


if __name__ == "__main__":
    main()
