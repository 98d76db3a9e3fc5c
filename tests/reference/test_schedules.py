"""Every schedule has the same learning rates as PyTorch's."""

import math
from typing import Any

import pytest

from engine.schedules import build_schedule
from engine.specs import (
    ConstantSchedule,
    CosineSchedule,
    ExponentialSchedule,
    InverseSqrtSchedule,
    OneCycleSchedule,
    PlateauSchedule,
    PolynomialSchedule,
    ScheduleSpec,
    StepSchedule,
)
from tests.engine.examples import draw

torch = pytest.importorskip(
    "torch", reason="reference tests need PyTorch: ./run test --all", exc_type=ImportError
)

RATE, STEPS_PER_EPOCH, EPOCHS = 0.5, 5, 12
STEPS = STEPS_PER_EPOCH * EPOCHS
CASES: list[tuple[ScheduleSpec, str, dict[str, Any]]] = [
    (ConstantSchedule(), "ConstantLR", {"factor": 1.0}),
    (
        ConstantSchedule(warmup_epochs=3.0),
        "LinearLR",
        {"start_factor": 1 / 15, "total_iters": 14},
    ),
    (StepSchedule(every_epochs=2.0, gamma=0.3), "StepLR", {"step_size": 10, "gamma": 0.3}),
    (ExponentialSchedule(gamma=0.8), "ExponentialLR", {"gamma": 0.8 ** (1 / STEPS_PER_EPOCH)}),
    (PolynomialSchedule(power=2.5), "PolynomialLR", {"total_iters": STEPS, "power": 2.5}),
    (CosineSchedule(end_rate=0.1), "CosineAnnealingLR", {"T_max": STEPS, "eta_min": 0.1}),
    (
        CosineSchedule(cycle_epochs=2.0, end_rate=0.1),
        "CosineAnnealingWarmRestarts",
        {"T_0": 10, "eta_min": 0.1},
    ),
    (
        CosineSchedule(cycle_epochs=0.8, cycle_growth=3.0),
        "CosineAnnealingWarmRestarts",
        {"T_0": 4, "T_mult": 3},
    ),
    (OneCycleSchedule(), "OneCycleLR", {"max_lr": RATE, "total_steps": STEPS}),
    (
        OneCycleSchedule(rise=0.77, start_divisor=4.0, end_divisor=50.0),
        "OneCycleLR",
        {
            "max_lr": RATE,
            "total_steps": STEPS,
            "pct_start": 0.77,
            "div_factor": 4.0,
            "final_div_factor": 50.0,
        },
    ),
    (
        InverseSqrtSchedule(decay_epochs=2.0),
        "LambdaLR",
        {"lr_lambda": lambda step: 1 / math.sqrt(1 + step / 10)},
    ),
]


def torch_optimizer() -> Any:
    return torch.optim.SGD([torch.zeros(1)], lr=RATE, momentum=0.9)


@pytest.mark.parametrize(
    ("spec", "name", "options"), CASES, ids=[f"{name}-{spec!r}" for spec, name, _ in CASES]
)
def test_every_step_has_the_same_rate(
    spec: ScheduleSpec, name: str, options: dict[str, Any]
) -> None:
    ours = build_schedule(spec, RATE, STEPS_PER_EPOCH, EPOCHS)
    optimizer = torch_optimizer()
    theirs = getattr(torch.optim.lr_scheduler, name)(optimizer, **options)
    for step in range(STEPS):
        expected = optimizer.param_groups[0]["lr"]
        assert ours.rate(step) == pytest.approx(expected, rel=1e-9, abs=1e-15), step
        optimizer.step()
        theirs.step()


@pytest.mark.parametrize("metric", ["loss", "accuracy"])
@pytest.mark.parametrize("patience", [0, 2])
@pytest.mark.parametrize("min_delta", [0.0, 0.4])
def test_on_a_plateau_the_rate_falls_after_the_same_epochs(
    metric: str, patience: int, min_delta: float
) -> None:
    spec = PlateauSchedule(
        metric=metric, patience=patience, min_delta=min_delta, factor=0.6, min_rate=0.01
    )
    ours = build_schedule(spec, RATE, STEPS_PER_EPOCH, EPOCHS)
    optimizer = torch_optimizer()
    theirs = torch.optim.lr_scheduler.ReduceLROnPlateau(
        optimizer,
        mode="min" if metric == "loss" else "max",
        factor=0.6,
        patience=patience,
        threshold=min_delta,
        threshold_mode="abs",
        min_lr=0.01,
        eps=0.0,
    )
    for value in draw(40).tolist():
        ours.on_epoch_end({metric: value})
        theirs.step(value)
        assert ours.rate(0) == pytest.approx(optimizer.param_groups[0]["lr"], rel=1e-9)
