"""Weight initializers. fan_in is the number of inputs per unit, fan_out of outputs per input."""

from typing import Annotated, Literal

from pydantic import BeforeValidator, Field

from engine.specs.base import Spec, typed


class Zeros(Spec):
    """All zeros."""

    type: Literal["zeros"] = "zeros"


class Constant(Spec):
    """A constant value."""

    type: Literal["constant"] = "constant"
    value: float = Field(default=0.0, ge=-1e6, le=1e6)


class Uniform(Spec):
    """Uniform in ±limit."""

    type: Literal["uniform"] = "uniform"
    limit: float = Field(default=0.05, gt=0, le=100)


class Normal(Spec):
    """Normal with mean zero and standard deviation std."""

    type: Literal["normal"] = "normal"
    std: float = Field(default=0.01, gt=0, le=100)


class TruncatedNormal(Spec):
    """Normal with mean zero and std; values beyond ±2 std are redrawn."""

    type: Literal["truncated_normal"] = "truncated_normal"
    std: float = Field(default=0.01, gt=0, le=100)


class HeNormal(Spec):
    """Normal with std = sqrt(2 / fan_in) (He et al. 2015)."""

    type: Literal["he_normal"] = "he_normal"


class HeUniform(Spec):
    """Uniform in ±sqrt(6 / fan_in) (He et al. 2015)."""

    type: Literal["he_uniform"] = "he_uniform"


class GlorotNormal(Spec):
    """Normal with std = sqrt(2 / (fan_in + fan_out)) (Glorot and Bengio 2010)."""

    type: Literal["glorot_normal"] = "glorot_normal"


class GlorotUniform(Spec):
    """Uniform in ±sqrt(6 / (fan_in + fan_out)) (Glorot and Bengio 2010)."""

    type: Literal["glorot_uniform"] = "glorot_uniform"


class LecunNormal(Spec):
    """Normal with std = sqrt(1 / fan_in) (LeCun et al. 1998)."""

    type: Literal["lecun_normal"] = "lecun_normal"


class LecunUniform(Spec):
    """Uniform in ±sqrt(3 / fan_in) (LeCun et al. 1998)."""

    type: Literal["lecun_uniform"] = "lecun_uniform"


class Orthogonal(Spec):
    """gain · Q with orthonormal rows or columns, whichever are fewer (Saxe et al. 2014)."""

    type: Literal["orthogonal"] = "orthogonal"
    gain: float = Field(default=1.0, gt=0, le=100)


InitializerSpec = Annotated[
    Zeros
    | Constant
    | Uniform
    | Normal
    | TruncatedNormal
    | HeNormal
    | HeUniform
    | GlorotNormal
    | GlorotUniform
    | LecunNormal
    | LecunUniform
    | Orthogonal,
    Field(discriminator="type"),
]
InitializerName = Literal[
    "zeros",
    "constant",
    "uniform",
    "normal",
    "truncated_normal",
    "he_normal",
    "he_uniform",
    "glorot_normal",
    "glorot_uniform",
    "lecun_normal",
    "lecun_uniform",
    "orthogonal",
]
InitializerField = Annotated[
    InitializerSpec,
    BeforeValidator(typed, json_schema_input_type=InitializerSpec | InitializerName),
]
