"""Hooks around methods of single objects, so that the code of a training can be observed."""

from collections.abc import Callable
from typing import Any


def hook(
    owner: object,
    name: str,
    *,
    before: Callable[..., None] | None = None,
    after: Callable[[Any], None] | None = None,
) -> None:
    """Call functions before and after a method of one object, which otherwise works as before.

    The class and all other objects keep their methods, so that training pays nothing for hooks.

    Args:
        owner: object whose method is observed.
        name: name of the method.
        before: called with the method's arguments.
        after: called with the method's result.
    """
    method = getattr(owner, name)

    def observed(*args: Any, **kwargs: Any) -> Any:  # noqa: ANN401 - those of any method
        if before is not None:
            before(*args, **kwargs)
        result = method(*args, **kwargs)
        if after is not None:
            after(result)
        return result

    setattr(owner, name, observed)
