"""The commands of docs/explain.md run, in their order; its table by hand is that of the answer."""

import json
import math
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from engine.explain.zeros.causes import Cause
from tests.cli.service import Service
from tests.docs.blocks import run_blocks
from tests.servers import ROOT, needs_curl

TEXT = (ROOT / "docs" / "explain.md").read_text()
BY_HAND = re.findall(r"\| (-?[\d.]+) \| `([\w.]+)` \|$", TEXT, re.MULTILINE)


@pytest.fixture(scope="module")
def said(shared_service: Service, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    folder: Path = tmp_path_factory.mktemp("explain")
    printed = run_blocks("explain.md", shared_service.url, folder)
    return {name: [*read_answers(text)] for name, text in printed.items()}


def read_answers(text: str) -> Iterator[Any]:
    """Yield the JSON documents that commands have printed one after the other."""
    decoder, position, text = json.JSONDecoder(), 0, text.strip()
    while position < len(text):
        found, position = decoder.raw_decode(text, position)
        yield found


@needs_curl
def test_every_number_by_hand_is_in_the_answer(said: dict[str, Any]) -> None:
    assert len(BY_HAND) == 12
    for value, path in BY_HAND:
        [found] = said["textbook"]
        for key in path.split("."):
            found = found[int(key) if key.isdigit() else key]
        assert f"{found:.6g}" == value, path


@needs_curl
def test_the_second_step_of_adam_goes_on_from_the_state_after_the_first(
    said: dict[str, Any],
) -> None:
    [second] = said["adam"]
    assert (second["update"]["t"], second["update"]["learning_rate"]) == (2, 0.1)
    entry = second["layers"][1]["units"][0]["edges"][0]["entry"]
    # m = β₁ m + (1 − β₁) g, v likewise; w − η m̂ / (√v̂ + ε) with the corrections of t = 2.
    gradient = entry["loss_gradient"]
    m = 0.9 * -0.00559577 + 0.1 * gradient
    v = 0.999 * 3.13126e-6 + 0.001 * gradient**2
    after = 0.7 - 0.1 * (m / (1 - 0.9**2)) / (math.sqrt(v / (1 - 0.999**2)) + 1e-8)
    assert entry["after"] == pytest.approx(after, rel=1e-9)
    assert f"{after:.6g}" in TEXT


@needs_curl
def test_outputs_are_named_by_their_classes(said: dict[str, Any]) -> None:
    [travelled] = said["travel"]
    outputs, loss = travelled["outputs"]["shown"], travelled["explanation"]["loss"]
    assert [one["name"] for one in outputs] == [f"label = {digit}" for digit in range(10)]
    for row, target in zip(travelled["rows"]["shown"], loss["targets"], strict=True):
        assert outputs[target]["class_label"] == row["values"]["label"]


@needs_curl
def test_a_step_of_a_job_is_reached_exactly(said: dict[str, Any]) -> None:
    [travelled] = said["travel"]
    assert (travelled["exact"], travelled["at"]["step"]) == (True, 120)
    output = travelled["explanation"]["layers"][-1]
    assert [unit["unit"] for unit in output["units"]] == [3]
    assert (len(output["units"][0]["edges"]), output["units"][0]["edges_left_out"]) == (5, 27)


def test_every_cause_of_a_zero_is_explained() -> None:
    section = TEXT.partition("\n## Zeros\n")[2].partition("\n## ")[0]
    assert set(re.findall(r"^\| `(\w+)` \|", section, re.MULTILINE)) == set(Cause)


@needs_curl
def test_rows_by_number_and_by_values_are_explained(said: dict[str, Any]) -> None:
    by_number, by_values = said["rows"]
    assert [row["number"] for row in by_number["rows"]["shown"]] == [0, 17]
    [own] = by_values["rows"]["shown"]
    assert own == {**by_number["rows"]["shown"][0], "number": None}
    losses = [answer["explanation"]["loss"]["rows"][0] for answer in (by_number, by_values)]
    assert losses[0] == pytest.approx(losses[1], rel=1e-6)


@needs_curl
def test_a_step_is_changed_swept_and_checked(said: dict[str, Any]) -> None:
    [changed], [swept], [checked] = said["counterfactual"], said["sweep"], said["check"]
    batch = changed["counterfactual"]["batch"]
    assert (len(batch["outputs"]), batch["left_out"]) == (2, 30)
    assert batch["losses"]["before"] == swept["sweep"]["loss"]
    assert batch["losses"]["actual"] == pytest.approx(swept["sweep"]["loss_after"])
    assert len(swept["sweep"]["rates"]) == 25
    assert checked["check"]["verdict"] == "passed"


@needs_curl
def test_histograms_count_every_weight(said: dict[str, Any]) -> None:
    [found] = said["histograms"]
    for layer in found["distributions"]["layers"]:
        for weights in layer["weights"].values():
            assert len(weights["histogram"]["counts"]) == 20
            assert sum(weights["histogram"]["counts"]) == weights["count"]
