"""Write the recorded steps into the page: `python -m examples.recorded`."""

import json
from pathlib import Path

from examples.recorded.activations import sample_activations
from examples.recorded.record import record_textbook, record_xor

FOLDER = Path(__file__).resolve().parents[2] / "service/static/recorded"


def write(path: Path, value: object) -> None:
    """Write a value as JSON."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(value, ensure_ascii=False, separators=(",", ":")) + "\n", "utf-8")


def main() -> None:
    """Record all examples, and sample the activations."""
    index, steps = record_xor()
    write(FOLDER / "xor/index.json", index)
    for step, answers in steps.items():
        for name, answer in answers.items():
            write(FOLDER / f"xor/step-{step:03}/{name}.json", answer)
    write(FOLDER / "textbook.json", record_textbook())
    for name, points in sample_activations().items():
        write(FOLDER / f"activations/{name}.json", points)


if __name__ == "__main__":
    main()
