"""How weights follow their gradients."""

from typing import Annotated, Literal

from pydantic import BeforeValidator, Field

from engine.specs.base import Spec, typed


class Sgd(Spec):
    """Gradient descent: v ← momentum · v + g; w ← w − learning_rate · v."""

    type: Literal["sgd"] = "sgd"
    learning_rate: float = Field(default=0.01, gt=0, le=1000)
    momentum: float = Field(default=0.0, ge=0, lt=1)


class Adam(Spec):
    """Adam (Kingma and Ba 2015, algorithm 1)."""

    type: Literal["adam"] = "adam"
    learning_rate: float = Field(default=0.001, gt=0, le=1000)
    beta1: float = Field(default=0.9, ge=0, lt=1)
    beta2: float = Field(default=0.999, ge=0, lt=1)
    epsilon: float = Field(default=1e-8, gt=0, le=1)


OptimizerSpec = Annotated[Sgd | Adam, Field(discriminator="type")]
OptimizerName = Literal["sgd", "adam"]
OptimizerField = Annotated[
    OptimizerSpec, BeforeValidator(typed, json_schema_input_type=OptimizerSpec | OptimizerName)
]
