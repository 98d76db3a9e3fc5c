"""How weights begin. fan_in and fan_out are what a unit adds up and what an input reaches."""

from typing import Annotated, Literal

from pydantic import BeforeValidator, Field

from engine.specs.base import Spec, typed


class Zeros(Spec):
    """0 everywhere."""

    type: Literal["zeros"] = "zeros"


class Constant(Spec):
    """The same value everywhere."""

    type: Literal["constant"] = "constant"
    value: float = Field(default=0.0, ge=-1e6, le=1e6)


class Uniform(Spec):
    """Uniform within ±limit."""

    type: Literal["uniform"] = "uniform"
    limit: float = Field(default=0.05, gt=0, le=100)


class Normal(Spec):
    """Normal with mean zero and the given standard deviation."""

    type: Literal["normal"] = "normal"
    std: float = Field(default=0.01, gt=0, le=100)


class TruncatedNormal(Spec):
    """Normal with mean zero and that std, drawn again where beyond two of them."""

    type: Literal["truncated_normal"] = "truncated_normal"
    std: float = Field(default=0.01, gt=0, le=100)


class HeNormal(Spec):
    """Normal with std = sqrt(2 / fan_in) (He et al. 2015)."""

    type: Literal["he_normal"] = "he_normal"


class HeUniform(Spec):
    """Uniform within ±sqrt(6 / fan_in) (He et al. 2015)."""

    type: Literal["he_uniform"] = "he_uniform"


class GlorotNormal(Spec):
    """Normal with std = sqrt(2 / (fan_in + fan_out)) (Glorot and Bengio 2010)."""

    type: Literal["glorot_normal"] = "glorot_normal"


class GlorotUniform(Spec):
    """Uniform within ±sqrt(6 / (fan_in + fan_out)) (Glorot and Bengio 2010)."""

    type: Literal["glorot_uniform"] = "glorot_uniform"


class LecunNormal(Spec):
    """Normal with std = sqrt(1 / fan_in) (LeCun et al. 1998)."""

    type: Literal["lecun_normal"] = "lecun_normal"


class LecunUniform(Spec):
    """Uniform within ±sqrt(3 / fan_in) (LeCun et al. 1998)."""

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
