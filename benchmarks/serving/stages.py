"""Where the time of a request goes: its stages, timed in this process with the route's functions.

Stages are in processor time, which other processes hardly affect. `routing` is the remainder of the
application's time: middlewares, routing, threads, the response object. `server` is the remainder of
the time per request over HTTP: uvicorn, sockets, the client, and waiting for a core.
"""

import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeAlias

from fastapi import FastAPI
from fastapi.testclient import TestClient

from benchmarks.serving import adult, exchanges, imports
from benchmarks.serving.apps import empty, raw_json
from benchmarks.serving.asgi import median_milliseconds, time_application
from benchmarks.serving.cases import (
    ARRAYS,
    EMPTY,
    EMPTY_OURS,
    ORJSON,
    OURS,
    RECORDS,
    ROW_GOALS,
    name_rows_case,
)
from benchmarks.serving.exchanges import Exchange
from benchmarks.serving.network import Network, make_network
from cli.serving.gc_tuning import reduce_gc_pauses
from service.app import create_app
from service.http.json_bodies import parse_rows
from service.predictions.answers import answer
from service.predictions.json_answer import write_json
from service.predictions.json_body import read_json
from service.predictions.number_rows import read_number_rows
from service.runtime.model_cache import ServedModel
from service.schemas.predictions import MAX_ROWS, PredictRequest
from service.serializers.rows import RowReader
from store.db.migrate import upgrade
from store.settings import load_settings

# Milliseconds by stage.
Stages: TypeAlias = dict[str, float]


@dataclass(frozen=True)
class StagedRequest:
    """A request of a case whose stages are timed.

    Attributes:
        case: name of the case.
        contender: name of the contender.
        app: its application.
        exchange: the request.
        time_stages: returns the milliseconds of the stages of a body.
    """

    case: str
    contender: str
    app: FastAPI
    exchange: Exchange
    time_stages: Callable[[bytes], Stages]


def measure_stages(cases: Mapping[str, Mapping[str, Any]]) -> dict[str, Stages]:
    """Return the milliseconds of each stage of the JSON requests, by case and contender.

    Args:
        cases: the measured cases by name, with the requests per second of each contender.
    """
    found: dict[str, Stages] = {}
    # As in the API process.
    reduce_gc_pauses()
    with tempfile.TemporaryDirectory(prefix="serving-") as folder:
        for request in _list_requests(Path(folder)):
            if request.case not in cases:
                continue
            rate = cases[request.case]["per_second"][request.contender]
            stages = request.time_stages(request.exchange.body)
            whole = time_application(request.app, request.exchange)
            stages |= {"routing": whole - sum(stages.values()), "server": 1000 / rate - whole}
            found[f"{request.case}, {request.contender}"] = stages
    return found


def _list_requests(folder: Path) -> Iterator[StagedRequest]:
    network = make_network()
    network.save(folder / "network.npz")
    floor = raw_json.create_app(folder / "network.npz")
    with _service(folder) as client:
        service: Any = client.app

        def served(case: str, contender: str, model: str, rows: list[Any]) -> StagedRequest:
            loaded = service.state.context.served.get(model)
            exchange = exchanges.predict_served(model, rows)
            return StagedRequest(
                case, contender, service, exchange, lambda body: _service_stages(loaded, body)
            )

        pixels = imports.import_model(client, imports.describe_pixels(network))
        for count in ROW_GOALS:
            case, rows = name_rows_case(count), exchanges.make_pixels(count).tolist()
            yield served(case, OURS, pixels, rows)
            sent = exchanges.predict_json("/predict", rows)
            yield StagedRequest(
                case, ORJSON, floor, sent, lambda body: _floor_stages(network, body)
            )
        census = imports.import_model(client, adult.describe_pipeline(adult.fit_pipeline()))
        records = adult.make_records(100, seed=2)
        yield served("100 records of 14 mixed columns", OURS, census, records)
        table, row = imports.import_model(client, imports.describe_table()), imports.table_row()
        case = "1 row of 30 numbers"
        yield served(case, RECORDS, table, [row])
        yield served(case, ARRAYS, table, [list(row.values())])
        bare = empty.create_app(folder)
        yield StagedRequest(case, EMPTY, bare, exchanges.get("/empty"), lambda _: {})
        yield StagedRequest(case, EMPTY_OURS, service, exchanges.get("/healthz"), lambda _: {})


@contextmanager
def _service(folder: Path) -> Iterator[TestClient]:
    settings = load_settings(data_dir=folder)
    upgrade(settings.database_url)
    with TestClient(create_app(settings)) as client:
        yield client


def _service_stages(model: ServedModel, body: bytes) -> Stages:
    """Return the stages of the service's predict route."""
    rows = read_json(body, model.reader)
    answers = answer(model, rows)
    whole = {
        "parse": median_milliseconds(lambda: _parse(body, model.reader)),
        "read": median_milliseconds(lambda: read_json(body, model.reader)),
        "forward": median_milliseconds(lambda: model.predictor.answer(rows.columns)),
        "answer": median_milliseconds(lambda: answer(model, rows)),
        "write": median_milliseconds(lambda: write_json(answers)),
    }
    return {
        "parse": whole["parse"],
        "columns": whole["read"] - whole["parse"],
        "forward": whole["forward"],
        "flags": whole["answer"] - whole["forward"],
        "write": whole["write"],
    }


def _parse(body: bytes, reader: RowReader) -> object:
    """Parse a body as `read_json` does: numbers directly, if the rows are arrays of numbers."""
    if reader.plain_width is not None:
        numbers = read_number_rows(body, reader.plain_width, MAX_ROWS)
        if numbers is not None:
            return numbers
    return parse_rows(PredictRequest, body)


def _floor_stages(network: Network, body: bytes) -> Stages:
    """Return the stages of the floor with orjson."""
    rows = raw_json.parse(body)
    x = raw_json.to_array(rows)
    probabilities = network.predict(x)
    return {
        "parse": median_milliseconds(lambda: raw_json.parse(body)),
        "columns": median_milliseconds(lambda: raw_json.to_array(rows)),
        "forward": median_milliseconds(lambda: network.predict(x)),
        "write": median_milliseconds(lambda: raw_json.write(probabilities)),
    }
