"""Draw the answers to a step into an open tab, without the figure around the drawing."""

import json
from collections.abc import Mapping
from typing import Any

from playwright.sync_api import Page

from tests.browser.api import Api

Json = dict[str, Any]
DRAW = """async ([text, first, width]) => {
  const answers = JSON.parse(text);
  const main = document.querySelector('script[type=module]');
  const load = (path) => import(new URL(path, main.src).href);
  const [{ html, render }, { effect }, { drawnNetwork }, { drawing, focusUnit }, { keyEffect },
    { twin }, { isUpright }] = await Promise.all(['core/dom.js', 'core/state.js',
    'diagram/model.js', 'diagram/drawing.js', 'diagram/keyboard.js', 'diagram/twin.js',
    'diagram/drawing/layout.js'].map(load));
  document.querySelector('#drawn')?.remove();
  const host = document.createElement('section');
  host.id = 'drawn';
  host.setAttribute('aria-label', 'Drawing');
  host.style.width = `${width}px`;
  document.body.append(host);
  let clock = { fold: null, edge: null, ...first };
  const draw = () => {
    const network = drawnNetwork(answers, clock);
    const select = (change) => { clock = { ...clock, ...change }; draw(); };
    render(html`<h2>Drawing</h2>${drawing({
      network, clock, width, select, id: 'test', tableId: 'test-table' })}${
      twin({ network, clock, id: 'test-table' })}`, host);
  };
  host.addEventListener('keydown', (event) => {
    const effect = keyEffect(event, clock, drawnNetwork(answers, clock), {
      isUpright: isUpright(width) });
    if (!effect?.clock) return;
    event.preventDefault();
    clock = { ...clock, ...effect.clock };
    draw();
    focusUnit(host, clock);
  });
  // Again when what is loaded for the drawing is there.
  effect(draw);
}"""


def clock_of(phase: str = "backward", mode: str = "row", **rest: Any) -> Json:
    """A clock without a selected unit."""
    return {
        "step": 0,
        "phase": phase,
        "mode": mode,
        "layer": None,
        "unit": None,
        "row": None,
    } | rest


def draw(page: Page, answers: Json, clock: Json, width: int = 846) -> None:
    """Draw answers below the view that is open, instead of those drawn before."""
    if page.url == "about:blank":
        page.goto("/")
        page.get_by_role("main").wait_for()
    # One text passes to the browser much faster than its thousands of values.
    page.evaluate(DRAW, [json.dumps(answers), clock, width])


def answers_of_job(api: Api, job: Mapping[str, Any], step: int) -> Json:
    """The answers of a job's step: of its batch, and of the batch's first row alone."""
    path = f"{job['links']['self']}/explain"
    batch = api.post(path, {"step": step, "formulas": "none"})
    number = batch["rows"]["shown"][0]["number"]
    row = api.post(path, {"step": step, "rows": [number], "formulas": "none"})
    return {
        "step": step,
        "rows": batch["rows"],
        "outputs": batch["outputs"],
        "lossName": "cross_entropy",
        "batch": batch["explanation"],
        "row": row["explanation"],
        "rowShown": row["rows"]["shown"][0],
        "details": None,
    }


def answers_of_exercise(api: Api, network: Json, rows: list[list[float]], targets: Any) -> Json:
    """The answers of an exercise with one row; its inputs have no names of their own."""
    body = {"network": network, "optimizer": {"type": "sgd", "learning_rate": 0.1}}
    explanation = api.post(
        "/v1/explain",
        body | {"loss": "cross_entropy", "rows": rows, "targets": targets, "formulas": "none"},
    )
    shown = {"position": 0, "number": 0, "values": {}, "encoded": rows[0][:100]}
    inputs = [
        {"column": f"x{i}", "name": f"x{i}", "scale": None} for i in range(len(rows[0][:100]))
    ]
    return {
        "step": 0,
        "rows": {
            "shown": [shown],
            "inputs": inputs,
            "left_out": 0,
            "inputs_left_out": max(0, len(rows[0]) - 100),
        },
        "outputs": {"shown": [], "left_out": 0},
        "lossName": "cross_entropy",
        "batch": explanation,
        "row": explanation if len(rows) == 1 else None,
        "rowShown": shown,
        "details": None,
    }
