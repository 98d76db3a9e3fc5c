"""Questions about a step: answered at once, or after a worker has reached the step."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from anyio import to_thread

from service.context import Context
from service.explain.counterfactual import compare_job_step
from service.explain.distributions import describe_job_step
from service.explain.early_checks import check_question
from service.explain.gradient_check import check_job_step
from service.explain.job_step import explain_job_step
from service.explain.rate_sweep import sweep_job_step
from service.http.errors import NoAnswerError
from service.schemas.explain import (
    CounterfactualRequest,
    DistributionsRequest,
    ExplainRequest,
    GradientCheckRequest,
    RateSweepRequest,
    StepPoint,
)
from store.environment import find_equal
from store.errors import ReplayTooLongError
from store.jobs.explanation.new_explanation import Question, add_explanation
from store.jobs.jobs import JobRecord, get_job
from store.quotas import check_unfinished_jobs
from store.statuses import EXPLANATION, TRAINING, JobStatus
from store.workers import MISSED_SWEEPS, find_live_environments

# Time limit of an answer: networks with tens of millions of parameters take several seconds.
ANSWER_SECONDS = 20.0


@dataclass(frozen=True)
class Kind:
    """A kind of question.

    Attributes:
        request: what the request consists of.
        answer: computes the answer as JSON in a child process.
    """

    request: type[StepPoint]
    answer: Callable[..., bytes]


KINDS: Mapping[str, Kind] = {
    "explain": Kind(ExplainRequest, explain_job_step),
    "counterfactual": Kind(CounterfactualRequest, compare_job_step),
    "rate-sweep": Kind(RateSweepRequest, sweep_job_step),
    "gradient-check": Kind(GradientCheckRequest, check_job_step),
    "distributions": Kind(DistributionsRequest, describe_job_step),
}


async def ask(context: Context, kind: str, job_id: str, request: StepPoint) -> bytes | JobRecord:
    """Return the answer as JSON; an explanation for a worker if reaching the step takes longer.

    Raises NotFoundError, LimitReachedError, and as `ComputePool.run` and the kind's `answer`.
    """
    try:
        return await context.compute.run(
            KINDS[kind].answer, job_id, request, seconds=ANSWER_SECONDS
        )
    except ReplayTooLongError as error:
        return await to_thread.run_sync(_defer, context, kind, job_id, request, error)


def _defer(
    context: Context, kind: str, job_id: str, request: StepPoint, error: ReplayTooLongError
) -> JobRecord:
    """Queue an explanation, or return the unfinished one of the same question.

    A question that could not be answered is refused first. Raises as `check_question`.
    """
    body = request.model_dump(mode="json", exclude_unset=True)
    question = Question(
        step=request.step,
        fold=request.fold,
        request={"kind": kind, "body": body},
        from_step=error.from_step,
        steps=error.steps,
    )
    with context.database.reading() as session:
        job = get_job(session, job_id, TRAINING)
    check_question(context.database, job, request)
    with context.database.writing() as session:
        check_unfinished_jobs(session, context.settings.max_unfinished_jobs, job.owner)
        live = find_live_environments(session, MISSED_SWEEPS * context.settings.sweep_seconds)
        # The state has the bits of the job, or at least those of this process.
        here = context.environment
        environment = find_equal(job.environment or here, live) or find_equal(here, live)
        explanation, is_new = add_explanation(session, job, question, environment)
    if is_new:
        context.notify(explanation.id)
    return explanation


async def answer(context: Context, explanation_id: str) -> bytes:
    """Return the answer to the question of an explanation that has ended.

    Raises NotFoundError, NoAnswerError, and as `ask`.
    """
    job = await to_thread.run_sync(_find_explanation, context, explanation_id)
    if job.status is not JobStatus.SUCCEEDED:
        raise NoAnswerError(f"explanation {job.id} is {job.status}: it has not reached its step")
    asked = Question(**(job.question or {}))
    kind = KINDS[asked.request["kind"]]
    request = kind.request.model_validate(asked.request["body"])
    try:
        return await context.compute.run(
            kind.answer, job.subject_id, request, seconds=ANSWER_SECONDS
        )
    except ReplayTooLongError as error:
        detail = "the state that the explanation reached is not kept any more: ask again"
        raise NoAnswerError(detail) from error


def _find_explanation(context: Context, explanation_id: str) -> JobRecord:
    with context.database.reading() as session:
        return get_job(session, explanation_id, EXPLANATION)
