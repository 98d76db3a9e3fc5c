"""The cases: which requests are compared, and the goals."""

import pickle
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from urllib.parse import urlsplit

import httpx2

from benchmarks.serving import adult, exchanges, imports
from benchmarks.serving.connection import Address
from benchmarks.serving.exchanges import Exchange
from benchmarks.serving.network import make_network
from benchmarks.serving.servers import MLSERVER_MODEL, floor_app, mlserver
from cli.demo.temporary_service import temporary_service

# Names of the contenders, in the tables and in the results.
OURS = "backpropd"
ORJSON = "FastAPI, orjson"
PYDANTIC = "FastAPI, pydantic"
FLOAT32 = "FastAPI, float32 bytes"
EMPTY = "FastAPI, empty route"
EMPTY_OURS = "backpropd, empty route"
MLSERVER_NAME = "MLServer 1.7.1"
PIPELINE_ORJSON = "pandas, scikit-learn, orjson"
PIPELINE_PYDANTIC = "pandas, scikit-learn, pydantic"
RECORDS, ARRAYS = "backpropd, record", "backpropd, array"
# Rows of 784 numbers, and the goal: requests per second relative to ORJSON.
ROW_GOALS = {1: 0.8, 100: 1.0, 1000: 1.5}


@dataclass(frozen=True)
class Contender:
    """A service and the request that it is sent."""

    address: Address
    exchange: Exchange


@dataclass(frozen=True)
class Goal:
    """The least ratio of requests per second of `ours` to those of the fastest of `floors`."""

    ours: str
    floors: tuple[str, ...]
    ratio: float


@dataclass(frozen=True)
class Case:
    """Requests that are measured alternately. Contenders in `optional` may be missing."""

    name: str
    contenders: Mapping[str, Contender]
    goals: tuple[Goal, ...]
    optional: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Services:
    """The running services and the ids of the service's models.

    Attributes:
        ours: address of the service.
        floors: address of each floor, by the name of its module.
        mlserver: address of MLServer; None if it is not installed.
        pixels, table, census: model ids: 784 numbers, 30 numbers, 14 mixed columns.
    """

    ours: Address
    floors: Mapping[str, Address]
    mlserver: Address | None
    pixels: str
    table: str
    census: str


@contextmanager
def running_services(floor_options: Sequence[str] = ()) -> Iterator[Services]:
    """Start the service and the floors, all with the same models.

    Args:
        floor_options: options of `benchmarks.serving.apps`.
    """
    with ExitStack() as stack:
        folder = Path(stack.enter_context(TemporaryDirectory(prefix="serving-")))
        network, pipeline = make_network(), adult.fit_pipeline()
        network.save(folder / "network.npz")
        (folder / "pipeline").write_bytes(pickle.dumps(pipeline))
        files = dict.fromkeys(("raw_json", "pydantic_json", "binary", "empty"), "network.npz")
        floors = {
            name: stack.enter_context(floor_app(name, folder / file, floor_options))
            for name, file in {**files, "pipeline": "pipeline"}.items()
        }
        url = stack.enter_context(temporary_service())
        client = stack.enter_context(httpx2.Client(base_url=url, timeout=60))
        yield Services(
            ours=(urlsplit(url).hostname or "", urlsplit(url).port or 0),
            floors=floors,
            mlserver=stack.enter_context(mlserver(folder / "network.npz")),
            pixels=imports.import_model(client, imports.describe_pixels(network)),
            table=imports.import_model(client, imports.describe_table()),
            census=imports.import_model(client, adult.describe_pipeline(pipeline)),
        )


def list_cases(services: Services) -> list[Case]:
    """Return all cases."""
    return [
        *(rows_case(services, rows) for rows in ROW_GOALS),
        census_case(services),
        small_row_case(services),
        binary_case(services),
    ]


def rows_case(services: Services, rows: int) -> Case:
    """Return the case of rows of 784 numbers as JSON."""
    pixels = exchanges.make_pixels(rows)
    floor = exchanges.predict_json("/predict", pixels.tolist())
    contenders = {
        OURS: Contender(services.ours, exchanges.predict_served(services.pixels, pixels.tolist())),
        ORJSON: Contender(services.floors["raw_json"], floor),
        PYDANTIC: Contender(services.floors["pydantic_json"], floor),
    }
    if services.mlserver is not None:
        request = exchanges.infer_json(MLSERVER_MODEL, pixels)
        contenders[MLSERVER_NAME] = Contender(services.mlserver, request)
    goal = Goal(OURS, (ORJSON,), ROW_GOALS[rows])
    return Case(name_rows_case(rows), contenders, (goal,), frozenset({MLSERVER_NAME}))


def name_rows_case(rows: int) -> str:
    """Return the name of the case of that number of rows of 784 numbers."""
    return f"{rows} {'row' if rows == 1 else 'rows'} of 784 numbers"


def census_case(services: Services) -> Case:
    """Return the case of 100 records of mixed columns."""
    rows, pipeline = adult.make_records(100, seed=2), services.floors["pipeline"]
    contenders = {
        OURS: Contender(services.ours, exchanges.predict_served(services.census, rows)),
        PIPELINE_ORJSON: Contender(pipeline, exchanges.predict_json("/raw", rows)),
        PIPELINE_PYDANTIC: Contender(pipeline, exchanges.predict_json("/pydantic", rows)),
    }
    goal = Goal(OURS, (PIPELINE_ORJSON, PIPELINE_PYDANTIC), 0.5)
    return Case("100 records of 14 mixed columns", contenders, (goal,))


def small_row_case(services: Services) -> Case:
    """Return the case of one row of 30 numbers, beside empty routes."""
    row = imports.table_row()
    record = exchanges.predict_served(services.table, [row])
    array = exchanges.predict_served(services.table, [list(row.values())])
    contenders = {
        RECORDS: Contender(services.ours, record),
        ARRAYS: Contender(services.ours, array),
        EMPTY: Contender(services.floors["empty"], exchanges.get("/empty")),
        EMPTY_OURS: Contender(services.ours, exchanges.get("/healthz")),
    }
    goals = tuple(
        Goal(ours, (empty,), 0.7) for ours in (RECORDS, ARRAYS) for empty in (EMPTY, EMPTY_OURS)
    )
    return Case("1 row of 30 numbers", contenders, goals)


def binary_case(services: Services) -> Case:
    """Return the case of 100 rows of 784 numbers as float32 bytes."""
    pixels = exchanges.make_pixels(100)
    contenders = {
        OURS: Contender(services.ours, exchanges.infer_binary(services.pixels, pixels)),
        FLOAT32: Contender(
            services.floors["binary"], exchanges.predict_float32("/predict", pixels)
        ),
    }
    goal = Goal(OURS, (FLOAT32,), 0.7)
    return Case("100 rows of 784 float32", contenders, (goal,), frozenset({OURS}))


def list_missing(services: Services) -> list[str]:
    """Return the contenders that are not installed."""
    if services.mlserver is not None:
        return []
    return [f"{MLSERVER_NAME}: not installed (uv sync --project benchmarks/serving/mlserver)"]
