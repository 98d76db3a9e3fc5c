"""Write the recorded steps into the page: `python -m examples.recorded`."""

import json
from pathlib import Path

from examples.recorded.activations import sample_activations
from examples.recorded.record import record_textbook, record_xor

# The page prints at most 7 of them; further ones are a tenth of the bytes that it loads.
DIGITS = 9
FOLDER = Path(__file__).resolve().parents[2] / "service/static/recorded"


def rounded(value: object) -> object:
    """Return a JSON value with its numbers rounded to DIGITS significant digits."""
    match value:
        case float():
            return float(f"{value:.{DIGITS}g}")
        case dict():
            return {name: rounded(one) for name, one in value.items()}
        case list() | tuple():
            return [rounded(one) for one in value]
        case _:
            return value


def write(path: Path, value: object) -> None:
    """Write a value as JSON, with rounded numbers."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(
        json.dumps(rounded(value), ensure_ascii=False, separators=(",", ":")) + "\n", "utf-8"
    )


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
