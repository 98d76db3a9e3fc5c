"""Schemas of replays: a whole training is repeated and its result compared."""

from typing import Literal

from pydantic import Field

from service.schemas.common import View
from service.schemas.jobs import DigestView
from service.schemas.work import WorkView

Part = Literal["inputs", "result", "losses", "weights", "cross_validation"]


class VerdictView(View):
    """Whether a replay has repeated the stored result of a job."""

    identical: bool = Field(description="Whether nothing differs, bit for bit.")
    differs: list[Part] = Field(
        description="Everything that differs: the digests of `inputs` and `result`, the stored "
        "`losses` (every epoch's loss, validation loss, metrics and learning rate), the stored "
        "`weights`, which also differ if they are damaged, and the results of the folds."
    )
    first_differing_epoch: int | None = Field(
        description="First epoch, from 0, whose stored losses differ, or that only one of both "
        "has; null if the losses are identical."
    )
    divergence: str | None = Field(
        description="Why the replay could not go on, if it diverged where the job did not."
    )
    digest: DigestView = Field(description="Digest of the replay.")
    expected: DigestView = Field(description="Digest of the job.")


class ReplayView(WorkView):
    """A replay of a whole job, by a worker whose environment gives equal bits."""

    worker: str | None = Field(description="Worker that repeats the steps, or did last.")
    verdict: VerdictView | None = Field(
        description="The result, once the status is `succeeded`; nothing else is kept."
    )
    links: dict[str, str] = Field(
        description="`self`, `job`, and the commands that the status allows."
    )
