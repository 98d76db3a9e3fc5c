"""A runtime for MLServer: the network of the other floors. Its model's `uri` is the file."""

from pathlib import Path

import numpy as np
from mlserver import MLModel
from mlserver.codecs import NumpyCodec
from mlserver.types import InferenceRequest, InferenceResponse

from benchmarks.serving.network import load_network


class NumpyRuntime(MLModel):
    """The forward pass of the network."""

    async def load(self) -> bool:
        """Load the network."""
        self._network = load_network(Path(self.settings.parameters.uri))
        return True

    async def predict(self, payload: InferenceRequest) -> InferenceResponse:
        """Return the probabilities of the rows of the first tensor."""
        x = NumpyCodec.decode_input(payload.inputs[0])
        found = self._network.predict(x.astype(np.float32, copy=False))
        return InferenceResponse(
            model_name=self.name, outputs=[NumpyCodec.encode_output("probabilities", found)]
        )
