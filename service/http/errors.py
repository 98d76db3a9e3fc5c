"""Errors of the service, each with a code."""

from collections.abc import Mapping, Sequence

from fastapi.exceptions import RequestValidationError

from service.http.compute_errors import ServiceError
from service.schemas.common import FieldProblem

# A response has at most this many problems of fields.
MAX_PROBLEMS = 20
# Of more errors, the text of a response states only the number.
MAX_SUMMARIZED = 3


def summarize(
    problems: Sequence[FieldProblem], total: int | None = None, *, is_complete: bool = True
) -> str:
    """Join the first problems into one text that states how many more there are.

    Args:
        problems: the problems, or the first of them.
        total: number of problems; None if they are all given.
        is_complete: False if reading stopped, so that there may be more than `total`.
    """
    shown = [f"{one.pointer or one.location}: {one.detail}" for one in problems[:MAX_SUMMARIZED]]
    hidden = (len(problems) if total is None else total) - len(shown)
    if hidden > 0:
        shown.append(f"and {'' if is_complete else 'at least '}{hidden} more")
    return "; ".join(shown)


class StoppedValidationError(RequestValidationError):
    """A body whose validation stopped at its first errors, so that there may be more."""


class PageChangedError(ServiceError):
    """A file of another version of the page, which is open since before an update."""

    code = "page_changed"
    # The address may be of a version that another process serves.
    headers: Mapping[str, str] = {"Cache-Control": "no-store"}

    def __init__(self) -> None:
        super().__init__("the page has changed since it was opened: reload it")


class UnsupportedMediaTypeError(ServiceError):
    """The media type or encoding of the body is not supported by the route."""

    code = "unsupported_media_type"


class UnsupportedCodingError(UnsupportedMediaTypeError):
    """The body has another content coding, or several (RFC 9110, 15.5.16)."""

    def __init__(self, coding: str, accepted: Sequence[str]) -> None:
        self.headers = {"Accept-Encoding": ", ".join(accepted)}
        known = f"{', '.join(accepted[:-1])} or {accepted[-1]}"
        super().__init__(f"Content-Encoding must be {known}, not {coding[:80]!r}")


class InvalidContentError(ServiceError):
    """The body is not a complete stream of its content coding."""

    code = "invalid_content"


class NoWeightsError(ServiceError):
    """The job has no weights, or none yet."""

    code = "no_weights"


class InvalidRowsError(ServiceError):
    """Invalid rows or form fields.

    Args:
        errors: the problems, or the first of them.
        total: number of problems; None if they are all given.
        is_complete: False if reading stopped, so that there may be more than `total`.
    """

    code = "invalid_rows"

    def __init__(
        self, errors: Sequence[FieldProblem], total: int | None = None, *, is_complete: bool = True
    ) -> None:
        self.errors = errors
        super().__init__(summarize(errors, total, is_complete=is_complete))


class InvalidInferenceError(ServiceError):
    """A body that is not a request of the Open Inference Protocol, or not one for the model."""

    code = "invalid_inference_request"


class InvalidQueryError(ServiceError):
    """Parameters that are valid individually but not in combination."""

    code = "invalid_request"

    def __init__(self, errors: Sequence[FieldProblem]) -> None:
        self.errors = errors
        super().__init__(summarize(errors))


class ForbiddenAddressError(InvalidQueryError):
    """A webhook URL that is invalid or does not lead to a public address."""

    code = "forbidden_address"


class InvalidDigestError(InvalidQueryError):
    """A malformed digest."""

    code = "invalid_digest"


class DigestMismatchError(InvalidQueryError):
    """The received bytes do not match the stated digest."""

    code = "digest_mismatch"


class InvalidHeaderError(InvalidQueryError):
    """A required header is missing or malformed."""

    code = "invalid_header"


class UploadIncompleteError(ServiceError):
    """The resumable upload has not received all its bytes."""

    code = "upload_incomplete"


class ChecksumMismatchError(ServiceError):
    """A part of a resumable upload does not match its checksum."""

    code = "checksum_mismatch"


class NoEqualWorkerError(ServiceError):
    """No live worker has an environment that gives the bits of the job."""

    code = "no_equal_worker"


class NotReadyError(ServiceError):
    """A dependency of the service is not available."""

    code = "not_ready"


class ReplayDivergedError(ServiceError):
    """A training diverged where the job did not, so that the step was not reached."""

    code = "replay_diverged"

    def __init__(self, reason: str) -> None:
        super().__init__(f"the step was not reached here: {reason}, which it did not in the job")


class NoAnswerError(ServiceError):
    """The explanation has no answer: it has not reached its step, or the state is not kept."""

    code = "no_answer"
