"""Time of a tiny job over HTTP, from POST to success, compared to the same job on H2O-3.

    python -m benchmarks.tiny_job [--h2o h2o.jar]

Breast cancer (569 rows, 30 features), one hidden layer of 16, one epoch. The service runs under
`backpropd up` with its embedded broker. H2O-3 is not in the lock because it needs Java: its jar is
in the package `h2o` of the public index. Both are polled every 5 ms and run in turn; medians.
"""

import argparse
import statistics
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import Any

import httpx2
from sklearn.datasets import load_breast_cancer

from benchmarks.results import write_results
from cli.demo.temporary_service import temporary_service

WARM_UPS = 10
ROUNDS = 40
POLL_SECONDS = 0.005
START_POLL_SECONDS = 0.2
START_SECONDS = 60
JOB_SECONDS = 60
H2O_PORT = 54_321
CSV = {"Content-Type": "text/csv"}

Job = Callable[[], dict[str, float]]


def main() -> None:
    """Run the benchmark, print the results and save them."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.tiny_job")
    parser.add_argument("--h2o", type=Path, metavar="JAR", help="measure H2O-3 as well")
    jar = parser.parse_args().h2o
    with ExitStack() as stack:
        contenders: dict[str, Job] = {"backpropd": stack.enter_context(our_job())}
        if jar is not None:
            contenders["H2O-3"] = stack.enter_context(h2o_job(jar))
        found = measure(contenders)
    for name, numbers in found.items():
        for what, milliseconds in numbers.items():
            print(f"{name:<10} {what:<10} {milliseconds:8.1f} ms")
    print(f"written to {write_results('tiny_job', found)}")


def measure(contenders: dict[str, Job]) -> dict[str, dict[str, float]]:
    """Return the medians over the rounds, in milliseconds."""
    rounds: dict[str, list[dict[str, float]]] = {name: [] for name in contenders}
    for _ in range(WARM_UPS + ROUNDS):
        for name, run in contenders.items():
            started = time.perf_counter()
            parts = run()
            rounds[name].append({"whole": time.perf_counter() - started, **parts})
    return {
        name: {
            what: 1000 * statistics.median(one[what] for one in taken[WARM_UPS:])
            for what in taken[0]
        }
        for name, taken in rounds.items()
    }


def breast_cancer() -> str:
    """Return scikit-learn's breast cancer table (569 rows, 30 features) as CSV."""
    found = load_breast_cancer()
    names = [name.replace(" ", "_") for name in found.feature_names]
    lines = [",".join([*names, "kind"])]
    lines += [
        ",".join([*map(str, row), found.target_names[target]])
        for row, target in zip(found.data, found.target, strict=True)
    ]
    return "\n".join(lines)


@contextmanager
def our_job() -> Iterator[Job]:
    """Provide a job on a temporary service; reports the time of the POST and the job's timings."""
    with temporary_service() as url, httpx2.Client(base_url=url, timeout=30) as client:
        dataset = client.post("/v1/datasets", content=breast_cancer(), headers=CSV).json()["id"]
        body = {
            "dataset_id": dataset,
            "target": "kind",
            "epochs": 1,
            "network": {"layers": [{"type": "dense", "units": 16}]},
        }

        def run() -> dict[str, float]:
            started = time.perf_counter()
            job: dict[str, Any] = client.post("/v1/jobs", json=body).json()
            posted = time.perf_counter() - started
            for _ in pauses(POLL_SECONDS, JOB_SECONDS):
                job = client.get(job["links"]["self"]).json()
                if job["is_terminal"]:
                    break
            if job["status"] != "succeeded":
                raise SystemExit(f"the job {job['status']}: {job['error']}")
            return {"posting": posted, **{k: job["timings"][k] for k in ("queued", "training")}}

        yield run


@contextmanager
def h2o_job(jar: Path) -> Iterator[Job]:
    """Provide the same job on H2O-3, over its REST API and polled at the same interval."""
    with tempfile.TemporaryDirectory(prefix="h2o-") as folder:
        command = ["java", "-jar", str(jar), "-ip", "127.0.0.1", "-port", str(H2O_PORT)]
        with subprocess.Popen(
            [*command, "-ice_root", folder], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        ) as server:
            try:
                url = f"http://127.0.0.1:{H2O_PORT}"
                with httpx2.Client(base_url=url, timeout=30) as client:
                    wait_for_h2o(client)
                    yield prepare_h2o(client)
            finally:
                server.terminate()


def wait_for_h2o(client: httpx2.Client) -> None:
    """Wait until the server answers."""
    for _ in pauses(START_POLL_SECONDS, START_SECONDS):
        with suppress(httpx2.TransportError):
            if client.get("/3/Cloud").json()["cloud_healthy"]:
                return


def prepare_h2o(client: httpx2.Client) -> Job:
    """Upload and parse the table; return a function that runs a job."""
    files = {"file": ("table.csv", breast_cancer())}
    client.post("/3/PostFile?destination_frame=raw.csv", files=files).raise_for_status()
    setup = client.post("/3/ParseSetup", data={"source_frames": '["raw.csv"]'}).json()
    parse = {
        "destination_frame": "table.hex",
        "source_frames": '["raw.csv"]',
        "column_names": json_list(setup["column_names"]),
        "column_types": json_list(setup["column_types"]),
        **{k: setup[k] for k in ("parse_type", "separator", "number_columns", "check_header")},
        "delete_on_done": True,
    }
    await_h2o(client, client.post("/3/Parse", data=parse))
    model = {
        "training_frame": "table.hex",
        "response_column": "kind",
        "hidden": "[16]",
        "epochs": 1,
    }

    def run() -> dict[str, float]:
        await_h2o(client, client.post("/3/ModelBuilders/deeplearning", data=model))
        return {}

    return run


def json_list(words: list[str]) -> str:
    """Return a list in the format of H2O-3's form fields."""
    return "[" + ",".join(f'"{word}"' for word in words) + "]"


def await_h2o(client: httpx2.Client, answer: httpx2.Response) -> None:
    """Poll a job of H2O-3 until it is done."""
    answer.raise_for_status()
    key = answer.json()["job"]["key"]["name"]
    for _ in pauses(POLL_SECONDS, JOB_SECONDS):
        job = client.get(f"/3/Jobs/{key}").json()["jobs"][0]
        if job["status"] == "DONE":
            return
        if job["status"] not in {"CREATED", "RUNNING"}:
            raise SystemExit(f"H2O-3's job is {job['status']}: {job['exception']}")


def pauses(seconds: float, limit: float) -> Iterator[None]:
    """Pause before each poll, which alone would keep a server busy; exit after `limit` seconds."""
    deadline = time.monotonic() + limit
    while time.monotonic() < deadline:
        time.sleep(seconds)
        yield
    raise SystemExit(f"no answer within {limit} s")


if __name__ == "__main__":
    main()
