"""The services of `benchmarks.serving` predict what this service predicts for the same rows."""

import importlib
import pickle
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from fastapi.testclient import TestClient

from service.app import create_app
from store.db.migrate import upgrade
from store.settings import load_settings

for library in ("pandas", "sklearn"):
    pytest.importorskip(
        library, reason=f"the benchmarks need {library}: ./run test --all", exc_type=ImportError
    )

from benchmarks.serving import adult, exchanges, imports  # noqa: E402
from benchmarks.serving.cases import Goal  # noqa: E402
from benchmarks.serving.connection import Connection, StatusError, split_answer  # noqa: E402
from benchmarks.serving.exchanges import Exchange, Matrix  # noqa: E402
from benchmarks.serving.network import load_network, make_network  # noqa: E402
from benchmarks.serving.rounds import compare  # noqa: E402
from benchmarks.serving.servers import MLSERVER_MODEL, mlserver  # noqa: E402

ROWS = 3
PIXELS = exchanges.make_pixels(ROWS)
JSON_FLOOR = exchanges.predict_json("/predict", PIXELS.tolist())


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TestClient]:
    settings = load_settings(data_dir=tmp_path_factory.mktemp("data"))
    upgrade(settings.database_url)
    with TestClient(create_app(settings)) as client:
        yield client


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("network") / "network.npz"
    make_network().save(path)
    return path


@pytest.fixture(scope="module")
def expected(served: TestClient) -> Matrix:
    """The probabilities that the service predicts for the pixels."""
    model = imports.import_model(served, imports.describe_pixels(make_network()))
    return answer(served, exchanges.predict_served(model, PIXELS.tolist()))


def answer(client: TestClient, exchange: Exchange) -> Matrix:
    found = client.request(
        exchange.method, exchange.path, headers=exchange.headers, content=exchange.body
    )
    assert found.status_code == 200, found.text
    assert exchange.read is not None
    return exchange.read(found.content)


def floor(name: str, file: Path) -> TestClient:
    app: Any = importlib.import_module(f"benchmarks.serving.apps.{name}")
    return TestClient(app.create_app(file))


@pytest.mark.parametrize(
    ("name", "exchange"),
    [
        ("raw_json", JSON_FLOOR),
        ("pydantic_json", JSON_FLOOR),
        ("binary", exchanges.predict_float32("/predict", PIXELS)),
    ],
)
def test_a_floor_predicts_the_same(
    file: Path, expected: Matrix, name: str, exchange: Exchange
) -> None:
    assert expected.shape == (ROWS, 10)
    assert expected.std() > 0.01
    np.testing.assert_allclose(answer(floor(name, file), exchange), expected, rtol=0, atol=1e-6)


@pytest.mark.parametrize("path", ["/raw", "/pydantic"])
def test_the_pipeline_predicts_the_same(served: TestClient, tmp_path: Path, path: str) -> None:
    pipeline = adult.fit_pipeline()
    (tmp_path / "pipeline").write_bytes(pickle.dumps(pipeline))
    model = imports.import_model(served, adult.describe_pipeline(pipeline))
    rows = adult.make_records(20, seed=3)
    expected = answer(served, exchanges.predict_served(model, rows))
    found = answer(floor("pipeline", tmp_path / "pipeline"), exchanges.predict_json(path, rows))
    assert expected.std() > 0.01
    np.testing.assert_allclose(found, expected, rtol=0, atol=1e-5)


@pytest.mark.rare
def test_mlserver_predicts_the_same(file: Path, expected: Matrix) -> None:
    with mlserver(file) as address:
        if address is None:
            pytest.skip("MLServer is not installed: uv sync --project benchmarks/serving/mlserver")
        exchange = exchanges.infer_json(MLSERVER_MODEL, PIXELS)
        with closing(Connection(address)) as connection:
            found = exchanges.read_tensors(connection.exchange(exchange.to_bytes()))
    np.testing.assert_allclose(found, expected, rtol=0, atol=1e-6)


def test_records_and_arrays_of_30_columns_predict_the_same(served: TestClient) -> None:
    model, row = imports.import_model(served, imports.describe_table()), imports.table_row()
    assert len(row) == 30
    record = answer(served, exchanges.predict_served(model, [row]))
    array = answer(served, exchanges.predict_served(model, [list(row.values())]))
    assert record.tolist() == array.tolist()


def test_a_saved_network_is_the_same(file: Path) -> None:
    saved, network = load_network(file).named_weights(), make_network().named_weights()
    assert saved.keys() == network.keys()
    assert all(np.array_equal(saved[name], network[name]) for name in network)


def test_a_binary_answer_is_read_after_its_header() -> None:
    values = np.array([[0.25, 0.75], [1.0, 0.0]])
    header = b'{"outputs": [{"name": "probabilities", "datatype": "FP64", "shape": [2, 2]}]}'
    # Numbers may contain the bytes of braces and quotes.
    values[1, 1] = np.frombuffer(b'}"{}"}}}', "<f8")[0]
    found = exchanges.read_binary_tensors(header + values.tobytes())
    assert found.tolist() == values.tolist()


def test_the_fastest_floor_of_each_round_counts() -> None:
    goal = Goal("ours", ("a", "b"), 0.5)
    outcome = compare(
        goal, {"ours": [4.0, 6.0, 5.0], "a": [8.0, 2.0, 10.0], "b": [4.0, 12.0, 10.0]}
    )
    assert outcome.ratios == [0.5, 0.5, 0.5]
    assert outcome.is_met


def test_the_lower_quartile_decides() -> None:
    outcome = compare(Goal("ours", ("a",), 1.0), {"ours": [9, 9, 9, 0.9, 0.8], "a": [1.0] * 5})
    assert outcome.lower_quartile == 0.9
    assert not outcome.is_met


def test_an_answer_is_complete_with_its_last_byte() -> None:
    complete = b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nabcd"
    assert [split_answer(complete[:end]) for end in range(len(complete))] == [None] * len(complete)
    assert split_answer(complete) == b"abcd"


def test_an_error_is_raised_with_its_body() -> None:
    with pytest.raises(StatusError, match="too large") as caught:
        split_answer(b"HTTP/1.1 413 x\r\ncontent-length: 9\r\n\r\ntoo large")
    assert caught.value.status == 413
