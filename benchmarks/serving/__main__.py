"""Predictions per second over HTTP, compared with minimal services that compute the same.

    python -m benchmarks.serving [--rounds 5] [--seconds 1] [--cases TEXT] [--tail-seconds 20]
        [--tuned-floors]

The service runs under `backpropd up`, each floor in a process of its own with the same server,
options and BLAS threads. Every request is prebuilt and sent over one keep-alive connection. Before
a case is measured, all answers are compared: they must have the same probabilities.
"""

import argparse
from typing import Any

from benchmarks.results import write_results
from benchmarks.serving import report
from benchmarks.serving.cases import list_cases, list_missing, running_services
from benchmarks.serving.rounds import measure_case
from benchmarks.serving.stages import measure_stages
from benchmarks.serving.tail import measure_tail
from cli.serving.blas import restart_with_worker_blas


def main() -> None:
    """Run the benchmark, print the results and save them."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.serving")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=1.0, help="per measurement (default 1)")
    parser.add_argument("--cases", default="", help="only the cases whose names contain this text")
    parser.add_argument("--tail-seconds", type=float, default=20.0)
    parser.add_argument(
        "--tuned-floors",
        action="store_true",
        help="the floors, too, keep freed memory (cli/serving/malloc_tuning.py)",
    )
    arguments = parser.parse_args()
    restart_with_worker_blas()
    print(f"written to {write_results('serving', measure(arguments))}")


def measure(arguments: argparse.Namespace) -> dict[str, Any]:
    """Measure all cases, print each and return the results."""
    tuned = arguments.tuned_floors
    results: dict[str, Any] = {"tuned_floors": tuned, "cases": {}, "skipped": []}

    def skip(reason: str) -> None:
        print(f"SKIPPED {reason}", flush=True)
        results["skipped"].append(reason)

    with running_services(["--keep-memory"] if tuned else []) as services:
        for reason in list_missing(services):
            skip(reason)
        for case in list_cases(services):
            if arguments.cases not in case.name:
                continue
            rates, outcomes = measure_case(case, arguments.rounds, arguments.seconds, skip)
            report.print_case(case, rates, outcomes)
            results["cases"][case.name] = report.case_to_json(rates, outcomes)
        results["tail"] = measure_tail(services, arguments.tail_seconds)
        report.print_tail(results["tail"])
    results["stages"] = measure_stages(results["cases"])
    report.print_stages(results["stages"])
    return results


if __name__ == "__main__":
    main()
