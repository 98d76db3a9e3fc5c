"""Special functions that NumPy lacks."""

import numpy as np
from numpy.typing import NDArray

from engine.arrays import Floats

# Highest power first. Cody 1969, "Rational Chebyshev approximations for the error function":
# erf(x) / x in x² up to 0.46875, and exp(x²) (1 − erf(x)) in x up to 4.
_NEAR_NUMERATOR = (
    1.85777706184603153e-1,
    3.16112374387056560e00,
    1.13864154151050156e02,
    3.77485237685302021e02,
    3.20937758913846947e03,
)
_NEAR_DENOMINATOR = (
    1.0,
    2.36012909523441209e01,
    2.44024637934444173e02,
    1.28261652607737228e03,
    2.84423683343917062e03,
)
_FAR_NUMERATOR = (
    2.15311535474403846e-8,
    5.64188496988670089e-1,
    8.88314979438837594e00,
    6.61191906371416295e01,
    2.98635138197400131e02,
    8.81952221241769090e02,
    1.71204761263407058e03,
    2.05107837782607147e03,
    1.23033935479799725e03,
)
_FAR_DENOMINATOR = (
    1.0,
    1.57449261107098347e01,
    1.17693950891312499e02,
    5.37181101862009858e02,
    1.62138957456669019e03,
    3.29079923573345963e03,
    4.36261909014324716e03,
    3.43936767414372164e03,
    1.23033935480374942e03,
)
_NEAR = 0.46875
# Beyond 6, erf rounds to 1; between 4 and 6, 1 − erf is so small that the formula still holds.
_FAR = 6.0


def erf(x: Floats) -> Floats:
    """Return 2 / √π · ∫₀ˣ exp(−t²) dt, accurate to a few ulp, in a new array like x."""
    size = np.minimum(np.abs(x), _FAR)
    square = size * size
    far: Floats = 1 - np.exp(-square) * _ratio(size, _FAR_NUMERATOR, _FAR_DENOMINATOR)
    near = size * _ratio(square, _NEAR_NUMERATOR, _NEAR_DENOMINATOR)
    np.copyto(far, near, where=size <= _NEAR)
    return np.copysign(far, x, out=far)


def _ratio(x: Floats, numerator: tuple[float, ...], denominator: tuple[float, ...]) -> Floats:
    ratio = _polynomial(x, numerator)
    return np.divide(ratio, _polynomial(x, denominator), out=ratio)


def _polynomial(x: Floats, coefficients: tuple[float, ...]) -> Floats:
    """Evaluate a polynomial by Horner's scheme."""
    value = x * coefficients[0]
    for coefficient in coefficients[1:-1]:
        np.add(value, coefficient, out=value)
        np.multiply(value, x, out=value)
    np.add(value, coefficients[-1], out=value)
    return value


def signed_log(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return sign(x) · log(1 + |x|), of the same shape."""
    result: NDArray[np.float64] = np.copysign(np.log1p(np.abs(values)), values)
    return result
