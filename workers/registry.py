"""The kinds of work that workers know, by name; a worker claims jobs of these kinds only."""

from store.statuses import EXPLANATION, REPLAY, TRAINING
from workers.explanation.kind import ExplanationKind
from workers.kinds import WorkKind
from workers.replay.kind import ReplayKind
from workers.training.kind import TrainingKind

KINDS: dict[str, WorkKind] = {
    TRAINING: TrainingKind(),
    EXPLANATION: ExplanationKind(),
    REPLAY: ReplayKind(),
}
