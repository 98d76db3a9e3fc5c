"""The bits of the engine change only together with NUMERICS."""

from collections.abc import Sequence
from pathlib import Path
from typing import get_args

import numpy as np
import pytest

from engine.arrays import Floats
from engine.layers.dense import Dense
from engine.numerics.version import NUMERICS
from engine.specs import LayerSpec, LossName, OptimizerName, ScheduleName
from engine.specs.activations import ActivationName
from engine.specs.initializers import InitializerName
from tests.engine.golden import kernels
from tests.engine.golden.digests import compute_digest, read_specs
from tests.engine.golden.jobs import REQUESTS
from tests.engine.golden.kernels import (
    KERNELS,
    OTHER_KERNELS,
    Run,
    UnavailableKernelError,
    compare,
    describe_changes,
    read_runs,
    record,
    run_jobs,
)
from tests.engine.golden.table import make_table

ENVIRONMENT = {"numerics": NUMERICS, "blas_kernel": "Test"}
LAYER_NAMES = [kind.model_fields["type"].default for kind in get_args(get_args(LayerSpec)[0])]


@pytest.mark.parametrize(
    "kernel", [*KERNELS, *(pytest.param(name, marks=pytest.mark.rare) for name in OTHER_KERNELS)]
)
def test_bits_change_only_with_numerics(kernel: str) -> None:
    try:
        run = run_jobs(kernel)
    except UnavailableKernelError as error:
        pytest.skip(f"GOLDEN DIGESTS NOT CHECKED for {kernel}: {error}")
    found = compare(run, read_runs(kernel))
    assert found.changed == [], describe_changes(found.changed)
    if found.unrecorded:
        pytest.skip(
            f"GOLDEN DIGESTS NOT CHECKED for {len(found.unrecorded)} jobs in {run.environment}: "
            f"run `python -m tests.engine.golden --write {kernel}` on a commit whose bits are right"
        )


def test_digests_of_these_numerics_are_recorded() -> None:
    recorded = [run for kernel in KERNELS for run in read_runs(kernel)]
    assert any(
        run.environment["numerics"] == NUMERICS and run.digests.keys() >= REQUESTS.keys()
        for run in recorded
    ), "run `python -m tests.engine.golden --write`"


def test_every_job_differs_from_the_others() -> None:
    for run in read_runs(KERNELS[0]):
        assert len(set(run.digests.values())) == len(run.digests)


@pytest.mark.parametrize(
    ("noun", "names"),
    [
        ("layer", LAYER_NAMES),
        ("optimizer", get_args(OptimizerName)),
        ("loss", get_args(LossName)),
        ("schedule", get_args(ScheduleName)),
    ],
)
def test_every_kind_has_a_job(noun: str, names: Sequence[str]) -> None:
    assert read_specs().keys() == REQUESTS.keys(), "run `python -m tests.engine.golden --write`"
    assert {f"{noun}-{name}" for name in names} <= REQUESTS.keys()


@pytest.mark.parametrize("names", [get_args(ActivationName), get_args(InitializerName)])
def test_every_activation_and_initializer_is_used(names: Sequence[str]) -> None:
    used = str([spec.network for spec in read_specs().values()])
    assert [name for name in names if f"'{name}'" not in used] == []


def test_one_changed_bit_changes_the_digest(monkeypatch: pytest.MonkeyPatch) -> None:
    spec, table = read_specs()["layer-dense"], make_table()
    undisturbed = compute_digest(spec, table)
    forward = Dense.forward

    def disturbed(layer: Dense, x: Floats) -> Floats:
        y = forward(layer, x)
        y[0] = np.nextafter(y[0], np.inf, dtype=y.dtype)
        return y

    assert compute_digest(spec, table) == undisturbed
    monkeypatch.setattr(Dense, "forward", disturbed)
    assert compute_digest(spec, table) != undisturbed


def test_differing_digests_of_the_same_numerics_are_not_overwritten(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(kernels, "FOLDER", tmp_path)
    record("Test", Run(ENVIRONMENT, {"a": "1"}))
    record("Test", Run(ENVIRONMENT, {"a": "1", "b": "2"}))
    with pytest.raises(ValueError, match="the bits of b have changed"):
        record("Test", Run(ENVIRONMENT, {"a": "1", "b": "3"}))
    record("Test", Run(ENVIRONMENT | {"simd": "X"}, {"a": "4"}))
    assert [run.digests for run in read_runs("Test")] == [{"a": "1", "b": "2"}, {"a": "4"}]


def test_digests_of_earlier_numerics_are_replaced(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(kernels, "FOLDER", tmp_path)
    old = Run(ENVIRONMENT | {"numerics": NUMERICS - 1}, {"a": "1"})
    record("Test", old)
    new = Run(ENVIRONMENT, {"a": "2"})
    assert compare(new, read_runs("Test")).unrecorded == ["a"]
    record("Test", new)
    assert read_runs("Test") == [new]
