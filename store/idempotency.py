"""Stored responses to requests with an Idempotency-Key.

A response is written in the same transaction as the data the request creates.
"""

from dataclasses import dataclass, field

from sqlalchemy import ColumnElement, delete, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from store.db.clock import now, shifted
from store.db.tables import idempotency_keys
from store.errors import KeyReusedError, KeyTakenError


@dataclass(frozen=True)
class StoredResponse:
    """A stored response: status, body, and the headers that describe the created resource."""

    status: int
    body: str
    headers: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class KeyedRequest:
    """A request with an Idempotency-Key; parameters of this type are None for requests without.

    Attributes:
        key: as sent by the client.
        fingerprint: hash of method, path and body.
        kept_seconds: how long the response is kept.
        owner: owner of the key; two owners may use the same key.
    """

    key: str
    fingerprint: str
    kept_seconds: float
    owner: str = ""


def claim_key(session: Session, keyed: KeyedRequest | None) -> None:
    """Claim the key for this transaction's request; `store_response` follows in the transaction.

    Safe against a concurrent request with the same key: it waits here until the first transaction
    ends, and gets the key only if that was rolled back. An expired key is claimed by the same
    statement, so that only one of two concurrent requests gets it. Raises KeyTakenError.
    """
    if keyed is None:
        return
    dialect = postgresql if session.get_bind().dialect.name == "postgresql" else sqlite
    values = {
        "fingerprint": keyed.fingerprint,
        "status": 0,
        "headers": {},
        "body": "",
        "created_at": now(),
        "expires_at": shifted(keyed.kept_seconds),
    }
    statement = dialect.insert(idempotency_keys).values(owner=keyed.owner, key=keyed.key, **values)
    statement = statement.on_conflict_do_update(
        index_elements=[idempotency_keys.c.owner, idempotency_keys.c.key],
        set_=values,
        where=idempotency_keys.c.expires_at <= now(),
    )
    claimed = session.execute(statement.returning(idempotency_keys.c.key)).one_or_none()
    if claimed is None:
        raise KeyTakenError(keyed.key)


def store_response(
    session: Session, keyed: KeyedRequest | None, response: StoredResponse
) -> StoredResponse:
    """Store the response to the request that has claimed the key, and return it."""
    if keyed is not None:
        session.execute(
            update(idempotency_keys)
            .where(*_matches(keyed))
            .values(status=response.status, headers=response.headers, body=response.body)
        )
    return response


def find_response(session: Session, keyed: KeyedRequest | None) -> StoredResponse | None:
    """Return the stored response to this request, or None. Raises KeyReusedError."""
    if keyed is None:
        return None
    row = session.execute(
        select(
            idempotency_keys.c.fingerprint,
            idempotency_keys.c.status,
            idempotency_keys.c.body,
            idempotency_keys.c.headers,
        ).where(*_matches(keyed), idempotency_keys.c.expires_at > now())
    ).one_or_none()
    if row is None:
        return None
    if row.fingerprint != keyed.fingerprint:
        raise KeyReusedError(keyed.key)
    return StoredResponse(row.status, row.body, row.headers)


def delete_key(session: Session, keyed: KeyedRequest | None) -> None:
    """Delete the key of a request that has failed."""
    if keyed is not None:
        session.execute(delete(idempotency_keys).where(*_matches(keyed)))


def delete_expired_keys(session: Session) -> int:
    """Delete expired keys, and return their number."""
    expired = delete(idempotency_keys).where(idempotency_keys.c.expires_at <= now())
    return len(session.execute(expired.returning(idempotency_keys.c.key)).all())


def _matches(keyed: KeyedRequest) -> tuple[ColumnElement[bool], ColumnElement[bool]]:
    return idempotency_keys.c.owner == keyed.owner, idempotency_keys.c.key == keyed.key
