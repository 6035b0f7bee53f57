"""A button pressed twice: the second press finds its own deed done, and is told that instead of a refusal."""

from __future__ import annotations

from nvqsync.review import Deed, Result
from nvqsync.storage import store_audit
from nvqsync.store import Store


def pressed_twice(store: Store, refused: Result, deed: Deed) -> bool:
    """Whether the last thing done to the claim is this very deed: by the same person, to the version they were shown.

    A browser shows the answer to the second press alone, so that a refusal would hide what the first one did.
    """
    shown = (deed.versions or {}).get(refused.claim_id)
    if refused.claim is None or shown is None or refused.claim.version != shown + 1:
        return False
    last = store_audit.audit_story(store, f"claim:{refused.claim_id}")[-1]
    return (last["actor"], last["action"]) == (deed.by, deed.event.value)
