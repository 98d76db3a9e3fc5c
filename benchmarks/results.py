"""Storage of results: one file per day, subject and BLAS kernel, with the machine's description."""

import json
import os
import platform
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
from threadpoolctl import threadpool_info


def write_results(subject: str, results: dict[str, Any]) -> Path:
    """Write results to benchmarks/results/ and return the file's path."""
    date = datetime.now(UTC).date().isoformat()
    machine = describe_machine()
    kernel = str(machine["blas"]["architecture"]).lower()
    path = Path(__file__).parent / "results" / f"{subject}-{date}-{kernel}.json"
    path.parent.mkdir(exist_ok=True)
    report = {"date": date, "machine": machine, "results": results}
    path.write_text(json.dumps(report, indent=2) + "\n", encoding="utf-8")
    return path


def describe_machine() -> dict[str, Any]:
    """Return the processor, system, Python, NumPy and BLAS of this machine."""
    cpuinfo = Path("/proc/cpuinfo")
    lines = cpuinfo.read_text(encoding="ascii").splitlines() if cpuinfo.exists() else []
    model = next((line.split(":")[1].strip() for line in lines if "model name" in line), "")
    blas: dict[str, Any] = next((i for i in threadpool_info() if i["user_api"] == "blas"), {})
    return {
        "processor": model or platform.processor(),
        "cores": os.cpu_count(),
        "system": platform.platform(),
        "python": platform.python_version(),
        "numpy": np.__version__,
        "blas": {key: blas.get(key) for key in ("internal_api", "architecture", "num_threads")},
    }
