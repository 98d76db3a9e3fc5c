"""Idempotency-Key: a request that creates something is carried out once, and answered alike again.

A handler takes the key, and its use case claims it first and keeps its answer last, in the
transaction that creates:

    def post_thing(context: Here, body: ThingRequest, keyed: IdempotentJson) -> Response:
        return respond(once(context, keyed, lambda: things.add(context, body, keyed)))

    with context.database.writing() as session:
        claim_key(session, keyed)
        thing = add_thing(session, …)
        return store_response(session, keyed, created(view(thing), f"/v1/things/{thing.id}"))
"""

import hashlib
import json
from collections.abc import Callable
from dataclasses import replace
from typing import Annotated

from fastapi import Depends, Header, Request, Response
from pydantic import BaseModel, JsonValue

from service.context import Context, ContextDep
from service.http.bodies import parse_json
from store.errors import StoreError
from store.idempotency import KeyedRequest, StoredResponse, find_answer

REPLAYED = "Idempotency-Replayed"

IdempotencyKey = Annotated[
    str | None,
    Header(
        alias="Idempotency-Key",
        pattern="^[ -~]+$",
        min_length=1,
        max_length=255,
        description="Of the client's choice, such as a UUID, one for each request. A request that "
        "is sent again with its key is answered as it was, and nothing is created twice.",
    ),
]


async def _keyed(
    context: ContextDep, request: Request, key: IdempotencyKey = None
) -> KeyedRequest | None:
    """The request as far as its head tells. Async: it waits for nothing."""
    if key is None:
        return None
    query = sorted(request.query_params.multi_items())
    asked: list[JsonValue] = [request.method, request.url.path, [list(pair) for pair in query]]
    return KeyedRequest(key, digest_json(asked), context.settings.idempotency_seconds)


IdempotentRequest = Annotated[KeyedRequest | None, Depends(_keyed)]


async def _json_keyed(request: Request, keyed: IdempotentRequest) -> KeyedRequest | None:
    if keyed is None:
        return None
    return with_content(keyed, _digest_body(await request.body()))


IdempotentJson = Annotated[KeyedRequest | None, Depends(_json_keyed)]


def _digest_body(text: bytes) -> str:
    try:
        return digest_json(parse_json(text))
    except (json.JSONDecodeError, RecursionError):
        # Nested as deeply as can be read and no deeper; it will be refused in a moment.
        return hashlib.sha256(text).hexdigest()


def with_content(keyed: KeyedRequest | None, *content: JsonValue) -> KeyedRequest | None:
    """The request with what its head does not tell: the body, or digests of what it brings."""
    if keyed is None:
        return None
    return replace(keyed, fingerprint=digest_json([keyed.fingerprint, *content]))


def digest_json(value: JsonValue) -> str:
    """The sha256 of a value, however its keys are ordered and its text is spaced."""
    text = json.dumps(value, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()


def run_once(
    context: Context, keyed: KeyedRequest | None, create: Callable[[], StoredResponse]
) -> StoredResponse:
    """What was answered to this request before, or what `create` answers.

    Survives the same request in the same moment: of the two one claims the key, and the other one
    gives its answer. Raises KeyReusedError, KeyTakenError, and what `create` raises.
    """
    kept = find_kept(context, keyed)
    if kept is not None:
        return kept
    try:
        return create()
    except StoreError:
        # Most likely the key was taken; or the other one has used up what this one still needed.
        kept = find_kept(context, keyed)
        if kept is None:
            raise
        return kept


def find_kept(context: Context, keyed: KeyedRequest | None) -> StoredResponse | None:
    """What was answered to this request before, marked as such. Raises KeyReusedError."""
    if keyed is None:
        return None
    with context.database.reading() as session:
        kept = find_answer(session, keyed)
    return None if kept is None else replace(kept, headers={**kept.headers, REPLAYED: "true"})


def is_replayed(answer: StoredResponse) -> bool:
    """Whether the answer was given before."""
    return REPLAYED in answer.headers


def created(view: BaseModel, location: str, status: int = 201) -> StoredResponse:
    """The answer that something was made, and where it is."""
    return StoredResponse(status, view.model_dump_json(), {"Location": location})


def respond(answer: StoredResponse) -> Response:
    """The answer as it is sent."""
    return Response(answer.body, answer.status, answer.headers, "application/json")
