"""Processor time of drawing a step again: `./run bench page`.

    python -m benchmarks.page

The view of a job is open in Chromium, and everything that it draws is loaded. Buttons change the
phase; the figure is the processor time of the tab's main thread, script, style, layout and paint,
per change. `idle` is the same time without a change: two frames, and the measurement itself.
Medians over the changes. Needs Chromium and Playwright.
"""

import shutil
import statistics
import tempfile
from pathlib import Path
from typing import Any

from benchmarks.page.service import running, train
from benchmarks.results import write_results

NETWORKS = {"64-64-10": (64, (64,)), "784-128-64-10": (784, (128, 64))}
CLASSES = 10
CHANGES = 24
PHASES = ("Forward", "Backward", "Update")
GOAL_MS, MOST_ELEMENTS = 100, 2000
STAGES = {"script": "ScriptDuration", "style": "RecalcStyleDuration", "layout": "LayoutDuration"}
SETTLED = """() => new Promise((resolve) => requestAnimationFrame(
  () => requestAnimationFrame(() => setTimeout(resolve))))"""
COUNTS = """() => {
  const inMain = (selector) => document.querySelectorAll(`main ${selector}`).length;
  return {
    svg_elements: inMain('svg, main svg *'),
    svg_elements_of_the_diagram: inMain('.diagram svg, main .diagram svg *'),
    canvases: inMain('canvas'),
    elements: inMain('*'),
  };
}"""


def main() -> None:
    """Measure, print and keep."""
    program = shutil.which("chromium") or shutil.which("google-chrome")
    if program is None:
        raise SystemExit("there is no Chromium on the PATH")
    try:
        from playwright.sync_api import sync_playwright  # noqa: PLC0415 - of the tests
    except ImportError:
        raise SystemExit("Playwright is not installed: ./run test installs it") from None
    results = {}
    with tempfile.TemporaryDirectory(prefix="page-") as folder, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=["--no-sandbox"])
        with running(Path(folder) / "data") as url:
            for name, (inputs, units) in NETWORKS.items():
                job = train(url, inputs, units, CLASSES)
                results[name] = measure(browser, f"{url}/#/backpropagation/{job}")
                report(name, results[name])
        browser.close()
    print(f"written to {write_results('page', results)}")


def measure(browser: Any, address: str) -> dict[str, float]:  # noqa: ANN401 - of Playwright
    """Median milliseconds of processor time per change of the phase, and what is drawn."""
    page = browser.new_page(viewport={"width": 1360, "height": 900})
    page.set_default_timeout(120_000)
    page.goto(f"{address}?step=5&phase=update&mode=row")
    page.get_by_role("group", name="All ").first.wait_for()
    page.wait_for_load_state("networkidle")
    session = page.context.new_cdp_session(page)
    session.send("Performance.enable", {"timeDomain": "threadTicks"})
    taken: list[dict[str, float]] = []
    counts: list[dict[str, int]] = []
    for index in range(len(PHASES) + CHANGES):
        before = read(session)
        page.get_by_role("button", name=PHASES[index % len(PHASES)], exact=True).evaluate(
            "button => button.click()"
        )
        page.evaluate(SETTLED)
        after = read(session)
        page.evaluate(SETTLED)
        idle = read(session)["all"] - after["all"]
        figures = {name: after[name] - before[name] for name in after} | {"idle": idle}
        taken.append({name: 1000 * seconds for name, seconds in figures.items()})
        counts.append(page.evaluate(COUNTS))
    page.close()
    # The first round loads what the phases draw.
    medians = {
        f"{name}_ms": statistics.median(one[name] for one in taken[len(PHASES) :])
        for name in taken[0]
    }
    return medians | {name: max(one[name] for one in counts) for name in counts[0]}


def read(session: Any) -> dict[str, float]:  # noqa: ANN401 - of Playwright
    """Processor seconds of the tab's main thread so far."""
    answer = session.send("Performance.getMetrics")["metrics"]
    metrics = {one["name"]: one["value"] for one in answer}
    return {"all": metrics["TaskDuration"]} | {
        name: metrics[metric] for name, metric in STAGES.items()
    }


def report(name: str, figures: dict[str, float]) -> None:
    """Print the figures of a network beside the goals."""
    for what, figure in figures.items():
        goal = {"all_ms": GOAL_MS, "svg_elements": MOST_ELEMENTS, "canvases": 1}.get(what)
        print(f"{name:<16} {what:<28} {figure:8.1f}{'' if goal is None else f'  (goal {goal})'}")


if __name__ == "__main__":
    main()
