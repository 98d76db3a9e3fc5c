"""Predictions per second over HTTP, compared to an empty route on the same server.

    python -m benchmarks.service

The service runs under `backpropd up` with its embedded broker. The baseline is an empty route on
the same server (`/healthz`), measured in turn with predictions.
"""

import json
import socket
import statistics
import time
from concurrent.futures import ThreadPoolExecutor
from urllib.parse import urlsplit

import httpx2
from sklearn.datasets import load_breast_cancer

from benchmarks.results import write_results
from benchmarks.tiny_job import CSV, breast_cancer
from cli.demo.temporary_service import temporary_service

ROUNDS = 7
REQUESTS = 4000
CLIENTS = 4


def main() -> None:
    """Run the benchmark, print the results and save them."""
    with temporary_service() as url, httpx2.Client(base_url=url, timeout=30) as client:
        found = compare_requests(url, train_model(client))
    for name, number in found.items():
        print(f"{name:<22} {number:10.2f}")
    print(f"written to {write_results('service', found)}")


def train_model(client: httpx2.Client) -> str:
    """Train a small network and return the model's id."""
    dataset = client.post("/v1/datasets", content=breast_cancer(), headers=CSV).json()["id"]
    layer = {"type": "dense", "units": 16}
    body = {"dataset_id": dataset, "target": "kind", "network": {"layers": [layer]}}
    job = client.post("/v1/jobs", json={**body, "epochs": 1}).json()
    while not job["is_terminal"]:
        job = client.get(job["links"]["self"], params={"wait": 30}).json()
    if job["status"] != "succeeded":
        raise SystemExit(f"the job {job['status']}: {job['error']}")
    return str(job["model_id"])


def compare_requests(url: str, model: str) -> dict[str, float]:
    """Return the median requests per second of one-row predictions and of an empty route."""
    address = urlsplit(url)
    body = json.dumps({"rows": [load_breast_cancer().data[0].tolist()]})
    requests = {
        "empty": "GET /healthz HTTP/1.1\r\nHost: backpropd\r\n\r\n",
        "predict": f"POST /v1/models/{model}/predict HTTP/1.1\r\nHost: backpropd\r\n"
        f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n{body}",
    }
    rates: dict[str, list[float]] = {name: [] for name in requests}
    for _ in range(ROUNDS):
        for name, request in requests.items():
            rates[name].append(measure_rate((address.hostname, address.port), request.encode()))
    found = {f"{name}_per_second": statistics.median(rate) for name, rate in rates.items()}
    found["predict_to_empty"] = found["predict_per_second"] / found["empty_per_second"]
    return found


def measure_rate(address: tuple[str | None, int | None], request: bytes) -> float:
    """Return the requests per second of several clients with keep-alive connections.

    Plain sockets send a prebuilt request: an HTTP client library would take more time than the
    response and hide the difference between the routes.
    """

    def run() -> None:
        with socket.create_connection(address) as connection:
            for _ in range(REQUESTS // CLIENTS):
                connection.sendall(request)
                check_answer(connection)

    started = time.perf_counter()
    with ThreadPoolExecutor(CLIENTS) as threads:
        for done in [threads.submit(run) for _ in range(CLIENTS)]:
            done.result()
    return REQUESTS / (time.perf_counter() - started)


def check_answer(connection: socket.socket) -> None:
    """Read one complete response; any status but 200 ends the benchmark."""
    head, _, body = connection.recv(65_536).partition(b"\r\n\r\n")
    if not head.startswith(b"HTTP/1.1 200"):
        raise SystemExit(head.decode())
    length = int(head.lower().partition(b"content-length: ")[2].split(b"\r")[0])
    while len(body) < length:
        body += connection.recv(65_536)


if __name__ == "__main__":
    main()
