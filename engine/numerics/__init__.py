"""Numerical primitives: blocks, norms, special functions, BLAS warm-up."""
