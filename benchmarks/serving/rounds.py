"""Alternating rounds: other load on the machine affects all contenders of a case equally."""

from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from typing import Any

import numpy as np

from benchmarks.serving.cases import Case, Goal
from benchmarks.serving.connection import Connection, StatusError, measure_rate

# Probabilities of float32 networks whose sums are in another order.
TOLERANCE = 1e-5
LEAST_REQUESTS = 3

Rates = dict[str, list[float]]


@dataclass(frozen=True)
class Outcome:
    """The ratio of each round, and whether their lower quartile reaches the goal."""

    goal: Goal
    ratios: list[float]

    @property
    def lower_quartile(self) -> float:
        """Lower quartile of the rounds' ratios."""
        return float(np.quantile(self.ratios, 0.25))

    @property
    def is_met(self) -> bool:
        """Whether the lower quartile reaches the goal."""
        return self.lower_quartile >= self.goal.ratio

    def to_json(self) -> dict[str, Any]:
        """Return the outcome for the results file."""
        return {
            "ours": self.goal.ours,
            "floors": self.goal.floors,
            "goal": self.goal.ratio,
            "lower_quartile": self.lower_quartile,
            "median": float(np.median(self.ratios)),
            "ratios": self.ratios,
            "is_met": self.is_met,
        }


def measure_case(
    case: Case, rounds: int, seconds: float, skip: Callable[[str], None]
) -> tuple[Rates, list[Outcome]]:
    """Return the requests per second of each contender and round, and the outcomes.

    Args:
        case: the case.
        rounds: number of rounds; the order of the contenders alternates between them.
        seconds: least time of each measurement.
        skip: called with the reason for each optional contender that cannot be measured.
    """
    rates: Rates = {name: [] for name in _answering(case, skip)}
    sent = {name: case.contenders[name] for name in rates}
    requests = {name: contender.exchange.to_bytes() for name, contender in sent.items()}
    for number in range(rounds):
        for name in list(rates)[:: 1 if number % 2 == 0 else -1]:
            address = sent[name].address
            rates[name].append(measure_rate(address, requests[name], seconds, LEAST_REQUESTS))
    goals = [goal for goal in case.goals if {goal.ours, *goal.floors} <= rates.keys()]
    return rates, [compare(goal, rates) for goal in goals]


def compare(goal: Goal, rates: Rates) -> Outcome:
    """Return the ratios of a goal: per round, to the fastest of its floors."""
    floors = zip(*(rates[name] for name in goal.floors), strict=True)
    ratios = [ours / max(floor) for ours, floor in zip(rates[goal.ours], floors, strict=True)]
    return Outcome(goal, ratios)


def _answering(case: Case, skip: Callable[[str], None]) -> list[str]:
    """Return the contenders that answer. All must answer the same probabilities."""
    found, expected = [], None
    for name, contender in case.contenders.items():
        try:
            with closing(Connection(contender.address)) as connection:
                answer = connection.exchange(contender.exchange.to_bytes())
        except StatusError as error:
            if name not in case.optional:
                raise SystemExit(f"{case.name}, {name}: {error}") from error
            skip(f"{case.name}, {name}: status {error.status} of {contender.exchange.path}")
            continue
        found.append(name)
        if contender.exchange.read is not None:
            values = contender.exchange.read(answer)
            expected = values if expected is None else expected
            np.testing.assert_allclose(values, expected, rtol=0, atol=TOLERANCE, err_msg=name)
    return found
