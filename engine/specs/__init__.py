"""What can be asked of the engine, as frozen, strict pydantic models.

Defaults and bounds live here and nowhere else; the HTTP API publishes these models as its schema.
A field that is None in a request is filled in by `engine.resolve` from the table's description.
"""

from engine.specs.base import (
    MAX_BATCH_SIZE,
    MAX_EPOCHS,
    MAX_FEATURES,
    MAX_LAYERS,
    MAX_UNITS,
    ColumnName,
    Items,
    Spec,
    dump,
)
from engine.specs.initializers import (
    GlorotNormal,
    GlorotUniform,
    HeNormal,
    HeUniform,
    InitializerField,
    InitializerName,
    InitializerSpec,
    Normal,
)
from engine.specs.layers import (
    Activation,
    DenseSpec,
    LayerSpec,
    NetworkSpec,
    OutputActivation,
    OutputSpec,
    ResolvedDense,
    ResolvedNetwork,
    ResolvedOutput,
)
from engine.specs.losses import (
    BinaryCrossEntropy,
    CrossEntropy,
    HalfSquaredError,
    LossField,
    LossName,
    LossSpec,
    MeanSquaredError,
)
from engine.specs.optimizers import Adam, OptimizerField, OptimizerName, OptimizerSpec, Sgd
from engine.specs.training import (
    EarlyStoppingSpec,
    PreprocessingSpec,
    ResolvedSpec,
    Task,
    TrainingSpec,
    ValidationSpec,
)

__all__ = [
    "MAX_BATCH_SIZE",
    "MAX_EPOCHS",
    "MAX_FEATURES",
    "MAX_LAYERS",
    "MAX_UNITS",
    "Activation",
    "Adam",
    "BinaryCrossEntropy",
    "ColumnName",
    "CrossEntropy",
    "DenseSpec",
    "EarlyStoppingSpec",
    "GlorotNormal",
    "GlorotUniform",
    "HalfSquaredError",
    "HeNormal",
    "HeUniform",
    "InitializerField",
    "InitializerName",
    "InitializerSpec",
    "Items",
    "LayerSpec",
    "LossField",
    "LossName",
    "LossSpec",
    "MeanSquaredError",
    "NetworkSpec",
    "Normal",
    "OptimizerField",
    "OptimizerName",
    "OptimizerSpec",
    "OutputActivation",
    "OutputSpec",
    "PreprocessingSpec",
    "ResolvedDense",
    "ResolvedNetwork",
    "ResolvedOutput",
    "ResolvedSpec",
    "Sgd",
    "Spec",
    "Task",
    "TrainingSpec",
    "ValidationSpec",
    "dump",
]
