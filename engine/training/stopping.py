"""How a caller stops a training: between two steps, or by abandoning one."""


class StepAbandonedError(Exception):
    """A step, or an evaluation, was abandoned: the state is as it was before."""


def never() -> bool:
    """Never stop."""
    return False
