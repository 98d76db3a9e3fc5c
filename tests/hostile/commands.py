"""Output of commands that refuse to start."""


def lines_of(stderr: str) -> list[str]:
    """Return the lines of the output, without the warning of Celery for workers run by root.

    Fails if a line is not one of backpropd.
    """
    lines = stderr.splitlines()
    if "SecurityWarning" in lines[0]:
        del lines[: 1 + next(n for n, line in enumerate(lines) if "_warn_or_raise" in line)]
    assert all(line.startswith("backpropd: ") for line in lines), stderr
    return lines
