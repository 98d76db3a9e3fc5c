"""The fields of an environment that determine the bits of a result."""

import hashlib
import json
from collections.abc import Mapping
from typing import Any

DECISIVE = (
    "numerics",
    "numpy",
    "simd",
    "libc",
    "python",
    "machine",
    "blas",
    "blas_version",
    "blas_kernel",
    "blas_threads",
)
UNKNOWN = "unknown"
# Environments that were stored before a field existed lack it; an unknown value counts as equal.
_MISSING: dict[str, Any] = {"numerics": 1, "simd": UNKNOWN, "libc": UNKNOWN}


def decisive_values(environment: Mapping[str, Any]) -> dict[str, Any]:
    """Return the decisive fields of an environment: equal ones give bit-identical results."""
    values = {name: environment.get(name, _MISSING.get(name)) for name in DECISIVE}
    # sum() and math.hypot() of floats change with minor releases of Python only.
    return values | {"python": str(values["python"]).rpartition(".")[0]}


def find_differences(
    one: Mapping[str, Any], other: Mapping[str, Any]
) -> dict[str, tuple[Any, Any]]:
    """Return the decisive fields in which two environments differ, with both values."""
    mine, theirs = decisive_values(one), decisive_values(other)
    pairs = {name: (mine[name], theirs[name]) for name in DECISIVE}
    return {
        name: pair for name, pair in pairs.items() if pair[0] != pair[1] and UNKNOWN not in pair
    }


def gives_equal_bits(one: Mapping[str, Any], other: Mapping[str, Any]) -> bool:
    """Return whether training in both environments gives bit-identical results."""
    return not find_differences(one, other)


def hash_environment(environment: Mapping[str, Any]) -> str:
    """Return the sha256 of the decisive fields of an environment."""
    text = json.dumps(decisive_values(environment), sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()


def find_equal(
    wanted: Mapping[str, Any], environments: Mapping[str, Mapping[str, Any] | None]
) -> str | None:
    """Return the hash of one of the environments, by name, that gives equal bits; None without."""
    known = (environment for environment in environments.values() if environment is not None)
    equal = (environment for environment in known if gives_equal_bits(wanted, environment))
    return next(map(hash_environment, equal), None)


def numerics_of(environment: Mapping[str, Any]) -> int:
    """Return the version of the bits computed in an environment."""
    return int(decisive_values(environment)["numerics"])
