"""What can go wrong in the store, as plain classes with a code."""

from dataclasses import dataclass


class StoreError(Exception):
    """Base of everything the store raises on purpose."""

    code = "store_error"


class NotFoundError(StoreError):
    """No such row, or no longer."""

    code = "not_found"

    def __init__(self, noun: str, key: str) -> None:
        self.noun = noun
        self.key = key
        super().__init__(f"no {noun} with id {key}")


class IllegalTransitionError(StoreError):
    """The job's status does not allow the change that was asked for."""

    code = "illegal_transition"

    def __init__(self, job_id: str, status: str, change: str) -> None:
        self.job_id = job_id
        self.status = status
        self.change = change
        super().__init__(f"job {job_id} is {status}: it cannot be {change}")


class ExternalIdTakenError(StoreError):
    """Another job, or the same job asked for in other words, has this external id."""

    code = "external_id_taken"

    def __init__(self, external_id: str, job_id: str) -> None:
        self.external_id = external_id
        self.job_id = job_id
        super().__init__(f"the external id {external_id!r} is that of job {job_id}")


class KeyReusedError(StoreError):
    """An Idempotency-Key that was sent before, with another request."""

    code = "idempotency_key_reused"

    def __init__(self, key: str) -> None:
        self.key = key
        super().__init__(f"the Idempotency-Key {key[:80]!r} was sent before, with another request")


class KeyTakenError(StoreError):
    """A request with the same Idempotency-Key was answered, or is being answered, meanwhile."""

    code = "idempotency_key_taken"

    def __init__(self, key: str) -> None:
        self.key = key
        super().__init__(f"a request with the Idempotency-Key {key[:80]!r} is under way")


class LimitReachedError(StoreError):
    """The owner has as much as one may have; it goes on when some of it is done or deleted."""

    code = "limit_reached"

    def __init__(self, what: str, limit: int) -> None:
        self.what = what
        self.limit = limit
        super().__init__(f"there may be at most {limit} {what}; try again later")


class DatasetInUseError(StoreError):
    """Jobs that are not finished still need the dataset."""

    code = "dataset_in_use"

    def __init__(self, dataset_id: str, jobs: int) -> None:
        self.dataset_id = dataset_id
        self.jobs = jobs
        super().__init__(f"dataset {dataset_id} is needed by {jobs} unfinished job(s)")


class UploadExpiredError(StoreError):
    """The upload rested for too long, or was given up: its bytes are being erased."""

    code = "upload_expired"

    def __init__(self, upload_id: str) -> None:
        self.upload_id = upload_id
        super().__init__(f"upload {upload_id} has expired")


class OffsetConflictError(StoreError):
    """A part that does not go on where the upload is."""

    code = "offset_conflict"

    def __init__(self, upload_id: str, offset: int, sent: int) -> None:
        self.upload_id = upload_id
        self.offset = offset
        super().__init__(f"upload {upload_id} goes on at byte {offset}, not at {sent}")


class LeaseLostError(StoreError):
    """Another worker holds the job now, or it has ended: this worker may no longer write."""

    code = "lease_lost"

    def __init__(self, job_id: str, token: int) -> None:
        self.job_id = job_id
        self.token = token
        super().__init__(f"lease {token} on job {job_id} is gone")


@dataclass(frozen=True)
class FileLocation:
    """Where in an uploaded file something is wrong; None is not known.

    Attributes:
        line: of the file, counted from 1; for formats without lines, the row.
        column: its name.
        text: what stands there, cut.
        expected: what should.
    """

    line: int | None = None
    column: str | None = None
    text: str | None = None
    expected: str | None = None


class IntakeError(StoreError):
    """An uploaded file that is not a table."""

    code = "invalid_file"

    def __init__(self, code: str, detail: str, place: FileLocation | None = None) -> None:
        self.code = code
        self.place = place
        super().__init__(detail)


class DamagedArtifactError(StoreError):
    """Stored weights or a checkpoint whose bytes are not those that were stored."""

    code = "artifact_damaged"

    def __init__(self, sha256: str, reason: str) -> None:
        self.sha256 = sha256
        detail = f"the stored artifact {sha256} is damaged: {reason}"
        super().__init__(f"{detail}; restore the database from a backup")


class UnstorableValueError(StoreError):
    """A value that the database cannot hold, such as a number that is not finite."""

    code = "unstorable_value"

    def __init__(self, reason: str) -> None:
        self.reason = reason
        super().__init__(f"a value cannot be stored: {reason}")


class StoreUnavailableError(StoreError):
    """The database does not answer; trying again later may help."""

    code = "database_unavailable"


class StorageFullError(StoreUnavailableError):
    """There is no room left to store anything; it goes on when some is made."""

    code = "storage_full"


class SchemaError(StoreError):
    """The database's schema is not the one this version was written for."""

    code = "schema_mismatch"
