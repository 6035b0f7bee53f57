"""A batch's way out and back: prepared, written, handed over, answered, ticked off; ``nvqsync.exporting`` drives it."""
