"""Hash of the losses that a training has stored."""

from store.db.database import Database
from store.jobs.training.digest import LossChain, read_epochs


def hash_stored_losses(database: Database, job_id: str, epochs: int) -> LossChain:
    """Return the hash of the first `epochs` stored epochs, reading page by page."""
    chain, done = LossChain(), 0
    while done < epochs:
        with database.reading() as session:
            page = [loss for loss in read_epochs(session, job_id, done) if loss.epoch < epochs]
        if not page:
            break
        for loss in page:
            chain = chain.extended(loss)
        done = page[-1].epoch + 1
    return chain
