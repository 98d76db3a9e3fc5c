"""Whether a step that was reached by a replay has the bits that the job had there."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from store.environment import find_differences
from store.jobs.jobs import JobRecord
from store.replay.states.kept_states import KeptState


@dataclass(frozen=True)
class Inexactness:
    """A reason why bits may differ from those of the job.

    Attributes:
        code: `environment`: this process computes other bits than the one that trained the step;
            `moved`: the job went on in another environment, at a step that is not known exactly;
            `not_done`: the step has not been done, and a worker in another environment may do it.
        detail: the reason as a sentence.
        differences: decisive fields of the environment with their values in the job and here.
    """

    code: Literal["environment", "moved", "not_done"]
    detail: str
    differences: Mapping[str, tuple[Any, Any]] = field(default_factory=dict)


def find_inexactness(
    job: JobRecord, states: Sequence[KeptState], step: int, environment: Mapping[str, Any]
) -> Inexactness | None:
    """Return why a step replayed in this environment may differ from the job's; None if it cannot.

    The first exact state after the step names the environment of all steps before it.

    Args:
        job: the job.
        states: its kept states.
        step: index of the step over all networks.
        environment: fingerprint of this process.
    """
    if step >= job.steps and job.error is None:
        detail = "the step has not been done yet; a worker in another environment may do it"
        return Inexactness("not_done", detail)
    trained = _environment_of(job, states, step)
    if trained is None:
        detail = (
            "the job was continued in another environment, and no state that is kept shows "
            "whether that was before or after this step"
        )
        differences = find_differences(job.environment or {}, environment)
        return Inexactness("moved", detail, differences)
    differences = find_differences(trained, environment)
    if not differences:
        return None
    found = differences.items()
    listed = ", ".join(f"{name} {there} (here {here})" for name, (there, here) in found)
    detail = f"the step was trained in an environment that gives other bits: {listed}"
    return Inexactness("environment", detail, differences)


def _environment_of(
    job: JobRecord, states: Sequence[KeptState], step: int
) -> Mapping[str, Any] | None:
    """Return the environment of all steps up to this one; None if they had different ones."""
    if job.exact and job.environment is not None:
        return job.environment
    later = (s for s in states if s.kind != "explanation" and s.steps > step and s.exact)
    return next((state.environment for state in later), None)
