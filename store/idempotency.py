"""What was answered to a request with an Idempotency-Key, kept with what the request created."""

from dataclasses import dataclass, field

from sqlalchemy import ColumnElement, delete, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from store.db.clock import now, shifted
from store.db.tables import idempotency_keys
from store.errors import KeyReusedError, KeyTakenError


@dataclass(frozen=True)
class StoredResponse:
    """What a request was answered: status, the headers that tell of what it made, and the body."""

    status: int
    body: str
    headers: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class KeyedRequest:
    """A request that has an Idempotency-Key; one that has none is None wherever this is taken.

    Attributes:
        key: as the client has sent it.
        fingerprint: of all that is asked for.
        kept_seconds: for how long its answer is kept.
        owner: whose key it is: two owners may send the same.
    """

    key: str
    fingerprint: str
    kept_seconds: float
    owner: str = ""


def claim_key(session: Session, keyed: KeyedRequest | None) -> None:
    """Take the key for this transaction's request; `store_response` follows in the same transaction.

    Survives a request with the same key in the same moment: it waits here until the first one's
    transaction ends, and takes the key only if that was rolled back. A key that has expired is
    taken anew by the same statement, so that one of two at once has it. Raises KeyTakenError.
    """
    if keyed is None:
        return
    dialect = postgresql if session.get_bind().dialect.name == "postgresql" else sqlite
    fresh = {
        "fingerprint": keyed.fingerprint,
        "status": 0,
        "headers": {},
        "body": "",
        "created_at": now(),
        "expires_at": shifted(keyed.kept_seconds),
    }
    statement = dialect.insert(idempotency_keys).values(owner=keyed.owner, key=keyed.key, **fresh)
    statement = statement.on_conflict_do_update(
        index_elements=[idempotency_keys.c.owner, idempotency_keys.c.key],
        set_=fresh,
        where=idempotency_keys.c.expires_at <= now(),
    )
    taken = session.execute(statement.returning(idempotency_keys.c.key)).one_or_none()
    if taken is None:
        raise KeyTakenError(keyed.key)


def store_response(
    session: Session, keyed: KeyedRequest | None, answer: StoredResponse
) -> StoredResponse:
    """Write down what is answered to the request that has claimed the key; the answer."""
    if keyed is not None:
        session.execute(
            update(idempotency_keys)
            .where(*_row_of(keyed))
            .values(status=answer.status, headers=answer.headers, body=answer.body)
        )
    return answer


def find_answer(session: Session, keyed: KeyedRequest | None) -> StoredResponse | None:
    """What was answered to this request before, or None. Raises KeyReusedError."""
    if keyed is None:
        return None
    row = session.execute(
        select(
            idempotency_keys.c.fingerprint,
            idempotency_keys.c.status,
            idempotency_keys.c.body,
            idempotency_keys.c.headers,
        ).where(*_row_of(keyed), idempotency_keys.c.expires_at > now())
    ).one_or_none()
    if row is None:
        return None
    if row.fingerprint != keyed.fingerprint:
        raise KeyReusedError(keyed.key)
    return StoredResponse(row.status, row.body, row.headers)


def delete_key(session: Session, keyed: KeyedRequest | None) -> None:
    """Forget the key of a request that has come to nothing after all."""
    if keyed is not None:
        session.execute(delete(idempotency_keys).where(*_row_of(keyed)))


def delete_expired_keys(session: Session) -> int:
    """Forget the keys that have been kept for long enough; how many there were."""
    expired = delete(idempotency_keys).where(idempotency_keys.c.expires_at <= now())
    return len(session.execute(expired.returning(idempotency_keys.c.key)).all())


def _row_of(keyed: KeyedRequest) -> tuple[ColumnElement[bool], ColumnElement[bool]]:
    return idempotency_keys.c.owner == keyed.owner, idempotency_keys.c.key == keyed.key
