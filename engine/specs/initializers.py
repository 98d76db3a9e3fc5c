"""How weights begin."""

from typing import Annotated, Literal

from pydantic import BeforeValidator, Field

from engine.specs.base import Spec, typed


class HeNormal(Spec):
    """Normal with std = sqrt(2 / in_features) (He et al. 2015)."""

    type: Literal["he_normal"] = "he_normal"


class HeUniform(Spec):
    """Uniform within ±sqrt(6 / in_features) (He et al. 2015)."""

    type: Literal["he_uniform"] = "he_uniform"


class GlorotNormal(Spec):
    """Normal with std = sqrt(2 / (in_features + units)) (Glorot and Bengio 2010)."""

    type: Literal["glorot_normal"] = "glorot_normal"


class GlorotUniform(Spec):
    """Uniform within ±sqrt(6 / (in_features + units)) (Glorot and Bengio 2010)."""

    type: Literal["glorot_uniform"] = "glorot_uniform"


class Normal(Spec):
    """Normal with mean zero and the given standard deviation."""

    type: Literal["normal"] = "normal"
    std: float = Field(default=0.01, gt=0, le=100)


InitializerSpec = Annotated[
    HeNormal | HeUniform | GlorotNormal | GlorotUniform | Normal, Field(discriminator="type")
]
InitializerName = Literal["he_normal", "he_uniform", "glorot_normal", "glorot_uniform", "normal"]
InitializerField = Annotated[
    InitializerSpec,
    BeforeValidator(typed, json_schema_input_type=InitializerSpec | InitializerName),
]
