"""Schemas of a training's diagnostics."""

from pydantic import Field

from service.schemas.common import PageView, View
from service.schemas.epochs import THINNED, LayerDiagnosticsView
from service.schemas.jobs import FindingView


class DiagnosisView(FindingView):
    """A condition that a rule has found."""

    since: int = Field(
        description="Epoch, counted from 0, since which the condition held; of the fold that "
        "`detail` names if `pointer` is /validation."
    )
    remedy: str = Field(description="How to avoid the condition.")


class RuleView(View):
    """A rule: a condition that is a finding once it has held for `epochs` epochs in a row."""

    code: str = Field(description="Code of the finding.")
    epochs: int = Field(description="Epochs in a row after which the condition is a finding.")
    condition: str = Field(description="The condition in words.")
    thresholds: dict[str, float] = Field(description="The limits that the condition names.")
    remedy: str = Field(description="How to avoid the condition.")


class EpochDiagnosticsView(View):
    """Losses of an epoch, and the statistics of its last step."""

    epoch: int = Field(description="Index of the epoch, from 0.")
    loss: float = Field(description="Mean loss over the training rows, as in the losses.")
    validation_loss: float | None = Field(
        description="Mean loss over the validation rows at the end of the epoch; null without them."
    )
    learning_rate: float = Field(description="Of the epoch's last step, by the schedule.")
    gradient_norm: float | None = Field(
        description="Euclidean norm of the gradient before clipping; null if it is not finite."
    )
    layers: list[LayerDiagnosticsView] = Field(description="First layer to last.")


class DiagnosticsView(PageView[EpochDiagnosticsView]):
    """A page of epochs, with what the rules have found in all epochs so far.

    Folds have no epochs of their own here; what is found in them is among `findings`.
    """

    thinned: bool = Field(description=THINNED)
    verdict: str = Field(
        description="The findings in one sentence; of a training that diverged or was restored, "
        "also where, and the remedy."
    )
    findings: list[DiagnosisView] = Field(description="The conditions that were found.")
    rules: list[RuleView] = Field(description="All rules, with their thresholds.")
