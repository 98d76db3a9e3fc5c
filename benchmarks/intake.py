"""Speed of CSV intake, and memory of a large upload.

    python -m benchmarks.intake

Speed: `read_table` and plain `pyarrow.csv.open_csv` read the same file to its end, in turn.
Memory: peak of the API process during an upload of 2 GB.
"""

import random
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx2
import pyarrow.csv as pa_csv

from benchmarks.memory import find_descendant, peak_bytes, reset_peak
from benchmarks.results import write_results
from cli.demo.temporary_service import temporary_service
from store.intake import read_table
from store.intake.options import FileHints, Limits, ReadOptions

MIB = 2**20
ROUNDS = 5
FILE_MEGABYTES = 200
UPLOAD_MEGABYTES = 2000
HEADER = b"number,price,width,height,word,flag,day\n"


def main() -> None:
    """Run the benchmark, print the results and save them."""
    with tempfile.TemporaryDirectory() as folder:
        found = {"speed": compare_speed(Path(folder)), "upload": measure_upload()}
    for title, numbers in found.items():
        for name, number in numbers.items():
            print(f"{title:<8} {name:<24} {number:10.2f}")
    print(f"written to {write_results('intake', found)}")


def lines(seed: int = 0) -> bytes:
    """Return 20,000 CSV rows of numbers, words, booleans and dates."""
    rng = random.Random(seed)
    return "".join(
        f"{rng.randrange(10**6)},{rng.lognormvariate(3, 1):.2f},{rng.gauss(0, 1):.6f},"
        f"{rng.gauss(0, 1):.6f},w{rng.randrange(40)},{'yes' if rng.random() < 0.5 else 'no'},"
        f"20{rng.randrange(10, 25)}-{rng.randrange(1, 13):02}-{rng.randrange(1, 29):02}\n"
        for _ in range(20_000)
    ).encode()


def pieces(megabytes: int) -> Iterator[bytes]:
    """Yield a CSV file of this size in pieces."""
    piece = lines()
    yield HEADER
    for _ in range(megabytes * MIB // len(piece)):
        yield piece


def compare_speed(folder: Path) -> dict[str, float]:
    """Return the median seconds of both readers, and the ratio of their speeds."""
    source = folder / "table.csv"
    with source.open("wb") as file:
        file.writelines(pieces(FILE_MEGABYTES))
    readers: dict[str, Callable[[], object]] = {
        "open_csv": lambda: read_bare(source),
        "read_table": lambda: take_in(source, folder),
    }
    seconds: dict[str, list[float]] = {name: [] for name in readers}
    for reader in readers.values():
        reader()
    for _ in range(ROUNDS):
        for name, reader in readers.items():
            started = time.perf_counter()
            reader()
            seconds[name].append(time.perf_counter() - started)
    found = {f"{name}_seconds": statistics.median(times) for name, times in seconds.items()}
    found["intake_to_bare"] = found["open_csv_seconds"] / found["read_table_seconds"]
    found["megabytes_per_second"] = FILE_MEGABYTES / found["read_table_seconds"]
    return found


def read_bare(source: Path) -> int:
    """Return the number of rows read by Arrow's CSV reader with its defaults."""
    with pa_csv.open_csv(source) as reader:
        return sum(batch.num_rows for batch in reader)


def take_in(source: Path, folder: Path) -> int:
    """Return the number of rows read by intake."""
    target = folder / "table.arrow"
    hints = FileHints("text/csv", "table.csv")
    table = read_table(source, target, ReadOptions(), hints, Limits())
    target.unlink()
    return table.rows


def measure_upload() -> dict[str, float]:
    """Return the seconds of an upload over HTTP, and the API's peak memory above idle."""
    csv = {"Content-Type": "text/csv"}
    with temporary_service() as url, httpx2.Client(base_url=url, timeout=600) as client:
        client.post("/v1/datasets", content=pieces(2), headers=csv)
        api = find_descendant("api")
        reset_peak(api)
        idle, started = peak_bytes(api), time.perf_counter()
        answer = client.post("/v1/datasets", content=pieces(UPLOAD_MEGABYTES), headers=csv)
        seconds = time.perf_counter() - started
        above_idle = peak_bytes(api) - idle
    if answer.status_code != 201:
        raise SystemExit(answer.text)
    return {
        "megabytes": UPLOAD_MEGABYTES,
        "seconds": seconds,
        "megabytes_above_idle": above_idle / MIB,
    }


if __name__ == "__main__":
    main()
