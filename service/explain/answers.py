"""Answers about a step of a job, as plain values."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from engine.explain.counterfactual.results import Counterfactual
from engine.explain.distributions import StepDistributions
from engine.explain.explanation.step_values import StepExplanation
from engine.explain.gradient_check.results import GradientCheck
from engine.explain.rate_sweep.results import RateSweep
from engine.preprocessing.network_inputs import NetworkInput
from engine.preprocessing.network_outputs import NetworkOutput
from store.replay.states.kept_states import StateKind


@dataclass(frozen=True)
class StepPosition:
    """The position of a step in its job.

    Attributes:
        fold: index of the fold over all repeats, from 0; None for the final network, and for jobs
            without folds.
        step: index of the step, from 0 over the training of its network.
        epoch: index of its epoch, from 0.
        step_in_epoch: index of the step in its epoch, from 0.
        steps_per_epoch: number of steps per epoch of this network.
        steps: number of steps that the job has done, over all networks.
    """

    fold: int | None
    step: int
    epoch: int
    step_in_epoch: int
    steps_per_epoch: int
    steps: int


@dataclass(frozen=True)
class StepOrigin:
    """How the state before a step was reached.

    Attributes:
        kind: kept state from which the training was repeated: `start` (the initial weights),
            `checkpoint`, `milestone` (an earlier checkpoint) or `explanation`.
        fold: index of the fold of that state; None for the final network.
        step: index of the first step that was repeated.
        replayed_steps: number of steps that were repeated, over all networks.
        seconds: time that opening the data and repeating the steps took.
    """

    kind: StateKind
    fold: int | None
    step: int
    replayed_steps: int
    seconds: float


@dataclass(frozen=True)
class DifferingValue:
    """A field of the environment that decides the bits of a result.

    Attributes:
        job: value in the environment in which the job was trained.
        here: value in the process that answers.
    """

    job: Any
    here: Any


@dataclass(frozen=True)
class InexactReason:
    """Why the numbers of a step may have other bits than those of the job.

    Attributes:
        code: `environment`: the step was trained in an environment that gives other bits; `moved`:
            the job was continued in another environment, before or after this step; `not_done`: the
            job has not done this step yet.
        detail: the reason as a sentence.
        differences: fields of the environment that differ.
    """

    code: Literal["environment", "moved", "not_done"]
    detail: str
    differences: Mapping[str, DifferingValue]


@dataclass(frozen=True)
class ExplainedRow:
    """A row of the batch: its values, and what the network reads of them.

    Attributes:
        position: position of the row in the batch, from 0.
        number: row number in the training dataset, from 0, as `GET /v1/datasets/{id}/rows` counts
            them; None for a row of the client's own.
        values: values of the targets, and of the columns of the inputs that are shown; texts are
            cut after 200 characters.
        encoded: the network's inputs, in the order of `inputs`.
    """

    position: int
    number: int | None
    values: Mapping[str, Any]
    encoded: tuple[float, ...]


@dataclass(frozen=True)
class ExplainedRows:
    """Rows of the batch.

    Attributes:
        shown: the rows that are shown.
        left_out: number of rows that are not shown.
        inputs: the network's inputs that are shown: what each is computed from.
        inputs_left_out: number of inputs that are not shown.
    """

    shown: tuple[ExplainedRow, ...]
    left_out: int
    inputs: tuple[NetworkInput, ...]
    inputs_left_out: int


@dataclass(frozen=True)
class TargetEstimate:
    """The outputs for one row in the units of the targets.

    Attributes:
        values: the number, or the mean of its normal distribution, per target.
        deviations: standard deviation per target; None if the network does not estimate it.
    """

    values: tuple[float | None, ...]
    deviations: tuple[float | None, ...] | None


@dataclass(frozen=True)
class ExplainedOutputs:
    """The network's outputs: the units of the output layer, in the order of `loss.outputs`.

    Attributes:
        shown: the outputs that are described. Where the targets are class indices, `loss.targets`
            has the index of an output.
        left_out: number of outputs that are not described.
        estimates: of numeric targets, the outputs for each row that is shown in the units of the
            targets; None for other targets.
    """

    shown: tuple[NetworkOutput, ...]
    left_out: int
    estimates: tuple[TargetEstimate, ...] | None


@dataclass(frozen=True)
class ReachedStep:
    """A step of a job.

    Attributes:
        job_id: the job.
        at: position of the step.
        origin: how the state before the step was reached.
        exact: whether all numbers have the bits that they had in the job.
        inexact_because: why they may differ; None if `exact`.
    """

    job_id: str
    at: StepPosition
    origin: StepOrigin
    exact: bool
    inexact_because: InexactReason | None


@dataclass(frozen=True)
class JobExplanation(ReachedStep):
    """The explanation of a step of a job.

    Attributes:
        is_own_batch: whether the rows are those of the job's step; otherwise the gradients and the
            update are those that the requested rows cause.
        rows: values and encoding of the rows that are shown.
        outputs: meaning and scaling of the outputs and targets.
        explanation: every number of the step that is shown.
    """

    is_own_batch: bool
    rows: ExplainedRows
    outputs: ExplainedOutputs
    explanation: StepExplanation


@dataclass(frozen=True)
class CounterfactualAnswer(ReachedStep):
    """A step of a job beside the same step with something changed; nothing is stored.

    Attributes:
        row_numbers: row numbers in the training dataset of the rows in `counterfactual.batch`.
        other_row_numbers: those of the rows in `counterfactual.other_batch`; None without other
            rows, or for a row of the client's own.
        counterfactual: both updates, and losses and outputs before and after them.
    """

    row_numbers: tuple[int, ...]
    other_row_numbers: tuple[int, ...] | None
    counterfactual: Counterfactual


@dataclass(frozen=True)
class RateSweepAnswer(ReachedStep):
    """The loss along the direction of a step of a job; nothing is stored.

    Attributes:
        is_own_batch: whether the rows are those of the job's step.
        sweep: the losses for a range of learning rates.
    """

    is_own_batch: bool
    sweep: RateSweep


@dataclass(frozen=True)
class GradientCheckAnswer(ReachedStep):
    """The backward pass of a step of a job beside central differences; nothing is stored.

    Attributes:
        is_own_batch: whether the rows are those of the job's step.
        check: the comparison, per layer.
    """

    is_own_batch: bool
    check: GradientCheck


@dataclass(frozen=True)
class DistributionsAnswer(ReachedStep):
    """The numbers of a step of a job as histograms and statistics per layer; nothing is stored.

    Attributes:
        is_own_batch: whether the rows are those of the job's step.
        distributions: of weights, gradients, updates, activations and δ.
    """

    is_own_batch: bool
    distributions: StepDistributions


# Every answer about a step of a job.
ANSWERS = (
    JobExplanation,
    CounterfactualAnswer,
    RateSweepAnswer,
    GradientCheckAnswer,
    DistributionsAnswer,
)
