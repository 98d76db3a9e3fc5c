"""Creation of jobs: idempotent per Idempotency-Key and external id, within the limits."""

from dataclasses import replace

import numpy as np

from engine.resolution.resolve import Resolution
from engine.stored.specs import dump_spec
from service.context import Context
from service.http.errors import InvalidQueryError
from service.idempotency import created, digest_json, run_once
from service.jobs.initial_weights import InitialWeights, as_model, find_initial_weights
from service.jobs.queries import find_by_external_id
from service.jobs.resolve import resolve_request, validation_dataset_id
from service.schemas.common import FieldProblem
from service.schemas.job_requests import JobRequest
from service.serializers.jobs import view
from service.webhooks.webhooks import check_url, secret_of
from store.errors import ExternalIdTakenError
from store.fault_injection import maybe_crash
from store.idempotency import KeyedRequest, StoredResponse, claim_key, store_response
from store.jobs.jobs import JobRecord
from store.jobs.training.new_training import NewTraining, add_training, digest_inputs
from store.jobs.transitions import list_transitions
from store.models import NewModel, add_model
from store.quotas import check_stored_bytes, check_unfinished_jobs
from store.webhooks.webhooks import add_webhook


def post(context: Context, request: JobRequest, keyed: KeyedRequest | None) -> StoredResponse:
    """Queue a training job: commit it, then publish it to the broker.

    Raises NotFoundError, LaterVersionError, SpecError, ForbiddenAddressError,
    ExternalIdTakenError, LimitReachedError, KeyReusedError.
    """
    return run_once(context, keyed, lambda: _post(context, request, keyed))


def put(context: Context, external_id: str, request: JobRequest) -> StoredResponse:
    """Queue a training job under an external id, or return the one already queued.

    Safe with concurrent equal requests: one queues the job, the others return it. Raises the
    exceptions of `post`; ExternalIdTakenError if the id belongs to a different request.
    """
    request = _named(request, external_id)
    existing = _find_same(context, request)
    if existing is not None:
        return existing
    try:
        return _post(context, request, None)
    except ExternalIdTakenError:
        existing = _find_same(context, request)
        if existing is None:
            raise
        return existing


def _named(request: JobRequest, external_id: str) -> JobRequest:
    if request.external_id not in {None, external_id}:
        detail = "external_id differs from the one in the URL; leave it out or use the same"
        problem = FieldProblem(pointer="/external_id", code="contradiction", detail=detail)
        raise InvalidQueryError([problem])
    return request.model_copy(update={"external_id": external_id})


def _find_same(context: Context, request: JobRequest) -> StoredResponse | None:
    """Return the job queued before by the same request. Raises ExternalIdTakenError."""
    found = find_by_external_id(context, str(request.external_id))
    if found is None:
        return None
    job, transitions = found
    if job.request_sha256 != _digest(request):
        raise ExternalIdTakenError(str(request.external_id), job.id)
    return created(view(job, transitions), f"/v1/jobs/{job.id}", status=200)


def _digest(request: JobRequest) -> str:
    """Return a digest of the fields the client set, which changed defaults do not affect."""
    fields = request.model_dump(mode="json", exclude_unset=True, exclude={"external_id"})
    return digest_json(fields)


def _post(context: Context, request: JobRequest, keyed: KeyedRequest | None) -> StoredResponse:
    source, hook = find_initial_weights(context, request.start_from), request.webhook
    resolution = resolve_request(context, request, source)
    if hook is not None:
        check_url(context, hook.url, "/webhook/url")
    new = _describe(request, resolution, source)
    settings, weights = context.settings, _weight_bytes(resolution)
    # Slow work precedes the transaction: SQLite has one writer, and heartbeats would wait.
    started = None if source is None else _model_of(source)
    with context.database.reading() as session:
        digest = digest_inputs(session, new, None if started is None else started[1])
    new = replace(new, inputs_digest=digest)
    with context.database.writing() as session:
        claim_key(session, keyed)
        check_unfinished_jobs(session, settings.max_unfinished_jobs, new.owner)
        check_stored_bytes(session, settings.max_stored_bytes, weights, owner=new.owner)
        if started is not None:
            job, model = started
            model_id = add_model(session, job.lineage, job.upgraded_spec, model)
            new = replace(new, start_from={**(new.start_from or {}), "model_id": model_id})
        posted = add_training(session, new)
        if hook is not None:
            add_webhook(session, new.owner, hook.url, hook.events, secret_of(hook), posted.id)
        body = view(posted, list_transitions(session, posted.id)[posted.id])
        answer = store_response(session, keyed, created(body, f"/v1/jobs/{posted.id}", status=202))
        maybe_crash("after_insert", posted.name)
    maybe_crash("after_commit", posted.name)
    context.notify(posted.id)
    return answer


def _model_of(source: InitialWeights) -> tuple[JobRecord, NewModel] | None:
    """Return a checkpoint as a new model, with its job; None if the source is already a model."""
    if source.checkpoint is None:
        return None
    job, checkpoint = source.checkpoint
    return job, as_model(source, checkpoint)


def _describe(
    request: JobRequest, resolution: Resolution, source: InitialWeights | None
) -> NewTraining:
    return NewTraining(
        dataset_id=request.dataset_id,
        name=request.name,
        metadata=dict(request.metadata),
        spec=dump_spec(resolution.spec),
        start_from=None if source is None else source.start_from,
        priority=request.priority,
        validation_dataset_id=validation_dataset_id(request),
        external_id=request.external_id,
        request_sha256=_digest(request),
        findings=resolution.findings,
    )


def _weight_bytes(resolution: Resolution) -> int:
    """Return the size of the job's weights, the least it will store."""
    return resolution.parameter_count * np.dtype(resolution.spec.dtype).itemsize
