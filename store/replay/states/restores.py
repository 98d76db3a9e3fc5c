"""Returns of a training to an earlier epoch's end after a divergence, from the job's events."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from engine.preparation.part_rows import PartRows
from engine.specs import ResolvedSpec
from store.db.tables import events
from store.jobs.jobs import JobRecord
from store.replay.position import count_folds, count_steps_per_epoch


@dataclass(frozen=True)
class NetworkRestore:
    """A return of one network to an earlier state.

    Attributes:
        number: number of returns of this network so far, this one included.
        step: steps that the network had done in the restored state; later ones are done again.
        start: steps before this network, over all networks.
    """

    number: int
    step: int
    start: int


# By network.
Restores = Mapping[int, Sequence[NetworkRestore]]


def find_restores(session: Session, job: JobRecord, spec: ResolvedSpec) -> Restores:
    """Return the restores of each network, by its index, in order.

    A rescued job repeats a restore, and its event, with the same numbers.
    """
    if spec.on_divergence is None or job.rows is None:
        return {}
    rows = PartRows.from_json(job.rows)
    query = select(events.c.type, events.c.data).where(
        events.c.job_id == job.id, events.c.type.in_(("restored", "retried"))
    )
    found: dict[int, dict[int, NetworkRestore]] = {}
    for event in session.execute(query.order_by(events.c.id)):
        if event.type == "retried":
            if event.data["from"] == "start":
                found.clear()
            continue
        fold, number = event.data["fold"], event.data["number"]
        network = count_folds(spec) if fold is None else fold
        step = event.data["epochs"] * count_steps_per_epoch(spec, rows, network)
        restore = NetworkRestore(number, step, event.data["steps"] - step)
        found.setdefault(network, {})[number] = restore
    return {
        network: tuple(restores[number] for number in sorted(restores))
        for network, restores in found.items()
    }
