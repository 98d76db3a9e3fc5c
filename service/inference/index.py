"""The index of the model repository, an extension of the protocol."""

from engine.stored.versions import SPEC_VERSION
from service.context import Context
from service.http.errors import InvalidInferenceError
from service.http.json_bodies import MAX_VALUES
from service.http.json_scan import count_values
from service.http.strict_json import InvalidJsonError, parse_json
from service.inference.messages import show
from service.inference.models import VERSION
from service.schemas.inference import IndexedModelView
from store.models import list_model_versions

MAX_INDEXED = 10_000


def read_index_request(body: bytes) -> bool:
    """Return whether only ready models are asked for. Raises InvalidInferenceError."""
    if not body:
        return False
    if count_values(body, MAX_VALUES) > MAX_VALUES:
        raise InvalidInferenceError(f"the body has more than {MAX_VALUES} values")
    try:
        request = parse_json(body)
    except InvalidJsonError as error:
        raise InvalidInferenceError(f"the body: not valid JSON: {error}") from error
    if not isinstance(request, dict):
        raise InvalidInferenceError(f"the request must be a JSON object, not {show(request)}")
    ready = request.get("ready", False)
    if not isinstance(ready, bool):
        raise InvalidInferenceError(f"ready must be true or false, not {show(ready)}")
    return ready


def index_models(context: Context, *, is_ready: bool) -> list[IndexedModelView]:
    """Return the newest models, at most `MAX_INDEXED`; of them, only the ready ones if asked."""
    with context.database.reading() as session:
        found = list_model_versions(session, MAX_INDEXED)
    return [
        _describe(model_id, is_readable=spec_version <= SPEC_VERSION)
        for model_id, spec_version in found
        if spec_version <= SPEC_VERSION or not is_ready
    ]


def _describe(model_id: str, *, is_readable: bool) -> IndexedModelView:
    return IndexedModelView(
        name=model_id,
        version=VERSION,
        state="READY" if is_readable else "UNAVAILABLE",
        reason="" if is_readable else "stored by a later version of the service",
    )
