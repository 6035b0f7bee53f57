"""What the doctor says of the queue's counts: whether they are those of its claims."""

from __future__ import annotations

from nvqsync.findings import Finding, fail, ok
from nvqsync.storage import store_counts
from nvqsync.store import Store


def counts(store: Store) -> Finding:
    """Whether what is kept of the queue for the pages agrees with the claims."""
    if wrong := store_counts.differing(store):
        many = "1 count" if wrong == 1 else f"{wrong} counts"
        says = (
            f"{many} of the queue {'is' if wrong == 1 else 'are'} not as the claims say: the pages may pass some over."
        )
        return fail("claims.counts", says, "Count them anew: 'nvqsync claims recount'.")
    return ok("claims.counts", "The counts of the queue are those of its claims.")
