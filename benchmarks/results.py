"""Where figures go: a file for each day, subject and BLAS kernel, with the machine described."""

import json
import os
import platform
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
from threadpoolctl import threadpool_info


def write_results(subject: str, results: dict[str, Any]) -> Path:
    """Keep figures in benchmarks/results/."""
    date = datetime.now(UTC).date().isoformat()
    machine = describe_machine()
    kernel = str(machine["blas"]["architecture"]).lower()
    path = Path(__file__).parent / "results" / f"{subject}-{date}-{kernel}.json"
    path.parent.mkdir(exist_ok=True)
    report = {"date": date, "machine": machine, "results": results}
    path.write_text(json.dumps(report, indent=2) + "\n", encoding="utf-8")
    return path


def describe_machine() -> dict[str, Any]:
    """Processor, system, Python, NumPy and its BLAS."""
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
