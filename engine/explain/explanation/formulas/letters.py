"""The letters of a layer's quantities in formulas, with the numbers of layers and all indices."""

import numpy as np

from engine.explain.explanation.layer_group import LayerGroup
from engine.explain.explanation.view import StepView
from engine.explain.formulas.renaming import LayerLetter, Letters
from engine.layers.batch_normalization import BatchNormalization
from engine.layers.embedding import Embedding
from engine.layers.normalization import Normalization

# Letters of parameters by the last part of their names; weights are w.
_PARAMETERS = {"bias": "b", "scale": "γ", "shift": "β"}


class LayerLetters:
    """The letters of one layer: its own quantities, and those that it reads.

    Layers are numbered from 1 in the order of `StepView.groups`, a block before its layers.

    Args:
        view: the step.
        group: the layer.
    """

    def __init__(self, view: StepView, group: LayerGroup) -> None:
        self._group, self._names = group, [*view.groups]
        self._number = self._names.index(group.name) + 1
        self._source = _source(self._names, group.name)

    @property
    def input_letter(self) -> str:
        """The letter of the layer's inputs: those of the network are x."""
        return "x" if self._source is None else "a"

    @property
    def own(self) -> Letters:
        """The letters of z, a and δ of the layer."""
        return {letter: self._unit(letter) for letter in ("z", "a", "δ")}

    @property
    def logits(self) -> Letters:
        """The letters of z and δ of the output, whose a is written as the prediction."""
        return {letter: self._unit(letter) for letter in ("z", "δ")}

    @property
    def forward(self) -> Letters:
        """The letters of z and of what it is computed from."""
        return {"z": self._unit("z"), "a": self._inputs, **self._plain("w", "b")}

    def backward(self, following: str) -> Letters:
        """Return the letters of ∂L/∂a and of the layer that it comes from."""
        number = self._names.index(following) + 1
        weights = {letter: LayerLetter(letter, number) for letter in ("w", "δ")}
        return {"a": self._unit("a"), **weights}

    @property
    def gradients(self) -> Letters:
        """The letters of ∂L/∂w, and of embeddings."""
        known = {"a": self._inputs, "δ": self._unit("δ")}
        # Values of a normalization are counted among those that γ scales, not as units.
        is_normalization = isinstance(self._group.transform.layer, Normalization)
        known["y"] = LayerLetter("y", self._number) if is_normalization else self._unit("a")
        return {**known, **self._plain("w", "b", "γ", "β", "E", "xhat")}

    @property
    def through(self) -> Letters:
        """The letters of a layer that has one output y per input x."""
        return {"x": self._inputs, "y": self._unit("a")}

    def of_values(self, unit: int, place: int | None = None) -> Letters:
        """Return the letters of a unit that is computed from several values x.

        Args:
            unit: index of the unit in row-major order, of y.
            place: place of its value x among those that are normalized together.
        """
        position = self._position(unit)
        is_batch = isinstance(self._group.transform.layer, BatchNormalization)
        parameter = position[-1:] if is_batch else position
        value = () if place is None else (place + 1,)
        return {
            "x": LayerLetter("x", self._number, index=value),
            "xhat": LayerLetter("x", self._number, index=value),
            "y": LayerLetter("a", self._number, self._group.out_shape, position),
            **{one: LayerLetter(one, self._number, index=parameter) for one in ("γ", "β")},
        }

    def parameter_letter(self, name: str) -> str:
        """Return the letter of a parameter of the layer by its full name."""
        if isinstance(self._group.transform.layer, Embedding):
            return "E"
        return _PARAMETERS.get(name.rpartition(".")[2], "w")

    def entry(self, letter: str, index: tuple[int, ...]) -> Letters:
        """Return the letter of one number of a parameter with its index, counted from 0."""
        is_code = letter == "E"
        counted = tuple(
            number if is_code and axis == 0 else number + 1 for axis, number in enumerate(index)
        )
        return {letter: LayerLetter(letter, self._number, index=counted)}

    @property
    def _inputs(self) -> LayerLetter:
        number = None if self._source is None else self._names.index(self._source) + 1
        return LayerLetter(self.input_letter, number, self._group.transform.layer.in_shape)

    def _unit(self, letter: str) -> LayerLetter:
        return LayerLetter(letter, self._number, self._group.out_shape)

    def _plain(self, *keys: str) -> Letters:
        return {key: LayerLetter(key.removesuffix("hat"), self._number) for key in keys}

    def _position(self, unit: int) -> tuple[int, ...]:
        return tuple(int(i) + 1 for i in np.unravel_index(unit, self._group.out_shape))


def _source(names: list[str], name: str) -> str | None:
    """Return the layer whose outputs a layer reads; None for the inputs of the network."""
    if name == "output":
        before = [one for one in names if one.count(".") == 1]
        return before[-1] if before else None
    prefix = name.rpartition(".")[0]
    before = [one for one in names if one.rpartition(".")[0] == prefix]
    earlier = before[: before.index(name)]
    if earlier:
        return earlier[-1]
    block = prefix.removesuffix(".layers")
    return None if prefix == "layers" else _source(names, block)
