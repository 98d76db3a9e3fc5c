"""Which environments give equal bits, also those that earlier versions have stored."""

import os
import subprocess
import sys
from typing import Any

import pytest
from threadpoolctl import threadpool_info

from engine.numerics.version import NUMERICS
from store.environment import (
    DECISIVE,
    environment_fingerprint,
    find_differences,
    find_equal,
    gives_equal_bits,
    hash_environment,
    numerics_of,
)

HERE = environment_fingerprint()
EARLIER = {name: value for name, value in HERE.items() if name not in {"numerics", "simd", "libc"}}


@pytest.mark.parametrize("name", DECISIVE)
def test_every_decisive_field_matters(name: str) -> None:
    other = HERE | {name: "9.9.9"}
    assert not gives_equal_bits(HERE, other)
    assert list(find_differences(HERE, other)) == [name]
    assert hash_environment(other) != hash_environment(HERE)


def test_an_environment_equals_itself() -> None:
    assert gives_equal_bits(HERE, dict(HERE))
    assert HERE["numerics"] == NUMERICS


@pytest.mark.parametrize(("numerics", "is_equal"), [(1, True), (2, False)])
def test_environments_of_earlier_versions_have_the_first_numerics(
    numerics: int, is_equal: bool
) -> None:
    now = HERE | {"numerics": numerics}
    assert gives_equal_bits(EARLIER, now) is gives_equal_bits(now, EARLIER) is is_equal
    assert numerics_of(EARLIER) == 1
    assert numerics_of(now) == numerics


def test_a_checkpoint_without_environment_gives_no_equal_bits() -> None:
    assert not gives_equal_bits({}, HERE)


@pytest.mark.parametrize(("python", "is_equal"), [("3.11.99", True), ("3.99.1", False)])
def test_patch_releases_of_python_give_equal_bits(python: str, is_equal: bool) -> None:
    one: dict[str, Any] = HERE | {"python": "3.11.2"}
    assert gives_equal_bits(one, HERE | {"python": python}) is is_equal


def test_blas_is_numpys_own_if_another_library_has_loaded_one(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    other = {
        "user_api": "blas",
        "internal_api": "mkl",
        "filepath": "/usr/lib/libmkl_rt.so",
        "version": "2020",
        "architecture": "Other",
        "num_threads": 9,
    }
    found = threadpool_info()
    name = "store.environment.fingerprint.threadpool_info"
    monkeypatch.setattr(name, lambda: [other, *found])
    assert environment_fingerprint() == HERE
    monkeypatch.setattr(name, lambda: [other])
    assert environment_fingerprint()["blas"] == "mkl"


def test_simd_level_is_that_of_the_process() -> None:
    code = "from store.environment import *; print(environment_fingerprint()['simd'])"
    disabled = str(HERE["simd"]).partition("baseline")[0].strip()
    if not disabled:
        pytest.skip("NumPy uses no instructions beyond its baseline on this processor")
    environment = {**os.environ, "NPY_DISABLE_CPU_FEATURES": disabled}
    answer = subprocess.run(
        [sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True
    )
    assert answer.stdout.strip() == HERE["simd"].removeprefix(f"{disabled} ")


def test_equal_environment_is_found_among_those_of_workers() -> None:
    other = HERE | {"numpy": "9.9.9"}
    same = HERE | {"hostname": "elsewhere"}
    assert find_equal(HERE, {"a": other, "old": None, "b": same}) == hash_environment(HERE)
    assert find_equal(HERE, {"a": other, "old": None}) is None
    # The hash is that of the worker, whose values an environment of an earlier version may lack.
    assert find_equal(EARLIER | {"numerics": NUMERICS}, {"b": same}) == hash_environment(same)
