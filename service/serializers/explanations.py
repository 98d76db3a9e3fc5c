"""Records of explanations to response schemas."""

from service.schemas.explanations import ExplanationView, WorkPositionView
from service.serializers.work import command_links, work_fields
from store.jobs.explanation.new_explanation import Question
from store.jobs.jobs import JobRecord
from store.statuses import JobStatus


def explanation_view(job: JobRecord, *, has_state: bool) -> ExplanationView:
    """Return the response schema of an explanation; `has_state` is whether a state is stored."""
    question, result = Question(**(job.question or {})), job.result or {}
    steps_done = max(0, job.steps - question.from_step)
    # States of unfinished work are checkpoints.
    is_kept = has_state and job.status is JobStatus.SUCCEEDED
    return ExplanationView(
        **work_fields(job, steps_done, question.steps),
        position=WorkPositionView(
            fold=question.fold, step=question.step, from_step=question.from_step
        ),
        request=question.request,
        exact=result.get("exact"),
        inexact_because=result.get("inexact_because"),
        is_kept=is_kept,
        links=_links(job, is_kept=is_kept),
    )


def _links(job: JobRecord, *, is_kept: bool) -> dict[str, str]:
    here = f"/v1/explanations/{job.id}"
    links = {"self": here, "job": f"/v1/jobs/{job.subject_id}"}
    if is_kept:
        links["answer"] = f"{here}/answer"
    return {**links, **command_links(job, here, ("cancel",))}
