"""Large answers, written piece by piece: memory does not grow with them, other threads run."""

import math
from bisect import bisect_left
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

from engine.arrays import Floats
from engine.predictor import Predictions, Reconstructions
from service.predictions.answers import Answers
from service.predictions.flags import FlaggedValue

# Values of a piece, which take a few milliseconds to write.
PIECE_VALUES = 2**16


def count_rows_per_piece(answers: Answers) -> int:
    """Return the number of rows whose values are a piece."""
    return max(PIECE_VALUES // _count_values_per_row(answers), 1)


def _count_values_per_row(answers: Answers) -> int:
    found = answers.found
    if isinstance(found, Reconstructions):
        values = 2 * found.column_errors.shape[1]
    else:
        values = found.values[:1].size
    units = sum(math.prod(a.shape[1:]) for a in found.activations.values())
    return int(max(values + units, 1))


def split(answers: Answers) -> Iterator[Answers]:
    """Yield the answers for consecutive rows, a piece at a time."""
    step = count_rows_per_piece(answers)
    flags = sorted(answers.flags, key=_row_of)
    for start in range(0, answers.rows, step):
        stop = min(start + step, answers.rows)
        abstained = answers.abstained
        yield replace(
            answers,
            rows=stop - start,
            found=_take(answers.found, start, stop),
            flags=_take_flags(flags, start, stop),
            abstained=None if abstained is None else abstained[start:stop],
        )


def _row_of(flagged: FlaggedValue) -> int:
    return flagged.row


def _take_flags(flags: Sequence[FlaggedValue], start: int, stop: int) -> Sequence[FlaggedValue]:
    begin, end = (bisect_left(flags, row, key=_row_of) for row in (start, stop))
    return [replace(one, row=one.row - start) for one in flags[begin:end]]


def _take(
    found: Predictions | Reconstructions, start: int, stop: int
) -> Predictions | Reconstructions:
    activations: Mapping[str, Floats] = {
        name: values[start:stop] for name, values in found.activations.items()
    }
    if isinstance(found, Predictions):
        return replace(
            found,
            values=found.values[start:stop],
            deviations=None if found.deviations is None else found.deviations[start:stop],
            activations=activations,
        )
    return replace(
        found,
        errors=found.errors[start:stop],
        column_errors=found.column_errors[start:stop],
        scores=None if found.scores is None else found.scores[start:stop],
        values=[column[start:stop] for column in found.values],
        activations=activations,
    )
