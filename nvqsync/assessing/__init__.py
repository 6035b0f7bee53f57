"""From grades to criterion decisions to unit outcomes; ``nvqsync.evidence`` puts it together."""
