"""Kept rows: the versioned columns of a job, its checkpoint, its model and a dataset, per version.

One JSON file per example with the columns, and two safetensors files with the checkpoint's and the
model's arrays.
"""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from engine.preparation.prepare import Preparation
from engine.preparation.prepared_data import PreparedData
from engine.preprocessing.preprocessing import Preprocessing
from engine.specs import DatasetValidation, FoldsValidation, ResolvedSpec
from engine.stored.versions import SPEC_VERSION
from engine.training.cross_validation import FoldedTraining
from engine.training.loop import TrainingState
from engine.training.training import Training
from store.blobs.packed_arrays import Arrays
from store.blobs.tensors import pack_arrays, unpack_arrays
from tests.stored.table import TABLE

HERE = Path(__file__).resolve().parent
DATASET = "dataset.json"


def folder_of(version: int) -> Path:
    return HERE / f"v{version}"


@dataclass(frozen=True)
class KeptRows:
    """The stored values of one example, as JSON values and arrays."""

    spec: dict[str, Any]
    preprocessing: dict[str, Any]
    state: TrainingState
    weights: Arrays

    def write(self, name: str) -> None:
        """Write the values of the current version."""
        path = folder_of(SPEC_VERSION) / name
        columns = {
            "job": {"spec": self.spec},
            "checkpoint": {"training": self.state.numbers},
            "model": {"preprocessing": self.preprocessing},
        }
        text = json.dumps(columns, indent=1, ensure_ascii=False)
        path.with_suffix(".json").write_text(f"{text}\n", encoding="utf-8")
        path.with_suffix(".checkpoint.safetensors").write_bytes(pack_arrays(self.state.arrays))
        path.with_suffix(".weights.safetensors").write_bytes(pack_arrays(self.weights))


def read_rows(version: int, name: str) -> KeptRows:
    path = folder_of(version) / name
    columns = json.loads(path.with_suffix(".json").read_text(encoding="utf-8"))
    arrays = unpack_arrays(path.with_suffix(".checkpoint.safetensors").read_bytes())
    return KeptRows(
        spec=columns["job"]["spec"],
        preprocessing=columns["model"]["preprocessing"],
        state=TrainingState(arrays, columns["checkpoint"]["training"]),
        weights=unpack_arrays(path.with_suffix(".weights.safetensors").read_bytes()),
    )


def open_training(
    spec: ResolvedSpec, fitted: Preprocessing | None = None
) -> Training | FoldedTraining:
    """Return the training of a spec on the table."""

    def prepare(fold: int | None = None) -> PreparedData:
        other = TABLE if isinstance(spec.validation, DatasetValidation) else None
        tested = TABLE if spec.test_dataset_id is not None else None
        return Preparation(
            spec, TABLE, fitted, validation_table=other, test_table=tested, fold=fold
        ).write()

    if isinstance(spec.validation, FoldsValidation):
        return FoldedTraining(spec, prepare)
    return Training(spec, prepare())
