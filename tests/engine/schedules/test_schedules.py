import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.schedules import build_schedule
from engine.schedules.base import Schedule
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

RATE, STEPS_PER_EPOCH, EPOCHS = 0.5, 10, 20
STEPS = STEPS_PER_EPOCH * EPOCHS
SPECS: list[ScheduleSpec] = [
    ConstantSchedule(),
    StepSchedule(every_epochs=3.0),
    ExponentialSchedule(),
    PolynomialSchedule(power=2.0, end_rate=0.01),
    CosineSchedule(end_rate=0.01),
    CosineSchedule(cycle_epochs=1.5, cycle_growth=1.3),
    OneCycleSchedule(),
    InverseSqrtSchedule(),
    PlateauSchedule(),
]
every = pytest.mark.parametrize("spec", SPECS, ids=lambda spec: spec.type)
every_decay = pytest.mark.parametrize("spec", SPECS[:5] + SPECS[7:], ids=lambda spec: spec.type)


def schedule(spec: ScheduleSpec) -> Schedule:
    return build_schedule(spec, RATE, STEPS_PER_EPOCH, EPOCHS)


def rates(spec: ScheduleSpec, steps: int = STEPS) -> list[float]:
    made = schedule(spec)
    return [made.rate(step) for step in range(steps)]


def after_epochs(spec: ScheduleSpec, epochs: float) -> float:
    return schedule(spec).rate(round(epochs * STEPS_PER_EPOCH))


@every_decay
def test_decay_starts_at_the_learning_rate_and_never_rises(spec: ScheduleSpec) -> None:
    found = rates(spec)
    assert found[0] == RATE
    assert found == sorted(found, reverse=True)


@every
def test_every_rate_is_within_bounds(spec: ScheduleSpec) -> None:
    assert all(0 <= rate <= RATE for rate in rates(spec))


@every
def test_rate_rises_linearly_in_the_warm_up(spec: ScheduleSpec) -> None:
    found = rates(spec.model_copy(update={"warmup_epochs": 2.5}))
    assert found[:25] == pytest.approx([RATE * (step + 1) / 25 for step in range(25)])


@every
def test_schedule_after_the_warm_up_spans_the_remaining_epochs(spec: ScheduleSpec) -> None:
    found = rates(spec.model_copy(update={"warmup_epochs": 2.0}))
    left = build_schedule(spec, RATE, STEPS_PER_EPOCH, EPOCHS - 2)
    assert found[20:] == [left.rate(step) for step in range(STEPS - 20)]


@every
@pytest.mark.parametrize("warmup_epochs", [20.0, 1000.0])
def test_warm_up_may_span_the_whole_training(spec: ScheduleSpec, warmup_epochs: float) -> None:
    found = rates(spec.model_copy(update={"warmup_epochs": warmup_epochs}))
    assert found == pytest.approx(
        [RATE * (step + 1) / (warmup_epochs * STEPS_PER_EPOCH) for step in range(STEPS)]
    )


@every
def test_training_of_one_step_has_a_rate(spec: ScheduleSpec) -> None:
    assert 0 < build_schedule(spec, RATE, 1, 1).rate(0) <= RATE


def test_constant_schedule_keeps_the_rate() -> None:
    assert set(rates(ConstantSchedule())) == {RATE}


def test_step_schedule_drops_every_n_epochs() -> None:
    spec = StepSchedule(every_epochs=5.0, gamma=0.5)
    found = [after_epochs(spec, epochs) for epochs in (0, 4.9, 5, 9.9, 10, 19.9)]
    assert found == pytest.approx([0.5, 0.5, 0.25, 0.25, 0.125, 0.0625])


