"""What the service itself refuses, as plain classes with a code."""

from collections.abc import Sequence

from service.schemas.common import FieldProblem


class ServiceError(Exception):
    """Base of what the service itself refuses."""

    code = "bad_request"
    errors: Sequence[FieldProblem] = ()


class UnsupportedMediaTypeError(ServiceError):
    """A body of a kind that the route cannot read."""

    code = "unsupported_media_type"


class NoWeightsError(ServiceError):
    """The job has not left any weights, or not yet."""

    code = "no_weights"


class InvalidRowsError(ServiceError):
    """Rows that the model cannot take."""

    code = "invalid_rows"

    def __init__(self, errors: Sequence[FieldProblem]) -> None:
        self.errors = errors
        super().__init__(errors[0].detail)


class InvalidQueryError(ServiceError):
    """Parameters that each make sense, but not together."""

    code = "invalid_request"

    def __init__(self, errors: Sequence[FieldProblem]) -> None:
        self.errors = errors
        super().__init__("; ".join(f"{error.pointer}: {error.detail}" for error in errors[:3]))


class ForbiddenAddressError(InvalidQueryError):
    """A URL that this service does not call: not a public address, or none at all."""

    code = "forbidden_address"


class InvalidDigestError(InvalidQueryError):
    """A digest that cannot be one."""

    code = "invalid_digest"


class DigestMismatchError(InvalidQueryError):
    """What arrived is not what the client said it would send."""

    code = "digest_mismatch"


class InvalidHeaderError(InvalidQueryError):
    """A header that the route needs is missing or cannot be read."""

    code = "invalid_header"


class UploadIncompleteError(ServiceError):
    """A resumable upload whose last bytes have not arrived."""

    code = "upload_incomplete"


class ChecksumMismatchError(ServiceError):
    """A part of a resumable upload that is not what the client said it would send."""

    code = "checksum_mismatch"


class NotReadyError(ServiceError):
    """Something that the service needs does not answer."""

    code = "not_ready"
