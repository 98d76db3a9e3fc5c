"""Where the time of a request goes: its stages, timed in this process with the route's functions.

Stages are in processor time, which other processes hardly affect. The framework's time is the
remainder of the time per request over HTTP: server, routing, sockets, threads and the client.
"""

import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeAlias

import httpx2
import numpy as np
from fastapi.testclient import TestClient

from benchmarks.serving import adult, exchanges, imports
from benchmarks.serving.apps import raw_json
from benchmarks.serving.cases import ARRAYS, ORJSON, OURS, RECORDS, ROW_GOALS
from benchmarks.serving.exchanges import Exchange
from benchmarks.serving.network import Network, make_network
from service.app import create_app
from service.context import Context
from service.http.bodies import parse_json
from service.models.predictions import predict
from service.schemas.models import PredictRequest
from store.db.migrate import upgrade
from store.settings import load_settings

SECONDS = 0.5
LEAST_REPETITIONS = 5

# Milliseconds by stage.
Stages: TypeAlias = dict[str, float]


def measure_stages(cases: Mapping[str, Mapping[str, Any]]) -> dict[str, Stages]:
    """Return the milliseconds of each stage of the JSON requests, by case and contender.

    Args:
        cases: the measured cases by name, with the requests per second of each contender.
    """
    network, found = make_network(), {}
    with _application() as (client, context):
        pixels = imports.import_model(client, imports.describe_pixels(network))
        census = imports.import_model(client, adult.describe_pipeline(adult.fit_pipeline()))
        table = imports.import_model(client, imports.describe_table())
        for rows in ROW_GOALS:
            case = f"{rows} rows of 784 numbers"
            exchange = exchanges.predict_served(pixels, exchanges.make_pixels(rows).tolist())
            found[f"{case}, {OURS}"] = _service_stages(context, pixels, exchange)
            found[f"{case}, {ORJSON}"] = _floor_stages(network, exchange)
        exchange = exchanges.predict_served(census, adult.make_records(100, seed=2))
        case = "100 records of 14 mixed columns"
        found[f"{case}, {OURS}"] = _service_stages(context, census, exchange)
        row = imports.table_row()
        for name, rows_sent in ((RECORDS, [row]), (ARRAYS, [list(row.values())])):
            exchange = exchanges.predict_served(table, rows_sent)
            found[f"1 row of 30 numbers, {name}"] = _service_stages(context, table, exchange)
    rates = {
        f"{case}, {name}": rate
        for case, numbers in cases.items()
        for name, rate in numbers["per_second"].items()
    }
    return {
        name: stages | {"framework": 1000 / rates[name] - sum(stages.values())}
        for name, stages in found.items()
        if name in rates
    }


@contextmanager
def _application() -> Iterator[tuple[httpx2.Client, Context]]:
    with tempfile.TemporaryDirectory(prefix="serving-") as folder:
        settings = load_settings(data_dir=Path(folder))
        upgrade(settings.database_url)
        app = create_app(settings)
        with TestClient(app) as client:
            yield client, app.state.context


def _service_stages(context: Context, model_id: str, exchange: Exchange) -> Stages:
    """Return the stages of the service's predict route."""
    model = context.served.get(model_id)
    parsed = parse_json(exchange.body)
    request = PredictRequest.model_validate(parsed)
    columns = model.reader.read(request.rows).columns
    stages = {
        "parse": _time(lambda: parse_json(exchange.body)),
        "validate": _time(lambda: PredictRequest.model_validate(parsed)),
        "columns": _time(lambda: model.reader.read(request.rows)),
        "forward": _time(lambda: model.predictor.answer(columns)),
    }
    whole = _time(lambda: predict(context, model_id, request))
    return stages | {"write": whole - stages["columns"] - stages["forward"]}


def _floor_stages(network: Network, exchange: Exchange) -> Stages:
    """Return the stages of the floor with orjson."""
    rows = raw_json.parse(exchange.body)
    x = raw_json.to_array(rows)
    probabilities = network.predict(x)
    return {
        "parse": _time(lambda: raw_json.parse(exchange.body)),
        "columns": _time(lambda: raw_json.to_array(rows)),
        "forward": _time(lambda: network.predict(x)),
        "write": _time(lambda: raw_json.write(probabilities)),
    }


def _time(run: Callable[[], object]) -> float:
    """Return the median milliseconds of processor time of a call."""
    run()
    taken: list[float] = []
    while sum(taken) < SECONDS or len(taken) < LEAST_REPETITIONS:
        started = time.thread_time()
        run()
        taken.append(time.thread_time() - started)
    return float(np.median(taken)) * 1000
