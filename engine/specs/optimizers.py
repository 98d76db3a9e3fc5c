"""Optimizers. g is the gradient, η the learning rate of the step."""

from typing import Annotated, Literal

from pydantic import BeforeValidator, Field

from engine.specs.base import Spec, typed

Rate = Annotated[float, Field(gt=0, le=1000)]
Decay = Annotated[float, Field(ge=0, lt=1)]
Epsilon = Annotated[float, Field(gt=0, le=1)]


class Sgd(Spec):
    """v ← momentum · v + g; w ← w − η v; with nesterov w ← w − η (g + momentum · v)."""

    type: Literal["sgd"] = "sgd"
    learning_rate: Rate = 0.01
    momentum: Decay = 0.0
    nesterov: bool = False


class Adagrad(Spec):
    """s ← s + g²; w ← w − η g / (√s + ε) (Duchi et al. 2011)."""

    type: Literal["adagrad"] = "adagrad"
    learning_rate: Rate = 0.01
    epsilon: Epsilon = 1e-10


class Adadelta(Spec):
    """s ← ρ s + (1 − ρ) g²; d = √(u + ε) / √(s + ε) · g; u ← ρ u + (1 − ρ) d²; w ← w − η d.

    Source: Zeiler 2012.
    """

    type: Literal["adadelta"] = "adadelta"
    learning_rate: Rate = 1.0
    rho: Decay = 0.9
    epsilon: Epsilon = 1e-6


class Rmsprop(Spec):
    """s ← ρ s + (1 − ρ) g²; v ← momentum · v + g / (√s + ε); w ← w − η v (Tieleman 2012)."""

    type: Literal["rmsprop"] = "rmsprop"
    learning_rate: Rate = 0.001
    rho: Decay = 0.99
    momentum: Decay = 0.0
    epsilon: Epsilon = 1e-8


class AdamFamily(Spec):
    """Options of Adam and its variants."""

    learning_rate: Rate = 0.001
    beta1: Decay = 0.9
    beta2: Decay = 0.999
    epsilon: Epsilon = 1e-8


class Adam(AdamFamily):
    """m ← β₁ m + (1 − β₁) g; v ← β₂ v + (1 − β₂) g²; w ← w − η m̂ / (√v̂ + ε).

    With m̂ = m / (1 − β₁ᵗ) and v̂ = v / (1 − β₂ᵗ) (Kingma and Ba 2015, algorithm 1).
    """

    type: Literal["adam"] = "adam"


class Adamw(AdamFamily):
    """Adam, after w ← w − η · weight_decay · w (Loshchilov and Hutter 2019)."""

    type: Literal["adamw"] = "adamw"
    weight_decay: Decay = 0.01


class Amsgrad(AdamFamily):
    """Adam with the running maximum of v in the denominator (Reddi et al. 2018)."""

    type: Literal["amsgrad"] = "amsgrad"


class Nadam(AdamFamily):
    """Adam with Nesterov momentum, scheduled by momentum_decay (Dozat 2016)."""

    type: Literal["nadam"] = "nadam"
    learning_rate: Rate = 0.002
    momentum_decay: Decay = 0.004


class Lion(Spec):
    """w ← w − η (sign(β₁ m + (1 − β₁) g) + weight_decay · w); m ← β₂ m + (1 − β₂) g.

    Source: Chen et al. 2023.
    """

    type: Literal["lion"] = "lion"
    learning_rate: Rate = 0.0001
    beta1: Decay = 0.9
    beta2: Decay = 0.99
    weight_decay: Decay = 0.0


class Lbfgs(Spec):
    """w ← w + t · d, d = −H g from the last `history` steps, t by a strong Wolfe line search.

    For batches of all rows only, and without gradient_clip, max_norm, dropout and batch
    normalization, unless frozen. Source: Nocedal and Wright 2006, algorithms 7.4, 3.5 and 3.6.
    """

    type: Literal["lbfgs"] = "lbfgs"
    learning_rate: Rate = 1.0
    history: int = Field(default=10, ge=1, le=100)
    max_evaluations: int = Field(
        default=25,
        ge=1,
        le=100,
        description="Maximum evaluations of the loss in the line search of one step.",
    )


OptimizerSpec = Annotated[
    Sgd | Adagrad | Adadelta | Rmsprop | Adam | Adamw | Amsgrad | Nadam | Lion | Lbfgs,
    Field(discriminator="type"),
]
OptimizerName = Literal[
    "sgd",
    "adagrad",
    "adadelta",
    "rmsprop",
    "adam",
    "adamw",
    "amsgrad",
    "nadam",
    "lion",
    "lbfgs",
]
OptimizerField = Annotated[
    OptimizerSpec, BeforeValidator(typed, json_schema_input_type=OptimizerSpec | OptimizerName)
]


class ClipByValue(Spec):
    """g ← min(max(g, −limit), limit), for each parameter; g is the gradient of the objective."""

    type: Literal["value"] = "value"
    limit: float = Field(default=1.0, gt=0, le=1e9)


class ClipByNorm(Spec):
    """g ← g · min(1, limit / ‖g‖), over all parameters together (Pascanu et al. 2013).

    g is the gradient of the objective: the loss and the penalties. Gradients with ‖g‖ ≤ limit
    are unchanged.
    """

    type: Literal["norm"] = "norm"
    limit: float = Field(default=1.0, gt=0, le=1e9)


GradientClip = Annotated[ClipByValue | ClipByNorm, Field(discriminator="type")]
