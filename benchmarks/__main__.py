"""Run all benchmarks in sequence, each in its own process: `./run bench`."""

import subprocess
import sys

SUBJECTS = (
    *("engine 1", "engine 2", "convolution 1", "serving", "tiny_job", "intake", "durability"),
    "startup",
)


def main() -> None:
    """Run the benchmarks named as arguments, or all of them."""
    for subject in sys.argv[1:] or SUBJECTS:
        print(f"== {subject}", flush=True)
        subprocess.run([sys.executable, "-m", *f"benchmarks.{subject}".split()], check=True)


if __name__ == "__main__":
    main()
