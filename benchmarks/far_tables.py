"""Tables with numbers far from the mean: images with rare pixels, features with heavy tails."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Matrix = NDArray[np.float64]
KNOWN, HELD_OUT = 2_000, 2_000
FEATURES = 5
IMAGES, HELD_OUT_IMAGES = 12_000, 4_000


@dataclass(frozen=True)
class Example:
    """Training and held-out rows; `y` is a number, or the index of a class."""

    name: str
    seed: int
    known: Matrix
    y: Matrix
    held_out: Matrix
    held_out_y: Matrix
    is_regression: bool


def draw_pixels(seed: int) -> Iterator[Example]:
    """Yield scikit-learn's digits, enlarged to 28 × 28 as MNIST's are, and shifted at random.

    Few rows reach the outer pixels, so that these have a small deviation and a large range. The
    copies of one digit are all in the training rows or all in the held-out rows.
    """
    from sklearn.datasets import load_digits  # noqa: PLC0415 - part of the bench group only

    random = np.random.default_rng(seed)
    digits, kinds = load_digits(return_X_y=True)
    order = random.permutation(len(digits))
    border = len(order) * 3 // 4
    rows = np.append(
        random.choice(order[:border], IMAGES), random.choice(order[border:], HELD_OUT_IMAGES)
    )
    images = np.array([_enlarge(digits[row].reshape(8, 8), random).ravel() for row in rows])
    yield _example("pixels", seed, images, kinds[rows], IMAGES)


def _enlarge(digit: Matrix, random: np.random.Generator) -> Matrix:
    """Return a digit of 8 × 8 pixels, 0 … 16, as 28 × 28 pixels, 0 … 255, shifted and sheared."""
    scale, shear = random.uniform(2.2, 2.7, 2), random.normal(0, 0.15)
    # One image in 500 is far off the middle.
    shift = 13.5 + random.normal(0, 3 if random.random() < 0.002 else 0.6, 2)
    rows, columns = np.mgrid[0:28, 0:28]
    from_row = (rows - shift[0]) / scale[0] + 3.5
    from_column = (columns - shift[1]) / scale[1] + 3.5 + shear * (from_row - 3.5)
    padded = np.pad(digit, 1)
    top, left = np.floor(from_row), np.floor(from_column)
    image = np.zeros((28, 28))
    for down, right in ((0, 0), (0, 1), (1, 0), (1, 1)):
        weight = (1 - np.abs(from_row - top - down)) * (1 - np.abs(from_column - left - right))
        inside = [np.clip(axis.astype(int) + 1, 0, 9) for axis in (top + down, left + right)]
        image += weight * padded[inside[0], inside[1]]
    # As in MNIST, a stroke is bright in its middle and dark within two pixels of it.
    return np.round(np.clip((image - 3) / 9, 0, 1) * 255)


DISTRIBUTIONS: dict[str, Callable[[np.random.Generator, tuple[int, int]], Matrix]] = {
    "normal": lambda random, shape: random.normal(size=shape),
    "lognormal": lambda random, shape: random.lognormal(0, 2, shape),
    "pareto": lambda random, shape: random.pareto(1.5, shape),
    "student": lambda random, shape: random.standard_t(2, shape),
    "cauchy": lambda random, shape: random.standard_cauchy(shape),
    # Counts and amounts that are 0 in most rows.
    "rare lognormal": lambda random, shape: (
        (random.random(shape) < 0.05) * random.lognormal(0, 1.5, shape)
    ),
    "rare counts": lambda random, shape: random.poisson(random.gamma(0.05, 1, shape)).astype(float),
}


def draw_tails(seed: int) -> Iterator[Example]:
    """Yield regressions and classifications with a signal in the tails, and with noise there."""
    weights = np.array([1.0, -0.8, 0.6, 0.4, -0.2])
    for name, draw in DISTRIBUTIONS.items():
        random = np.random.default_rng(seed)
        x = draw(random, (KNOWN + HELD_OUT, FEATURES))
        noise = random.normal(size=len(x))
        spread = x / np.median(np.abs(x[x != 0]))
        linear = spread @ weights
        logarithms = (np.sign(spread) * np.log1p(np.abs(spread))) @ weights
        bulk = np.tanh(spread) @ weights
        largest = np.abs(spread).max(axis=1)
        yield _example(f"{name}: linear", seed, x, linear + 0.1 * np.std(bulk) * noise)
        yield _example(f"{name}: logarithms", seed, x, logarithms + 0.2 * noise)
        yield _example(f"{name}: bulk", seed, x, bulk + 0.2 * noise)
        yield _example(f"{name}: side", seed, x, linear + 0.2 * noise > np.median(linear))
        yield _example(f"{name}: far out", seed, x, largest > np.quantile(largest, 0.8))
        # One number in fifty is replaced by one from the tails, which has nothing to do with y.
        clean = random.normal(size=x.shape)
        spoiled = np.where(random.random(x.shape) < 0.02, 100 * x, clean)
        y = np.tanh(clean) @ weights + 0.2 * noise
        yield _example(f"{name}: spoiled", seed, spoiled, y)
        yield _example(f"{name}: spoiled side", seed, spoiled, y > np.median(y))


def _example(name: str, seed: int, x: Matrix, y: NDArray[Any], rows: int = KNOWN) -> Example:
    known, held_out = slice(rows), slice(rows, None)
    numbers = y.astype(float)
    return Example(
        name,
        seed,
        x[known],
        numbers[known],
        x[held_out],
        numbers[held_out],
        is_regression=y.dtype == np.float64,
    )
