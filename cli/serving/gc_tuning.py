"""Python's hunt for garbage in cycles: rare, where it would only hold everybody up."""

import gc

NEW_OBJECTS_PER_LOOK = 10_000


def reduce_gc_pauses() -> None:
    """Each full look holds everybody up, with a thousand listeners for a tenth of a second.

    What is there by now stays, and is looked through no more; and cycles are rare in what comes.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(NEW_OBJECTS_PER_LOOK)
    gc.enable()