@pytest.mark.parametrize("every_epochs", [0.1, 0.3, 0.7, 1.1])
def test_rounding_does_not_delay_a_step(every_epochs: float) -> None:
    length = round(every_epochs * STEPS_PER_EPOCH)
    expected = [RATE * 0.9 ** (step // length) for step in range(STEPS)]
    assert rates(StepSchedule(every_epochs=every_epochs, gamma=0.9)) == pytest.approx(expected)


def test_exponential_by_the_formula() -> None:
    spec = ExponentialSchedule(gamma=0.9)
    assert after_epochs(spec, 1) == pytest.approx(0.45)
    assert after_epochs(spec, 2.5) == pytest.approx(0.5 * 0.9**2.5)


@pytest.mark.parametrize("power", [0.5, 1.0, 3.0])
def test_polynomial_by_the_formula(power: float) -> None:
    spec = PolynomialSchedule(power=power, end_rate=0.1)
    assert after_epochs(spec, 10) == pytest.approx(0.1 + 0.4 * 0.5**power)
    assert after_epochs(spec, 20) == pytest.approx(0.1)


def test_rate_rises_to_an_end_rate_above_the_learning_rate() -> None:
    found = rates(PolynomialSchedule(end_rate=1.0))
    assert found == sorted(found)


def test_cosine_at_its_start_middle_and_end() -> None:
    spec = CosineSchedule(end_rate=0.1)
    found = [after_epochs(spec, epochs) for epochs in (0, 5, 10, 20)]
    assert found == pytest.approx([0.5, 0.3 + 0.2 * math.sqrt(0.5), 0.3, 0.1])


def test_cosine_cycles_restart_and_grow() -> None:
    spec = CosineSchedule(cycle_epochs=2.0, cycle_growth=2.0)
    tops = [step for step, rate in enumerate(rates(spec)) if rate == RATE]
    assert tops == [0, 20, 60, 140]
    assert after_epochs(spec, 4) == pytest.approx(0.25)


@pytest.mark.parametrize("cycle_epochs", [0.3, 0.7, 1.1, 2.2])
def test_cycles_of_constant_length_restart_on_time(cycle_epochs: float) -> None:
    length = round(cycle_epochs * STEPS_PER_EPOCH)
    found = rates(CosineSchedule(cycle_epochs=cycle_epochs))
    expected = [0.25 * (1 + math.cos(math.pi * (step % length) / length)) for step in range(STEPS)]
    assert found == pytest.approx(expected, abs=1e-12)


@given(
    cycle_epochs=st.floats(0.01, 100),
    growth=st.one_of(st.just(1.0), st.floats(1, 100)),
    step=st.integers(0, 10_000_000),
)
def test_cosine_cycles_stay_between_end_and_learning_rate(
    cycle_epochs: float, growth: float, step: int
) -> None:
    spec = CosineSchedule(cycle_epochs=cycle_epochs, cycle_growth=growth, end_rate=0.1)
    assert 0.1 <= schedule(spec).rate(step) <= RATE


def test_one_cycle_at_its_start_peak_and_end() -> None:
    spec = OneCycleSchedule(rise=0.25, start_divisor=10.0, end_divisor=100.0)
    found = rates(spec)
    assert found[0] == pytest.approx(0.05)
    assert found.index(max(found)) == 0.25 * STEPS - 1
    assert max(found) == RATE
    assert found[-1] == pytest.approx(0.0005)


@given(rise=st.floats(0, 1, exclude_min=True, exclude_max=True), steps=st.integers(1, 300))
def test_one_cycle_rises_and_then_falls(rise: float, steps: int) -> None:
    made = build_schedule(OneCycleSchedule(rise=rise), RATE, 1, steps)
    found = [made.rate(step) for step in range(steps)]
    top = found.index(max(found))
    assert found[:top] == sorted(found[:top])
    assert found[top:] == sorted(found[top:], reverse=True)


def test_inverse_sqrt_by_the_formula() -> None:
    spec = InverseSqrtSchedule(decay_epochs=2.0)
    assert after_epochs(spec, 2) == pytest.approx(0.5 / math.sqrt(2))
    assert after_epochs(spec, 6) == pytest.approx(0.25)


@every
def test_only_plateau_has_state(spec: ScheduleSpec) -> None:
    made = schedule(spec)
    made.on_epoch_end({"loss": 1.0})
    assert bool(made.state) == isinstance(spec, PlateauSchedule)
