"""The engine behind ``nvqsync.rules``: rules of combination compiled, searched, finished and put into words."""
