"""What the service adds to the engine's time: a tiny job, and predictions over HTTP.

    python -m benchmarks.service

The service runs as `backpropd up` does it, on one worker child and its embedded broker. An empty
route on the same server (`/healthz`), asked in turn with predictions, is the yardstick.
"""

import json
import socket
import statistics
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from urllib.parse import urlsplit

import httpx2
from sklearn.datasets import load_breast_cancer

from benchmarks.results import write_results
from cli.temporary_service import temporary_service

JOBS = 30
ROUNDS = 7
POLL_SECONDS = 0.005
REQUESTS = 4000
CLIENTS = 4
CSV = {"Content-Type": "text/csv"}


def main() -> None:
    """Measure, print and keep."""
    with temporary_service() as url, httpx2.Client(base_url=url, timeout=30) as client:
        dataset = client.post("/v1/datasets", content=breast_cancer(), headers=CSV).json()["id"]
        jobs = [run_tiny_job(client, dataset) for _ in range(JOBS)]
        model = jobs[-1]["model_id"]
        found = {"tiny_job": summarize_jobs(jobs), "requests": compare_requests(url, model)}
    print_summary(found)
    print(f"written to {write_results('service', found)}")


def breast_cancer() -> str:
    """The table of 569 rows and 30 features that comes with scikit-learn, as CSV."""
    found = load_breast_cancer()
    names = [name.replace(" ", "_") for name in found.feature_names]
    lines = [",".join([*names, "kind"])]
    lines += [
        ",".join([*map(str, row), found.target_names[target]])
        for row, target in zip(found.data, found.target, strict=True)
    ]
    return "\n".join(lines)


def run_tiny_job(client: httpx2.Client, dataset: str) -> dict[str, Any]:
    """One epoch of one hidden layer of 16, from POST until it has succeeded."""
    layer = {"type": "dense", "units": 16}
    body = {
        "dataset_id": dataset,
        "target": "kind",
        "epochs": 1,
        "network": {"layers": [layer]},
    }
    started = time.perf_counter()
    job: dict[str, Any] = client.post("/v1/jobs", json=body).json()
    while not job["is_terminal"]:
        # Asked without a pause, the API would be busy with that alone.
        time.sleep(POLL_SECONDS)
        job = client.get(job["links"]["self"]).json()
    if job["status"] != "succeeded":
        raise SystemExit(f"the job {job['status']}: {job['error']}")
    return job | {"seconds": time.perf_counter() - started}


def summarize_jobs(jobs: list[dict[str, Any]]) -> dict[str, float]:
    """Medians over the jobs, in milliseconds; the first ones warm the service up."""
    warm = jobs[5:]
    return {
        "total_ms": 1000 * statistics.median(job["seconds"] for job in warm),
        "queued_ms": 1000 * statistics.median(job["timings"]["queued"] for job in warm),
        "training_ms": 1000 * statistics.median(job["timings"]["training"] for job in warm),
    }


def compare_requests(url: str, model: str) -> dict[str, float]:
    """Requests per second of one-row predictions and of an empty route, in turn; medians."""
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
    """Requests per second of several clients, each on a connection it keeps.

    Bare sockets and a ready-made request: an HTTP library would cost more than the answer, and
    so make every route look as fast as the empty one.
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
    """Read one whole answer; anything but 200 ends the benchmark."""
    head, _, body = connection.recv(65_536).partition(b"\r\n\r\n")
    if not head.startswith(b"HTTP/1.1 200"):
        raise SystemExit(head.decode())
    length = int(head.lower().partition(b"content-length: ")[2].split(b"\r")[0])
    while len(body) < length:
        body += connection.recv(65_536)


def print_summary(found: dict[str, dict[str, float]]) -> None:
    """Print what was measured."""
    for title, numbers in found.items():
        for name, number in numbers.items():
            print(f"{title:<10} {name:<22} {number:10.2f}")


if __name__ == "__main__":
    main()
