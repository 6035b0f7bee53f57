"""The commands, by subject. Each module parses what was typed, calls one function and prints what it returned."""
