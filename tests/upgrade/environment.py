"""Variables that make the bits of a training the same on every x86-64 processor with AVX2."""

VARIABLES = {
    "OPENBLAS_CORETYPE": "Haswell",
    "OPENBLAS_NUM_THREADS": "1",
    "NPY_DISABLE_CPU_FEATURES": "X86_V4,AVX512_ICL,AVX512_SPR",
}

if __name__ == "__main__":
    print(*(f"{name}={value}" for name, value in VARIABLES.items()))  # noqa: T201
