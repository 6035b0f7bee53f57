"""What a centre records about itself, entered, checked and written as a file; ``nvqsync.centre`` has the records."""
