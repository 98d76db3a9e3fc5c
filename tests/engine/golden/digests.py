"""Digests of the golden trainings: of their prepared data, losses, weights and predictions."""

import hashlib
import json
import sys
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np

from engine.arrays import Floats
from engine.data.rows import Rows
from engine.data.table import MemoryTable
from engine.predictor import Predictor
from engine.preparation.prepare import prepare
from engine.preparation.prepared_data import PreparedData
from engine.resolution.resolve import resolve
from engine.specs import FoldsValidation, ResolvedSpec, TrainingSpec
from engine.training.cross_validation import FoldedTraining
from engine.training.loop import TrainingProtocol, train
from engine.training.progress import EpochRecord
from engine.training.training import Training
from store.environment import decisive_values, environment_fingerprint
from tests.engine.golden.jobs import REQUESTS
from tests.engine.golden.table import make_schema, make_table

# Resolved when a job is added, so that a changed default does not change its digest.
SPECS = Path(__file__).with_name("specs.json")
DIGITS = 16


def read_specs() -> dict[str, ResolvedSpec]:
    """Return the resolved specs of the golden trainings by name."""
    found = json.loads(SPECS.read_text(encoding="utf-8"))
    return {name: ResolvedSpec.model_validate(spec) for name, spec in found.items()}


def write_missing_specs() -> None:
    """Resolve the requests that have no resolved spec yet, and remove specs without request."""
    found = json.loads(SPECS.read_text(encoding="utf-8")) if SPECS.exists() else {}
    schema = make_schema(make_table())
    for name, request in REQUESTS.items():
        if name not in found:
            spec = resolve(TrainingSpec.model_validate(request), schema).spec
            found[name] = spec.model_dump(mode="json")
    lines = ",\n".join(f"{json.dumps(name)}: {json.dumps(found[name])}" for name in REQUESTS)
    SPECS.write_text(f"{{\n{lines}\n}}\n", encoding="utf-8")


def compute_digest(spec: ResolvedSpec, table: MemoryTable) -> str:
    """Train on the table and return a digest of every bit of the result."""

    def prepare_fold(fold: int | None = None) -> PreparedData:
        return prepare(spec, table, fold=fold)

    training: TrainingProtocol
    if isinstance(spec.validation, FoldsValidation):
        training = FoldedTraining(spec, prepare_fold)
    else:
        training = Training(spec, prepare_fold())
    records = [_describe(record) for record in train(training)]
    found = training.cross_validation
    weights = training.weights()
    predictor = Predictor(spec, training.preprocessing, weights)
    answers = predictor.answer(table.read(spec.features))
    digest = hashlib.sha256()
    data = prepare_fold()
    _add_arrays(digest, vars(data))
    if data.test is not None:
        _add_arrays(digest, vars(data.test))
        _add_json(digest, training.test_metrics())
    _add_json(digest, [records, None if found is None else asdict(found)])
    _add_arrays(digest, weights)
    _add_arrays(digest, vars(answers))
    return digest.hexdigest()[:DIGITS]


def _describe(record: EpochRecord) -> dict[str, Any]:
    # Statistics of layers are not results.
    return {name: value for name, value in vars(record).items() if name != "layers"}


def _add_json(digest: "hashlib._Hash", value: object) -> None:
    digest.update(json.dumps(value, sort_keys=True).encode())


def _add_arrays(digest: "hashlib._Hash", arrays: Mapping[str, Floats | Rows | None]) -> None:
    for name, array in sorted(arrays.items()):
        if isinstance(array, np.ndarray):
            _add_json(digest, [name, array.dtype.str, array.shape])
            digest.update(array.tobytes())


def report() -> None:
    """Write this process's environment and its digests to stdout, as JSON."""
    table = make_table()
    digests = {name: compute_digest(spec, table) for name, spec in read_specs().items()}
    environment = decisive_values(environment_fingerprint())
    json.dump({"environment": environment, "digests": digests}, sys.stdout)
