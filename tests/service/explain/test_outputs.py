"""Outputs of an explained step: what each stands for, and the units of inputs and outputs."""

import math
from typing import Any

import pytest
from fastapi.testclient import TestClient

from tests.service.conftest import IRIS_LIKE, Train
from tests.service.explain.conftest import SMALL, Trained
from tests.service.explain.test_job_step import explain


def test_outputs_of_classes_are_named(trained: Trained) -> None:
    found = trained.explain(3)
    outputs, loss = found["outputs"], found["explanation"]["loss"]
    assert [one["name"] for one in outputs["shown"]] == ["kind = a", "kind = b"][
        -len(loss["outputs"][0]) :
    ]
    assert {one["meaning"] for one in outputs["shown"]} == {"probability"}
    assert outputs["estimates"] is None
    for row, target in zip(found["rows"]["shown"], loss["targets"], strict=True):
        index = target if isinstance(target, int) else int(target[0]) - 1
        label = outputs["shown"][index]["class_label"] if index >= 0 else "a"
        assert row["values"]["kind"] == label


def test_outputs_are_paged(trained: Trained) -> None:
    whole = trained.explain(3)["outputs"]["shown"]
    part = trained.explain(3, first_output=len(whole) - 1, max_outputs=1)["outputs"]
    assert (part["shown"], part["left_out"]) == (whole[-1:], len(whole) - 1)


def test_scaled_inputs_outputs_and_targets_are_in_their_units_by_center_and_scale(
    here: TestClient, train: Train
) -> None:
    spec: dict[str, Any] = SMALL | {"loss": "gaussian", "dtype": "float64"}
    found = explain(here, train(**spec, target="width")["id"], 2)
    mean, variance = found["outputs"]["shown"]
    assert (mean["meaning"], variance["meaning"]) == ("mean", "log_variance")
    assert (mean["target"], mean["class_label"]) == ("width", None)
    loss = found["explanation"]["loss"]
    rows = zip(
        found["rows"]["shown"],
        loss["targets"],
        loss["outputs"],
        found["outputs"]["estimates"],
        strict=True,
    )
    for row, target, outputs, estimate in rows:
        value = target[0] * mean["scale"] + mean["center"]
        assert value == pytest.approx(row["values"]["width"])
        assert estimate["values"] == [outputs[0] * mean["scale"] + mean["center"]]
        log_variance = outputs[1] * variance["scale"] + variance["center"]
        assert estimate["deviations"][0] ** 2 == pytest.approx(math.exp(log_variance))


def test_scaled_inputs_have_center_and_scale(trained: Trained) -> None:
    found = trained.explain(0)["rows"]
    width, blue, _ = found["inputs"]
    assert (blue["center"], blue["scale"]) == (None, None)
    for row in found["shown"]:
        scaled = (row["values"]["width"] - width["center"]) / width["scale"]
        assert row["encoded"][0] == pytest.approx(scaled)
    assert str(found["shown"][0]["values"]["width"]) in IRIS_LIKE
