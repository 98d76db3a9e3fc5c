"""Idempotency-Key: a request is executed once, and its stored response is replayed on retries.

A handler takes the key. In the transaction that creates the resource, the use case claims the key
first and stores the response last:

    def post_thing(context: ContextDep, body: ThingRequest, keyed: IdempotentJson) -> Response:
        return respond(run_once(context, keyed, lambda: things.add(context, body, keyed)))

    with context.database.writing() as session:
        claim_key(session, keyed)
        thing = add_thing(session, …)
        return store_response(session, keyed, created(view(thing), f"/v1/things/{thing.id}"))
"""

import hashlib
import json
from collections.abc import Callable
from dataclasses import replace
from typing import Annotated, cast

from fastapi import Depends, Header, Request, Response
from pydantic import BaseModel, JsonValue
from starlette.concurrency import run_in_threadpool

from service.context import Context, ContextDep
from service.http.json_bodies import DocumentRequest
from store.errors import StoreError
from store.idempotency import KeyedRequest, StoredResponse, find_response

REPLAYED = "Idempotency-Replayed"

IdempotencyKey = Annotated[
    str | None,
    Header(
        alias="Idempotency-Key",
        pattern="^[ -~]+$",
        min_length=1,
        max_length=255,
        description="Unique key per request, chosen by the client, such as a UUID. A retry with "
        "the same key gets the original response, and nothing is created twice.",
    ),
]


async def _read_key(
    context: ContextDep, request: Request, key: IdempotencyKey = None
) -> KeyedRequest | None:
    """Return the key with a digest of method, path and query.

    Async although it does not wait: FastAPI would run a plain function in a thread.
    """
    if key is None:
        return None
    query = sorted(request.query_params.multi_items())
    head: list[JsonValue] = [request.method, request.url.path, [list(pair) for pair in query]]
    return KeyedRequest(key, digest_json(head), context.settings.idempotency_seconds)


IdempotentRequest = Annotated[KeyedRequest | None, Depends(_read_key)]


async def _add_json_body(request: Request, keyed: IdempotentRequest) -> KeyedRequest | None:
    """Add a digest of the body, which a `JsonRoute` has parsed."""
    if keyed is None:
        return None
    read = cast("DocumentRequest", request)
    if read.is_large:
        return await run_in_threadpool(_add_document, keyed, read)
    return _add_document(keyed, read)


IdempotentJson = Annotated[KeyedRequest | None, Depends(_add_json_body)]


def _add_document(keyed: KeyedRequest, request: DocumentRequest) -> KeyedRequest | None:
    try:
        return with_content(keyed, digest_json(request.document))
    except RecursionError:
        # It can just be parsed, but not serialized again. Its validation refuses it later.
        return with_content(keyed, hashlib.sha256(request.content).hexdigest())


def with_content(keyed: KeyedRequest | None, *content: JsonValue) -> KeyedRequest | None:
    """Add the content, a body or digests of it, to the fingerprint of the request."""
    if keyed is None:
        return None
    return replace(keyed, fingerprint=digest_json([keyed.fingerprint, *content]))


def digest_json(value: JsonValue) -> str:
    """Return the sha256 of a value, independent of key order and whitespace."""
    text = json.dumps(value, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()


def run_once(
    context: Context, keyed: KeyedRequest | None, create: Callable[[], StoredResponse]
) -> StoredResponse:
    """Return the stored response of this request, or the one that `create` returns.

    Safe with concurrent requests of the same key: one claims the key, the others return its
    response. Raises KeyReusedError, KeyTakenError, and the exceptions of `create`.
    """
    kept = find_stored_response(context, keyed)
    if kept is not None:
        return kept
    try:
        return create()
    except StoreError:
        # A concurrent request may have claimed the key, or used up what this one still needed.
        kept = find_stored_response(context, keyed)
        if kept is None:
            raise
        return kept


def find_stored_response(context: Context, keyed: KeyedRequest | None) -> StoredResponse | None:
    """Return the stored response of this request, marked as replayed. Raises KeyReusedError."""
    if keyed is None:
        return None
    with context.database.reading() as session:
        kept = find_response(session, keyed)
    return None if kept is None else replace(kept, headers={**kept.headers, REPLAYED: "true"})


def is_replayed(answer: StoredResponse) -> bool:
    """Whether this is a stored response."""
    return REPLAYED in answer.headers


def created(view: BaseModel, location: str, status: int = 201) -> StoredResponse:
    """Return the response for a created resource, with its location."""
    return StoredResponse(status, view.model_dump_json(), {"Location": location})


def respond(answer: StoredResponse) -> Response:
    """Convert a stored response into an HTTP response."""
    return Response(answer.body, answer.status, answer.headers, "application/json")
