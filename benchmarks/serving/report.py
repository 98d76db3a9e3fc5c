"""The printed tables and the results file."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from benchmarks.serving.cases import Case
from benchmarks.serving.rounds import Outcome, Rates
from benchmarks.serving.tail import BESIDE, GOAL


def print_case(case: Case, rates: Rates, outcomes: list[Outcome]) -> None:
    """Print the median requests per second, and the ratios with their spread."""
    print(f"\n{case.name}")
    for name, values in rates.items():
        print(f"  {name:<32} {np.median(values):10.2f} requests/s", flush=True)
    for outcome in outcomes:
        goal, ratios = outcome.goal, outcome.ratios
        names = f"{goal.ours} / {' or '.join(goal.floors)}"
        print(
            f"  {names}: {outcome.lower_quartile:.2f} (lower quartile; median "
            f"{np.median(ratios):.2f}, {min(ratios):.2f} to {max(ratios):.2f}); "
            f"goal {goal.ratio}: {'met' if outcome.is_met else 'MISSED'}",
            flush=True,
        )


def case_to_json(rates: Rates, outcomes: list[Outcome]) -> dict[str, Any]:
    """Return a case for the results file."""
    return {
        "per_second": {name: float(np.median(values)) for name, values in rates.items()},
        "goals": [outcome.to_json() for outcome in outcomes],
    }


def print_tail(tail: Mapping[str, Mapping[str, float]]) -> None:
    """Print the latencies of one-row requests."""
    print("\n1 row of 784 numbers at 32 connections")
    for name, found in tail.items():
        numbers = ", ".join(f"{what} {number:.1f}" for what, number in found.items())
        print(f"  {name}: {numbers}")
    is_met = tail[BESIDE]["p99/p50"] <= GOAL
    print(f"  goal {GOAL} beside large requests: {'met' if is_met else 'MISSED'}")


def print_stages(stages: Mapping[str, Mapping[str, float]]) -> None:
    """Print where the time goes."""
    print("\nwhere the time goes, in milliseconds per request")
    for name, found in stages.items():
        print(f"  {name}")
        for stage, milliseconds in found.items():
            print(f"    {stage:<15} {milliseconds:10.3f}")
