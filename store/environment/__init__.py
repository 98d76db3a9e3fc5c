"""Environment fingerprint: machines with equal fingerprints produce bit-identical results."""

from store.environment.decisive import (
    DECISIVE,
    decisive_values,
    find_differences,
    find_equal,
    gives_equal_bits,
    hash_environment,
    numerics_of,
)
from store.environment.fingerprint import environment_fingerprint

__all__ = [
    "DECISIVE",
    "decisive_values",
    "environment_fingerprint",
    "find_differences",
    "find_equal",
    "gives_equal_bits",
    "hash_environment",
    "numerics_of",
]
