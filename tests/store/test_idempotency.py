"""Idempotency keys, on all databases: claimed once, kept, replaced after expiry."""

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest

from store.db.database import Database
from store.errors import KeyReusedError, KeyTakenError
from store.idempotency import (
    KeyedRequest,
    StoredResponse,
    claim_key,
    delete_expired_keys,
    delete_key,
    find_response,
    store_response,
)
from tests.store.conftest import transaction_waits
from tests.waiting import wait_for

KEYED = KeyedRequest("key", "a" * 64, 60)
OTHER = KeyedRequest("key", "b" * 64, 60)
RESPONSE = StoredResponse(202, '{"id":"job_ü"}', {"Location": "/v1/jobs/job_1"})


def keep(
    database: Database, keyed: KeyedRequest = KEYED, response: StoredResponse = RESPONSE
) -> None:
    with database.writing() as session:
        claim_key(session, keyed)
        store_response(session, keyed, response)


def find(database: Database, keyed: KeyedRequest | None = KEYED) -> StoredResponse | None:
    with database.reading() as session:
        return find_response(session, keyed)


def test_response_is_found_until_its_key_is_deleted(database: Database) -> None:
    assert find(database) is None
    keep(database)
    assert find(database) == RESPONSE
    with database.writing() as session:
        delete_key(session, KEYED)
    assert find(database) is None


def test_key_of_another_request_is_refused(database: Database) -> None:
    keep(database)
    with pytest.raises(KeyReusedError):
        find(database, OTHER)


def test_second_claim_is_refused(database: Database) -> None:
    keep(database)
    with pytest.raises(KeyTakenError):
        keep(database)
    assert find(database) == RESPONSE


def test_owners_do_not_share_keys(database: Database) -> None:
    keep(database)
    theirs = KeyedRequest("key", "b" * 64, 60, owner="other")
    keep(database, theirs, StoredResponse(201, "{}"))
    assert find(database) == RESPONSE
    assert find(database, theirs) == StoredResponse(201, "{}")


def test_expired_key_is_not_found_and_can_be_claimed_again(database: Database) -> None:
    keep(database, KeyedRequest("key", "b" * 64, 0))
    assert find(database, OTHER) is None
    keep(database)
    assert find(database) == RESPONSE


def test_only_expired_keys_are_swept(database: Database) -> None:
    keep(database)
    keep(database, KeyedRequest("old", "a" * 64, 0))
    with database.writing() as session:
        assert delete_expired_keys(session) == 1
        assert delete_expired_keys(session) == 0
    assert find(database) == RESPONSE


def claim_while_claimed(database: Database, end: Callable[[], None]) -> None:
    """Claim the key in another thread while this transaction holds it, and then call `end`."""
    claimed = threading.Event()

    def second() -> None:
        claimed.wait(10)
        keep(database, response=StoredResponse(201, "second"))

    with ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(second)
        with database.writing() as session:
            claim_key(session, KEYED)
            claimed.set()
            wait_for(lambda: transaction_waits(database))
            store_response(session, KEYED, RESPONSE)
            assert not waiting.done()
            end()
        waiting.result(10)


def test_concurrent_second_request_waits_and_is_refused(database: Database) -> None:
    with pytest.raises(KeyTakenError):
        claim_while_claimed(database, lambda: None)
    assert find(database) == RESPONSE


def test_concurrent_second_request_proceeds_when_the_first_fails(database: Database) -> None:
    def fail() -> None:
        raise RuntimeError

    with pytest.raises(RuntimeError):
        claim_while_claimed(database, fail)
    wait_for(lambda: find(database) == StoredResponse(201, "second"))
