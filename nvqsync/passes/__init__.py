"""One pass in its parts: what is asked of which course, written down, judged, reported; ``nvqsync.sync`` drives it."""
