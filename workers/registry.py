"""The kinds of work that workers know, by name; a worker claims jobs of these kinds only."""

from store.statuses import TRAINING
from workers.kinds import WorkKind
from workers.training.kind import TrainingKind

KINDS: dict[str, WorkKind] = {TRAINING: TrainingKind()}
